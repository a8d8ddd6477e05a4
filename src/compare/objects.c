/* The objects, by the digests that each build left: kernel/objects.h says what is there. */
#define _GNU_SOURCE
#include "compare/private.h"

#include "base/cleanup.h"

#include <string.h>

enum { NAMES_MAX = 100 };

static const char *text_at(const json_t *entry, size_t i)
{
	const char *text = json_string_value(json_array_get(entry, i));

	return text ? text : "";
}

static struct view key_view(const struct buf *key)
{
	return (struct view){ key->data, key->n };
}

/* Entries of two lists, by name; those of one name in their order. fn gets the ones that differ, either may be NULL. */
typedef void (*entry_fn)(const json_t *a, const json_t *b, void *data);

/* [name, ..., size, digest, texts]. */
static bool fields_same(const json_t *a, const json_t *b, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++) {
		const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

		if (x != y && !json_equal(x, y))
			return false;
	}
	return true;
}

/* Whether the two differ only in the texts that they refer to. */
static bool other_texts(const json_t *a, const json_t *b)
{
	return a && b && fields_same(a, b, 2, 3);
}

static void entries_compare(const json_t *first, const json_t *second, entry_fn fn, void *data)
{
	struct map at = { 0 }, seen_first = { 0 }, seen_second = { 0 };
	autobuf struct buf key = { 0 };
	json_t *entry;
	size_t i;

	json_array_foreach (first, i, entry) {
		nth_key(&seen_first, view_of(text_at(entry, 0)), &key);
		map_set(&at, key_view(&key), entry);
	}
	json_array_foreach (second, i, entry) {
		json_t *other;

		nth_key(&seen_second, view_of(text_at(entry, 0)), &key);
		other = map_get(&at, key_view(&key));
		if (!other || !fields_same(other, entry, 2, 4))
			fn(other, entry, data);
		map_set(&at, key_view(&key), NULL);
	}
	map_free(&seen_first);
	json_array_foreach (first, i, entry) {
		nth_key(&seen_first, view_of(text_at(entry, 0)), &key);
		if (map_get(&at, key_view(&key)))
			fn(entry, NULL, data);
	}
	map_free(&seen_first);
	map_free(&seen_second);
	map_free(&at);
}

/* ---- pairs of objects ---- */

typedef void (*object_fn)(struct comparison *c, const json_t *a, const json_t *b, void *data);

/* Both lists in the order of the paths, as they were written; fn gets each path once. */
static void objects_pair(struct comparison *c, object_fn fn, void *data)
{
	json_t *first = json_object_get(c->side[0]->objects, "objects");
	json_t *second = json_object_get(c->side[1]->objects, "objects");
	size_t i = 0, k = 0;

	while (c->objects_known && (i < json_array_size(first) || k < json_array_size(second))) {
		json_t *a = json_array_get(first, i), *b = json_array_get(second, k);
		int order = !a ? 1 : !b ? -1 : strcmp(json_str_or(a, "path", ""), json_str_or(b, "path", ""));

		fn(c, order <= 0 ? a : NULL, order >= 0 ? b : NULL, data);
		i += order <= 0;
		k += order >= 0;
	}
}

static bool object_same(const json_t *a, const json_t *b)
{
	return a && b && strcmp(json_str_or(a, "sha256", "a"), json_str_or(b, "sha256", "b")) == 0;
}

static void changed_add(const json_t *a, const json_t *b, void *data)
{
	struct comparison *c = data;

	if (!other_texts(a, b))
		map_set(&c->changed, view_of(text_at(a ? a : b, 0)), c);
}

static void object_changed(struct comparison *c, const json_t *a, const json_t *b, void *data)
{
	if (!object_same(a, b))
		entries_compare(json_object_get(a, "symbols"), json_object_get(b, "symbols"), changed_add, c);
}

void objects_changed(struct comparison *c)
{
	objects_pair(c, object_changed, NULL);
}

/* ---- why one differs ---- */

struct explaining {
	struct comparison *c;
	const json_t *a, *b; /* the object */
	json_t *sections, *symbols;
	causes why;
};

static struct view base_name(struct view name)
{
	const struct view heads[] = { VIEW(".rela."), VIEW(".rel.") };

	for (size_t i = 0; i < countof(heads); i++)
		if (view_starts(name, heads[i]))
			return (struct view){ name.p + heads[i].n - 1, name.n - heads[i].n + 1 };
	return name;
}

/* x, w, r or -, of the section of that name. */
static char kind_of(const json_t *object, struct view name)
{
	json_t *section;
	size_t i;

	json_array_foreach (json_object_get(object, "sections"), i, section)
		if (view_is(name, text_at(section, 0)))
			return *text_at(section, 1);
	return '-';
}

/* The causes of a text that differs somewhere. */
static causes texts_of(const struct comparison *c)
{
	return c->texts ? c->texts : CAUSE(TEXT);
}

/* The causes of the symbols of that section that differ; 0 when none does. */
struct within {
	struct explaining *e;
	struct view section;
	causes why;
};

static void within_add(const json_t *a, const json_t *b, void *data)
{
	struct within *w = data;
	const json_t *symbol = a ? a : b, *object = a ? w->e->a : w->e->b;
	json_t *section = json_array_get(json_object_get(object, "sections"),
					 (size_t)json_integer_value(json_array_get(symbol, 1)));
	uintptr_t known = (uintptr_t)map_get(&w->e->c->symbols, view_of(text_at(symbol, 0)));

	if (other_texts(a, b))
		w->why |= texts_of(w->e->c);
	else if (view_is(w->section, text_at(section, 0)))
		w->why |= known & ~CAUSE(LAYOUT) ? (causes)known & ~CAUSE(LAYOUT) : CAUSE(DATA);
}

