/* vmlinux, section by section. */
#include "compare/private.h"

#include "base/cleanup.h"

#include <elf.h>
#include <string.h>

void nth_key(struct map *seen, struct view name, struct buf *key)
{
	uintptr_t before = (uintptr_t)map_get(seen, name);

	map_set(seen, name, (void *)(before + 1));
	buf_clear(key);
	buf_add(key, name.p, name.n);
	buf_addc(key, '\0');
	buf_printf(key, "%zu", (size_t)before);
}

static struct view key_view(const struct buf *key)
{
	return (struct view){ key->data, key->n };
}

/* ---- symbols ---- */

struct pair {
	const struct elf_symbol *a, *b; /* one of them may be NULL */
};
typedef VEC(struct pair) pairs;

/* Those with a size in one section of each side, by name. */
static void symbols_pair(const struct comparison *c, const struct elf_section *a, const struct elf_section *b,
			 pairs *out)
{
	const struct elf_section *section[2] = { a, b };
	struct map at = { 0 };
	autobuf struct buf key = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct elf_file *f = &c->file[side];
		struct map seen = { 0 };

		for (size_t i = 0; i < f->symbols.n; i++) {
			const struct elf_symbol *s = &f->symbols.data[i];
			size_t index;

			if (!s->sized || s->section != (size_t)(section[side] - f->sections.data))
				continue;
			nth_key(&seen, s->name, &key);
			index = side ? (size_t)map_get(&at, key_view(&key)) : 0;
			if (index)
				out->data[index - 1].b = s;
			else
				*vec_push(out) = (struct pair){ side ? NULL : s, side ? s : NULL };
			if (!side)
				map_set(&at, key_view(&key), (void *)out->n);
		}
		map_free(&seen);
	}
	map_free(&at);
}

static bool pair_differs(const struct pair *p)
{
	return !p->a || !p->b || p->a->size != p->b->size || !view_eq(p->a->bytes, p->b->bytes);
}

static struct view pair_name(const struct pair *p)
{
	return p->a ? p->a->name : p->b->name;
}

/* Whether a byte that differs stands outside of all texts of both. */
static bool differs_beside(struct view a, struct view b, const texts *first, const texts *second)
{
	autofree char *text = mem_alloc(a.n + 1);

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < first->n; i++)
		memset(text + (first->data[i].p - a.p), 1, first->data[i].n);
	for (size_t i = 0; i < second->n; i++)
		memset(text + (second->data[i].p - b.p), 1, second->data[i].n);
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && !text[i])
			return true;
	return false;
}

/* Data that holds texts differs by them, by other bytes, or both. */
static causes data_causes(struct comparison *c, const struct pair *p)
{
	texts first = { 0 }, second = { 0 };
	causes why = 0;

	if (p->a && p->b) {
		texts_find(p->a->bytes, &first);
		texts_find(p->b->bytes, &second);
		why = texts_differ(c, &first, &second);
		if (why && differs_beside(p->a->bytes, p->b->bytes, &first, &second))
			why |= CAUSE(DATA);
	}
	vec_free(&first);
	vec_free(&second);
	return why ? why : CAUSE(DATA);
}

static void name_tell(struct comparison *c, enum cause cause, const struct pair *p)
{
	autobuf struct buf first = { 0 }, second = { 0 };

	if (p->a)
		buf_printf(&first, VIEW_FMT ", %llu bytes", VIEW_ARG(p->a->name), (unsigned long long)p->a->size);
	if (p->b)
		buf_printf(&second, VIEW_FMT ", %llu bytes", VIEW_ARG(p->b->name), (unsigned long long)p->b->size);
	told_add(c, cause, (struct view){ first.data, first.n }, (struct view){ second.data, second.n });
}

/* What the objects say is known. Without them a symbol that only moved is told from one that changed where nothing
 * moved, and by its size. */
