/* The texts that stand in data: those that one side has and the other has not. They tell more than bytes do, and where
 * they stand does not matter. */
#include "compare/private.h"

#include "base/cleanup.h"

#include <string.h>

enum { TEXT_MIN = 6, PAIRS_MAX = 400 };

/* Tables that only look like text: packed names, and the packed .config. */
static bool is_packed(struct view symbol)
{
	return view_starts(symbol, VIEW("kallsyms_")) || view_starts(symbol, VIEW("kernel_config_data"));
}

struct range {
	uint64_t from, to;
};
typedef VEC(struct range) ranges;

/* From such a symbol to the next one. */
static void packed_ranges(const struct elf_file *f, const struct elf_section *section, ranges *out)
{
	size_t index = (size_t)(section - f->sections.data);

	for (size_t i = 0; i < f->symbols.n; i++) {
		const struct elf_symbol *s = &f->symbols.data[i];
		struct range r = { s->offset, section->size };

		if (s->section != index || !is_packed(s->name))
			continue;
		for (size_t k = 0; k < f->symbols.n; k++) {
			const struct elf_symbol *next = &f->symbols.data[k];

			if (next->section == index && next->offset > r.from && next->offset < r.to)
				r.to = next->offset;
		}
		*vec_push(out) = r;
	}
}

static bool in_ranges(const ranges *packed, uint64_t offset)
{
	for (size_t i = 0; i < packed->n; i++)
		if (offset >= packed->data[i].from && offset < packed->data[i].to)
			return true;
	return false;
}

/* Printable in C, or the mark of a level of printk. */
static bool is_text(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == 1;
}

void texts_find(struct view bytes, texts *out)
{
	size_t begin = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		if (is_text((unsigned char)bytes.p[i]))
			continue;
		if (bytes.p[i] == '\0' && i - begin >= TEXT_MIN)
			*vec_push(out) = (struct view){ bytes.p + begin, i - begin };
		begin = i + 1;
	}
}

static void section_texts(const struct elf_file *f, const struct elf_section *section, texts *out)
{
	ranges packed = { 0 };
	size_t kept = 0;

	packed_ranges(f, section, &packed);
	texts_find(section->bytes, out);
	for (size_t i = 0; i < out->n; i++)
		if (!in_ranges(&packed, (uint64_t)(out->data[i].p - section->bytes.p)))
			out->data[kept++] = out->data[i];
	out->n = kept;
	vec_free(&packed);
}

/* Those of list that the other has not, each once. */
static void texts_alone(const texts *list, const texts *other, texts *out)
{
	struct map there = { 0 };

	for (size_t i = 0; i < other->n; i++)
		map_set(&there, other->data[i], &there);
	for (size_t i = 0; i < list->n; i++) {
		if (map_get(&there, list->data[i]))
			continue;
		map_set(&there, list->data[i], &there);
		*vec_push(out) = list->data[i];
	}
	map_free(&there);
}

/* How much of two texts is the same at both ends. */
static size_t common(struct view a, struct view b)
{
	size_t max = a.n < b.n ? a.n : b.n, head = 0, tail = 0;

	while (head < max && a.p[head] == b.p[head])
		head++;
	while (tail < max - head && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
		tail++;
	return head + tail;
}

/* The index + 1 of the text that this one has become, 0 when none is like it. */
static size_t partner(struct view text, const texts *others)
{
	size_t best = 0, most = 0;

	for (size_t i = 0; i < others->n && i < PAIRS_MAX; i++) {
		size_t n = others->data[i].p ? common(text, others->data[i]) : 0;

		if (n > most && 2 * n >= text.n) {
			most = n;
			best = i + 1;
		}
	}
	return best;
}

/* Causes that the banner or .comment have told already are not told again. */
static void tell(struct comparison *c, causes why, struct view a, struct view b)
{
	static const enum cause own[] = { CAUSE_PATH, CAUSE_TEXT, CAUSE_TIME };

	for (size_t i = 0; i < countof(own); i++)
		if (why & 1u << own[i] && (own[i] != CAUSE_TIME || !c->count[CAUSE_TIME]))
			told_add(c, own[i], a, b);
}

/* Takes what the first side has alone out of both lists, with what it has become. */
static causes alone_tell(struct comparison *c, const texts *first, texts *second)
{
	const struct view none = { NULL, 0 };
	causes all = 0;

	for (size_t i = 0; i < first->n; i++) {
		size_t at = partner(first->data[i], second);
		struct view other = at ? second->data[at - 1] : none;
		causes why = facts_causes(c, 0, first->data[i]) | (at ? facts_causes(c, 1, other) : 0);

		tell(c, why, first->data[i], other);
		if (at)
			second->data[at - 1] = none;
		all |= why;
	}
	for (size_t i = 0; i < second->n; i++) {
		causes why = second->data[i].p ? facts_causes(c, 1, second->data[i]) : 0;

		tell(c, why, none, second->data[i]);
		all |= why;
	}
	return all;
}

causes texts_differ(struct comparison *c, const texts *first, const texts *second)
{
	texts only_first = { 0 }, only_second = { 0 };
	causes why;

	texts_alone(first, second, &only_first);
	texts_alone(second, first, &only_second);
	why = alone_tell(c, &only_first, &only_second);
	vec_free(&only_first);
	vec_free(&only_second);
	return why;
}

causes texts_compare(struct comparison *c, const struct elf_section *a, const struct elf_section *b)
{
	texts first = { 0 }, second = { 0 };
	causes why;

	section_texts(&c->file[0], a, &first);
	section_texts(&c->file[1], b, &second);
	why = texts_differ(c, &first, &second);
	vec_free(&first);
	vec_free(&second);
	c->texts |= why;
	return why;
}
