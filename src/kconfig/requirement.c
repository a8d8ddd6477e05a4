/* The grammar of requirements: by hand, since every fault needs its column and what would be allowed. */
#include "kconfig/requirement.h"

#include "base/cleanup.h"

#include <stdlib.h>

struct parser {
	struct arena *arena;
	struct view all;
	size_t at;
	struct err *err;
};

static char peek(const struct parser *p)
{
	return p->at < p->all.n ? p->all.p[p->at] : '\0';
}

static void skip_blanks(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

static bool take(struct parser *p, const char *token)
{
	struct view rest = { p->all.p + p->at, p->all.n - p->at };

	skip_blanks(p);
	rest = (struct view){ p->all.p + p->at, p->all.n - p->at };
	if (!view_starts(rest, view_of(token)))
		return false;
	p->at += strlen(token);
	skip_blanks(p);
	return true;
}

static int refuse(struct parser *p, const char *allowed)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, (struct view){ p->all.p + p->at, p->all.n - p->at });
	if (!shown.n)
		return err_user(p->err, "the requirement ends too early: %s", allowed);
	return err_user(p->err, "at \"%s\": %s", shown.data, allowed);
}

static int parse_symbol(struct parser *p, struct alternative *alt)
{
	struct view rest = { p->all.p + p->at, p->all.n - p->at };
	size_t n = symbol_len(rest.p, rest.n);

	if (!n)
		return refuse(p, "a symbol is expected (letters, digits and _, whole and without CONFIG_)");
	if (view_starts(rest, VIEW("CONFIG_")))
		return refuse(p, "write the symbol without CONFIG_");
	alt->symbol = (struct view){ arena_strndup(p->arena, rest.p, n), n };
	alt->hash = symbol_hash(alt->symbol);
	p->at += n;
	return 0;
}

/* y, m, y|m, m|y; false, and nothing taken, when it is something else. */
static bool parse_state(struct parser *p, struct alternative *alt)
{
	size_t start = p->at;

	do {
		char c = peek(p);

		if ((c != 'y' && c != 'm') || symbol_len(p->all.p + p->at, p->all.n - p->at) != 1) {
			p->at = start;
			alt->yes = alt->module = false;
			return false;
		}
		*(c == 'y' ? &alt->yes : &alt->module) = true;
		p->at++;
		skip_blanks(p);
	} while (p->at + 1 < p->all.n && peek(p) == '|' && p->all.p[p->at + 1] != '|' && take(p, "|"));
	return true;
}

static int parse_string(struct parser *p, struct alternative *alt)
{
	size_t left = p->all.n - p->at - 1, n;
	char *copy = arena_strndup(p->arena, p->all.p + p->at + 1, left);
	char *end = string_unescape(copy, copy + left, &n);

	if (!end)
		return refuse(p, "the string has no closing \"");
	alt->text = (struct view){ copy, n };
	p->at += 1 + (size_t)(end - copy) + 1;
	return 0;
}

/* What stands from start to here, in the arena. */
static const char *source_text(const struct parser *p, size_t start)
{
	struct view v = view_trim((struct view){ p->all.p + start, p->at - start });

	return arena_strndup(p->arena, v.p, v.n);
}

static int parse_number(struct parser *p, struct alternative *alt)
{
	struct view word = { p->all.p + p->at, 0 };

	while (p->at + word.n < p->all.n && !memchr(" \t@|", word.p[word.n], 4))
		word.n++;
	if (!word.n || number_parse(word, &alt->number) < 0)
		return refuse(p, "a number is expected (decimal or 0x)");
	p->at += word.n;
	return 0;
}

/* Behind = or !=. */
static int parse_value(struct parser *p, struct alternative *alt, bool equal)
{
	if (peek(p) == '"') {
		alt->op = equal ? OP_TEXT : OP_NOT_TEXT;
		return parse_string(p, alt);
	}
	if (equal && parse_state(p, alt)) {
		alt->op = OP_STATE;
		return 0;
	}
	if (peek(p) == 'n' && symbol_len(p->all.p + p->at, p->all.n - p->at) == 1)
		return refuse(p, equal ? "write !SYMBOL for what must not be set" : "write SYMBOL for y or m");
	alt->op = equal ? OP_EQ : OP_NE;
	if (parse_number(p, alt) < 0)
		return refuse(p, equal ? "y, m, y|m, a number (decimal or 0x) or a \"string\" is expected"
				       : "a number (decimal or 0x) or a \"string\" is expected");
	return 0;
}