static causes pair_causes(struct comparison *c, const struct pair *p, bool code)
{
	bool sized = !p->a || !p->b || p->a->size != p->b->size;
	causes why;

	if (c->objects_known ? !map_get(&c->changed, pair_name(p)) : !c->same_layout && !sized) {
		if (c->objects_known)
			return CAUSE(LAYOUT);
		name_tell(c, CAUSE_UNKNOWN, p);
		return CAUSE(UNKNOWN);
	}
	why = code ? CAUSE(CODE) : data_causes(c, p);
	if (code)
		name_tell(c, CAUSE_CODE, p);
	else if (why & CAUSE(DATA))
		name_tell(c, CAUSE_DATA, p);
	return why;
}

static void symbol_note(struct comparison *c, struct view name, causes why)
{
	uintptr_t before = (uintptr_t)map_get(&c->symbols, name);

	map_set(&c->symbols, name, (void *)(before | why));
}

/* Marks in covered (or NULL) what is inside of a symbol. */
static causes symbols_compare(struct comparison *c, const struct elf_section *a, const struct elf_section *b,
			      char *covered)
{
	pairs list = { 0 };
	causes all = 0;

	symbols_pair(c, a, b, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct pair *p = &list.data[i];
		causes why = pair_differs(p) ? pair_causes(c, p, a->kind == ELF_CODE) : 0;

		if (why)
			symbol_note(c, pair_name(p), why);
		if (covered && p->a && p->a->bytes.n)
			memset(covered + p->a->offset, 1, (size_t)p->a->size);
		all |= why;
	}
	vec_free(&list);
	return all;
}

/* ---- what is left ---- */

static void texts_cover(const struct elf_section *s, char *covered)
{
	texts list = { 0 };

	texts_find(s->bytes, &list);
	for (size_t i = 0; i < list.n; i++)
		memset(covered + (list.data[i].p - s->bytes.p), 1, list.data[i].n);
	vec_free(&list);
}

/* The symbol before that place, with or without a size. */
static struct view symbol_before(const struct elf_file *f, size_t section, uint64_t offset)
{
	const struct elf_symbol *best = NULL;

	for (size_t i = 0; i < f->symbols.n; i++) {
		const struct elf_symbol *s = &f->symbols.data[i];

		if (s->section == section && s->offset <= offset && (!best || s->offset > best->offset))
			best = s;
	}
	return best ? best->name : (struct view){ NULL, 0 };
}

/* The first byte that differs and is covered by nothing. */
static causes rest_causes(struct comparison *c, const struct elf_section *a, const struct elf_section *b,
			  const char *covered)
{
	enum cause cause = a->kind == ELF_CODE ? CAUSE_CODE : CAUSE_DATA;

	for (size_t i = 0; i < a->bytes.n; i++) {
		autobuf struct buf place = { 0 };
		struct view symbol;

		if (covered[i] || a->bytes.p[i] == b->bytes.p[i])
			continue;
		symbol = symbol_before(&c->file[0], (size_t)(a - c->file[0].sections.data), i);
		if (view_starts(symbol, VIEW("kernel_config_data")) && c->embedded)
			return c->embedded;
		buf_printf(&place, VIEW_FMT "+%#zx", VIEW_ARG(a->name), i);
		if (symbol.n)
			buf_printf(&place, ", behind " VIEW_FMT, VIEW_ARG(symbol));
		told_add(c, cause, (struct view){ place.data, place.n }, (struct view){ NULL, 0 });
		return 1u << cause;
	}
	return 0;
}

/* Nothing moved, so that each byte is told. */
static causes fixed_compare(struct comparison *c, const struct elf_section *a, const struct elf_section *b)
{
	autofree char *covered = mem_alloc(a->bytes.n + 1);
	causes why = symbols_compare(c, a, b, covered);

	if (a->kind != ELF_CODE) {
		why |= texts_compare(c, a, b);
		texts_cover(a, covered);
		texts_cover(b, covered);
	}
	return why | rest_causes(c, a, b, covered);
}

static causes moved_compare(struct comparison *c, const struct elf_section *a, const struct elf_section *b)
{
	causes why = symbols_compare(c, a, b, NULL);

	if (a->kind != ELF_CODE)
		why |= texts_compare(c, a, b);
	if (!why && !c->objects_known && a->kind == ELF_CODE) {
		told_add(c, CAUSE_UNKNOWN, a->name, b->name);
		return CAUSE(UNKNOWN);
	}
	return why ? why : CAUSE(LAYOUT);
}

