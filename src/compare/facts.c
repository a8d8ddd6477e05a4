/* What a kernel says of itself: its banner, and what the compiler left in .comment. */
#define _GNU_SOURCE
#include "compare/private.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

const struct elf_symbol *symbol_find(const struct elf_file *f, const char *name)
{
	for (size_t i = 0; i < f->symbols.n; i++)
		if (view_is(f->symbols.data[i].name, name))
			return &f->symbols.data[i];
	return NULL;
}

static bool view_has(struct view text, struct view part)
{
	return part.n && text.p && memmem(text.p, text.n, part.p, part.n);
}

/* What stands in brackets at the beginning, without them; brackets in it are counted. */
static struct view bracket_cut(struct view *rest)
{
	struct view inner = { rest->p + 1, 0 };
	int depth = 0;

	if (!rest->n || rest->p[0] != '(')
		return VIEW("");
	for (size_t i = 0; i < rest->n; i++) {
		depth += (rest->p[i] == '(') - (rest->p[i] == ')');
		if (depth)
			continue;
		inner.n = i - 1;
		*rest = view_trim((struct view){ rest->p + i + 1, rest->n - i - 1 });
		return inner;
	}
	return VIEW("");
}

/* "Linux version RELEASE (USER@HOST) (COMPILER, LINKER) #1 SMP DATE", as init/version.c has it since 2.6. */
static void banner_read(struct facts *facts, struct view text)
{
	const struct view head = VIEW("Linux version ");
	struct view rest = { memchr(text.p, '\0', text.n), 0 };

	text.n = rest.p ? (size_t)(rest.p - text.p) : text.n;
	if (!view_starts(text, head))
		return;
	rest = (struct view){ text.p + head.n, text.n - head.n };
	facts->release = view_cut(&rest, ' ');
	if (!rest.p)
		return;
	facts->who = bracket_cut(&rest);
	*vec_push(&facts->compilers) = bracket_cut(&rest);
	facts->version = view_trim(rest);
}

static void comment_read(struct facts *facts, struct view text)
{
	while (text.p) {
		struct view one = view_cut(&text, '\0');

		if (one.n)
			*vec_push(&facts->compilers) = one;
	}
}

void facts_read(struct comparison *c)
{
	for (int i = 0; i < 2; i++) {
		const struct elf_symbol *banner = symbol_find(&c->file[i], "linux_banner");

		if (banner && banner->bytes.n)
			banner_read(&c->facts[i], banner->bytes);
		for (size_t s = 0; s < c->file[i].sections.n; s++)
			if (view_is(c->file[i].sections.data[s].name, ".comment"))
				comment_read(&c->facts[i], c->file[i].sections.data[s].bytes);
	}
}

static bool has_compiler(const struct facts *facts, struct view text)
{
	for (size_t i = 0; i < facts->compilers.n; i++)
		if (view_eq(facts->compilers.data[i], text))
			return true;
	return false;
}

static void pair_compare(struct comparison *c, enum cause cause, struct view a, struct view b)
{
	if (a.n && b.n && !view_eq(a, b))
		told_add(c, cause, a, b);
}

/* The banner's with the banner's; of .comment what the other has not. */
void facts_compare(struct comparison *c)
{
	const struct facts *a = &c->facts[0], *b = &c->facts[1];
	const struct view none = { NULL, 0 };
	size_t both = a->compilers.n < b->compilers.n ? a->compilers.n : b->compilers.n;

	pair_compare(c, CAUSE_RELEASE, a->release, b->release);
	pair_compare(c, CAUSE_TIME, a->who, b->who);
	pair_compare(c, CAUSE_TIME, a->version, b->version);
	for (size_t i = 0; i < both; i++)
		pair_compare(c, CAUSE_COMPILER, a->compilers.data[i], b->compilers.data[i]);
	for (size_t i = both; i < a->compilers.n; i++)
		if (!has_compiler(b, a->compilers.data[i]))
			told_add(c, CAUSE_COMPILER, a->compilers.data[i], none);
	for (size_t i = both; i < b->compilers.n; i++)
		if (!has_compiler(a, b->compilers.data[i]))
			told_add(c, CAUSE_COMPILER, none, b->compilers.data[i]);
}

/* A file's name with its directory: no blank, and something on both sides of a slash or after the first one. */
static bool is_path(struct view text)
{
	const char *slash = memchr(text.p, '/', text.n);

	for (size_t i = 0; i < text.n; i++)
		if (isspace((unsigned char)text.p[i]) || text.p[i] == '%')
			return false;
	return slash && slash + 1 < text.p + text.n;
}

/* It holds a time of day, 12:34:56, which no fixed text has. */
static bool is_date(struct view text)
{
	for (size_t i = 0; i + 8 <= text.n; i++) {
		bool is = true;

		for (size_t k = 0; k < 8 && is; k++)
			is = k % 3 == 2 ? text.p[i + k] == ':' : isdigit((unsigned char)text.p[i + k]) != 0;
		if (is)
			return true;
	}
	return false;
}

causes facts_causes(const struct comparison *c, int side, struct view text)
{
	const struct facts *own = &c->facts[side], *other = &c->facts[!side];
	causes why = 0;

	for (size_t i = 0; i < own->compilers.n; i++)
		if (!has_compiler(other, own->compilers.data[i]) && view_has(text, own->compilers.data[i]))
			why |= CAUSE(COMPILER);
	if (!view_eq(own->release, other->release) && view_has(text, own->release))
		why |= CAUSE(RELEASE);
	if (!view_eq(own->who, other->who) && view_has(text, own->who))
		why |= CAUSE(TIME);
	if (!view_eq(own->version, other->version) && view_has(text, own->version))
		why |= CAUSE(TIME);
	return why ? why : is_path(text) ? CAUSE(PATH) : is_date(text) ? CAUSE(TIME) : CAUSE(TEXT);
}