static int parse_comparison(struct parser *p, struct alternative *alt)
{
	static const struct {
		const char *token;
		enum requirement_op op;
	} ops[] = { { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "<", OP_LT }, { ">", OP_GT }, { "=", OP_EQ } };
	size_t start;

	skip_blanks(p);
	start = p->at;
	for (size_t i = 0; i < countof(ops); i++) {
		size_t value;

		if (!take(p, ops[i].token))
			continue;
		value = p->at;
		alt->op = ops[i].op;
		if (alt->op == OP_EQ || alt->op == OP_NE) {
			if (parse_value(p, alt, alt->op == OP_EQ) < 0)
				return -1;
		} else if (parse_number(p, alt) < 0) {
			return -1;
		}
		alt->want = source_text(p, ops[i].op == OP_EQ ? value : start);
		if (alt->op == OP_STATE && alt->yes && alt->module)
			alt->want = "y or m";
		return 0;
	}
	alt->op = OP_SET;
	alt->want = "y or m";
	return 0;
}

static int parse_kernel(struct parser *p, struct alternative *alt)
{
	struct view range = { p->all.p + p->at, 0 };
	struct err why = { 0 };

	while (p->at + range.n < p->all.n && range.p[range.n] != '|')
		range.n++;
	if (!view_trim(range).n)
		return refuse(p, "a range of kernel versions is expected: 5.10..6.6, 6.1.. or ..5.18");
	if (kversion_range_parse(range, &alt->kernel, &why) < 0)
		return refuse(p, why.msg);
	p->at += range.n;
	alt->any_kernel = false;
	return 0;
}

static int parse_alternative(struct parser *p, struct alternative *alt)
{
	size_t start = p->at;

	alt->any_kernel = true;
	if (take(p, "!")) {
		alt->op = OP_UNSET;
		alt->want = "not set";
		if (parse_symbol(p, alt) < 0)
			return -1;
	} else if (parse_symbol(p, alt) < 0 || parse_comparison(p, alt) < 0) {
		return -1;
	}
	alt->whole = source_text(p, start);
	if (take(p, "@"))
		return parse_kernel(p, alt);
	return 0;
}

static int parse_all(struct parser *p, struct requirement **out)
{
	VEC(struct alternative) alts = { 0 };
	int rc;

	do {
		skip_blanks(p);
		rc = parse_alternative(p, vec_push(&alts));
	} while (rc == 0 && take(p, "||"));
	if (rc == 0) {
		skip_blanks(p);
		if (p->at < p->all.n)
			rc = refuse(
				p,
				"only || with a further alternative, or @ with a range of kernel versions, may follow");
	}
	if (rc == 0) {
		*out = arena_alloc(p->arena, sizeof(**out) + alts.n * sizeof(*alts.data));
		(*out)->n = (uint32_t)alts.n;
		memcpy((*out)->alternatives, alts.data, alts.n * sizeof(*alts.data));
	}
	vec_free(&alts);
	return rc;
}

/* Made once here, since a match of many boards has millions of reasons. */
static const char *want_always(const struct requirement *r, struct arena *a)
{
	static const struct kversion any;

	for (size_t i = 0; i < r->n; i++)
		if (!r->alternatives[i].any_kernel)
			return r->n == 1 ? r->alternatives[i].want : NULL;
	return want_text(r, r->alternatives, any, a);
}

int requirement_parse(struct arena *a, struct view text, enum requirement_kind kind, const char *hint,
		      struct requirement **out, int *column, struct err *err)
{
	struct parser p = { .arena = a, .all = text, .err = err };
	struct requirement *r = NULL;

	*column = 0;
	if (text.n && memchr(text.p, '\0', text.n))
		return err_user(err, "a requirement holds no NUL byte");
	if (parse_all(&p, &r) < 0) {
		*column = (int)p.at + 1;
		return -1;
	}
	r->kind = kind;
	r->want = want_always(r, a);
	r->hint = hint ? arena_strdup(a, hint) : NULL;
	text = view_trim(text);
	r->text = arena_strndup(a, text.p, text.n);
	*out = r;
	return 0;
}

const char *requirement_text(const struct requirement *r)
{
	return r->text;
}