/* ---- sections ---- */

bool section_is_debug(struct view name)
{
	return view_starts(name, VIEW(".debug")) || view_starts(name, VIEW(".BTF")) ||
	       view_starts(name, VIEW(".gnu_debug"));
}

static causes section_causes(struct comparison *c, const struct elf_section *a, const struct elf_section *b)
{
	if (view_is(a->name, ".comment"))
		return CAUSE(COMPILER);
	if (section_is_debug(a->name))
		return CAUSE(DEBUG);
	if (a->kind == ELF_UNLOADED || a->type == SHT_NOTE || a->applies_to)
		return CAUSE(LAYOUT);
	/* At one place and of one size its symbols may be compared byte by byte, with objects even where others moved.
	 */
	if (c->same_layout && a->bytes.n == b->bytes.n)
		return fixed_compare(c, a, b);
	return moved_compare(c, a, b);
}

/* Of a section that the other side has not. */
static causes alone_causes(struct comparison *c, const struct elf_section *s, int side)
{
	const struct view none = { NULL, 0 };
	causes why = section_is_debug(s->name) ? CAUSE(DEBUG)
		     : s->kind == ELF_UNLOADED ? CAUSE(LAYOUT)
		     : s->kind == ELF_CODE     ? CAUSE(CODE)
					       : CAUSE(DATA);

	if (why & (CAUSE(CODE) | CAUSE(DATA)) && s->size)
		told_add(c, why & CAUSE(CODE) ? CAUSE_CODE : CAUSE_DATA, side ? none : s->name, side ? s->name : none);
	return why;
}

static void harmless_tell(struct comparison *c, const struct elf_section *a, const struct elf_section *b, causes why)
{
	const struct view none = { NULL, 0 }, first = a ? a->name : none, second = b ? b->name : none;

	if (why & CAUSE(DEBUG))
		told_add(c, CAUSE_DEBUG, first, second);
	if (why & CAUSE(LAYOUT))
		told_add(c, CAUSE_LAYOUT, first, second);
}

static json_t *section_json(struct comparison *c, const struct elf_section *a, const struct elf_section *b)
{
	const struct elf_section *s = a ? a : b;
	bool same = a && b && a->size == b->size && view_eq(a->bytes, b->bytes);
	causes why = same ? 0 : a && b ? section_causes(c, a, b) : alone_causes(c, s, !a);

	harmless_tell(c, a, b, why);
	return json_pack("{s:o, s:s, s:[o, o], s:o}", "name", json_text(s->name), "result",
			 same ? "equal"
			 : !b ? "first"
			 : !a ? "second"
			      : "differs",
			 "size", a ? json_integer((json_int_t)a->size) : json_null(),
			 b ? json_integer((json_int_t)b->size) : json_null(), "why", causes_json(why));
}

/* By name, and those of one name in their order: those of the first file, then those that only the second has. */
json_t *sections_compare(struct comparison *c)
{
	struct map seen_first = { 0 }, seen_second = { 0 }, at = { 0 };
	const struct elf_file *a = &c->file[0], *b = &c->file[1];
	autobuf struct buf key = { 0 };
	autofree char *used = mem_alloc(b->sections.n + 1);
	json_t *list = json_array();

	for (size_t i = 1; i < b->sections.n; i++) {
		nth_key(&seen_second, b->sections.data[i].name, &key);
		map_set(&at, key_view(&key), (void *)i);
	}
	for (size_t i = 1; i < a->sections.n; i++) {
		size_t other;

		nth_key(&seen_first, a->sections.data[i].name, &key);
		other = (size_t)map_get(&at, key_view(&key));
		used[other] = 1;
		json_array_append_new(list,
				      section_json(c, &a->sections.data[i], other ? &b->sections.data[other] : NULL));
	}
	for (size_t i = 1; i < b->sections.n; i++)
		if (!used[i])
			json_array_append_new(list, section_json(c, NULL, &b->sections.data[i]));
	map_free(&seen_first);
	map_free(&seen_second);
	map_free(&at);
	return list;
}