/* Data: by its symbols. What has none is texts, or comes from an assembler: that is told from the texts of vmlinux,
 * which are all that differs there when nothing moved. */
static causes data_causes(struct explaining *e, struct view section)
{
	struct within w = { e, section, 0 };

	entries_compare(json_object_get(e->a, "symbols"), json_object_get(e->b, "symbols"), within_add, &w);
	if (w.why)
		return w.why;
	if (e->c->embedded && strcmp(json_str_or(e->a ? e->a : e->b, "path", ""), "kernel/configs.o") == 0)
		return e->c->embedded;
	if (e->c->texts && (e->c->same_layout || memmem(section.p, section.n, ".str", 4)))
		return e->c->texts;
	return e->c->texts | CAUSE(DATA);
}

/* Of a section that is in an ELF file in a section: ".rodata:.text". */
static causes inner_why(struct view name, const json_t *object)
{
	struct view inner = name;

	view_cut(&inner, ':');
	if (view_is(inner, ".comment"))
		return CAUSE(COMPILER);
	if (section_is_debug(inner))
		return CAUSE(DEBUG);
	if (view_starts(inner, VIEW(".note")) || kind_of(object, name) == '-')
		return CAUSE(LAYOUT);
	return kind_of(object, name) == 'x' ? CAUSE(CODE) : CAUSE(DATA);
}

struct outer {
	const json_t *object;
	struct view name;
	causes why;
};

static void inner_add(const json_t *a, const json_t *b, void *data)
{
	struct outer *o = data;
	struct view name = view_of(text_at(a ? a : b, 0)), inner = name, outer = view_cut(&inner, ':');

	if (inner.p && view_eq(outer, o->name))
		o->why |= inner_why(name, o->object);
}

/* The causes of the ELF file in that section, 0 when there is none or it does not differ. */
static causes embedded_causes(struct explaining *e, struct view section)
{
	struct outer o = { e->a ? e->a : e->b, section, 0 };

	entries_compare(json_object_get(e->a, "sections"), json_object_get(e->b, "sections"), inner_add, &o);
	return o.why;
}

static causes section_why(struct explaining *e, struct view name)
{
	struct view base = base_name(name);
	causes inner;
	char kind = kind_of(e->a ? e->a : e->b, base);

	if (e->a && e->b && kind == '-')
		kind = kind_of(e->b, base);
	if (view_is(base, ".comment"))
		return CAUSE(COMPILER);
	if (section_is_debug(base))
		return CAUSE(DEBUG);
	if (kind == '-' || view_starts(base, VIEW(".note")))
		return CAUSE(LAYOUT);
	if (memchr(name.p, ':', name.n))
		return inner_why(name, e->a ? e->a : e->b);
	if (kind == 'x')
		return CAUSE(CODE);
	inner = embedded_causes(e, base);
	return inner ? inner : data_causes(e, base);
}

static void section_add(const json_t *a, const json_t *b, void *data)
{
	struct explaining *e = data;
	const char *name = text_at(a ? a : b, 0);

	e->why |= other_texts(a, b) ? texts_of(e->c) : section_why(e, view_of(name));
	if (json_array_size(e->sections) < NAMES_MAX)
		json_array_append_new(e->sections, json_string(name));
}

static void symbol_add(const json_t *a, const json_t *b, void *data)
{
	struct explaining *e = data;

	if (!other_texts(a, b) && json_array_size(e->symbols) < NAMES_MAX)
		json_array_append_new(e->symbols, json_string(text_at(a ? a : b, 0)));
}

/* What vmlinux did not show: code or data that is in an object and not in the sum, or has no symbol there. */
static void object_tell(struct explaining *e, const char *path)
{
	static const enum cause real[] = { CAUSE_CODE, CAUSE_DATA };

	for (size_t i = 0; i < countof(real); i++) {
		autobuf struct buf text = { 0 };
		json_t *symbol;
		size_t k;

		if (!(e->why & 1u << real[i]))
			continue;
		buf_adds(&text, path);
		json_array_foreach (e->symbols, k, symbol)
			buf_printf(&text, "%s%s", k ? ", " : ": ", json_string_value(symbol));
		if (!e->c->count[real[i]])
			told_add(e->c, real[i], e->a ? (struct view){ text.data, text.n } : (struct view){ NULL, 0 },
				 e->b ? (struct view){ text.data, text.n } : (struct view){ NULL, 0 });
	}
}

static void object_compare(struct comparison *c, const json_t *a, const json_t *b, void *data)
{
	struct explaining e = { c, a, b, json_array(), json_array(), 0 };
	const char *path = json_str_or(a ? a : b, "path", "");
	bool same = object_same(a, b);

	if (!same) {
		entries_compare(json_object_get(a, "symbols"), json_object_get(b, "symbols"), symbol_add, &e);
		entries_compare(json_object_get(a, "sections"), json_object_get(b, "sections"), section_add, &e);
		e.why = e.why & ~CAUSE(LAYOUT) ? e.why & ~CAUSE(LAYOUT) : CAUSE(LAYOUT);
		object_tell(&e, path);
	}
	json_array_append_new(data, json_pack("{s:s, s:s, s:o, s:o, s:o}", "path", path, "result",
					      same ? "equal"
					      : !b ? "first"
					      : !a ? "second"
						   : "differs",
					      "sections", e.sections, "symbols", e.symbols, "why", causes_json(e.why)));
}

json_t *objects_compare(struct comparison *c)
{
	json_t *list = json_array();

	objects_pair(c, object_compare, list);
	return list;
}
