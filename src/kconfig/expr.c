#include "kconfig/expr.h"

/* Against hostile lines; evaluation recurses as deep as there are terms. The longest real one has 60. */
enum { NESTING_MAX = 200, TERMS_MAX = 2000 };

struct expr_parser {
	struct tree *t;
	struct view rest;
	int depth, terms;
	bool broken;
};

static void blanks_skip(struct expr_parser *p)
{
	while (p->rest.n && (p->rest.p[0] == ' ' || p->rest.p[0] == '\t'))
		p->rest = (struct view){ p->rest.p + 1, p->rest.n - 1 };
	if (p->rest.n && p->rest.p[0] == '#')
		p->rest.n = 0;
}

static bool token_take(struct expr_parser *p, struct view token)
{
	blanks_skip(p);
	if (!view_starts(p->rest, token))
		return false;
	p->rest = (struct view){ p->rest.p + token.n, p->rest.n - token.n };
	return true;
}

static struct expr *expr_new(struct expr_parser *p, enum expr_op op, const struct expr *left, const struct expr *right,
			     const char *start)
{
	struct expr *e = arena_alloc(&p->t->arena, sizeof(*e));

	e->op = op;
	e->left = left;
	e->right = right;
	e->text = view_trim((struct view){ start, (size_t)(p->rest.p - start) });
	return e;
}

static struct expr *parse_quoted(struct expr_parser *p)
{
	const char *start = p->rest.p;
	struct view inside = { start + 1, p->rest.n - 1 };
	struct expr *e;

	inside = view_cut(&inside, *start);
	if (inside.n + 2 > p->rest.n) {
		p->broken = true;
		return NULL;
	}
	p->rest = (struct view){ start + inside.n + 2, p->rest.n - inside.n - 2 };
	e = expr_new(p, EXPR_TEXT, NULL, NULL, start);
	if (tree_expand(p->t, inside, &inside))
		e->text = inside;
	else
		e->op = EXPR_UNKNOWN;
	return e;
}

static bool is_number(struct view word)
{
	struct number number;

	/* 44x and 64BIT are symbols, 1234 is not; bare hex without 0x does not occur in expressions. */
	return word.n && (word.p[0] == '-' || (word.p[0] >= '0' && word.p[0] <= '9')) &&
	       number_parse(word, &number) == 0;
}

static struct expr *parse_word(struct expr_parser *p)
{
	const char *start = p->rest.p;
	bool macro = false;
	size_t n = 0;
	struct expr *e;

	while (n < p->rest.n) {
		char c = start[n];

		if (c == '$' && n + 1 < p->rest.n && start[n + 1] == '(') {
			macro = true;
			n += macro_len((struct view){ start + n, p->rest.n - n });
		} else if (symbol_chars[(unsigned char)c] || c == '-' || c == '.' || c == '/') {
			n++;
		} else {
			break;
		}
	}
	if (!n || (n == 2 && memcmp(start, "if", 2) == 0)) {
		p->broken = true;
		return NULL;
	}
	p->rest = (struct view){ start + n, p->rest.n - n };
	e = expr_new(p, macro ? EXPR_UNKNOWN : EXPR_SYMBOL, NULL, NULL, start);
	if (e->op == EXPR_SYMBOL && is_number(e->text))
		e->op = EXPR_TEXT;
	return e;
}

static struct expr *parse_or(struct expr_parser *p);

static struct expr *parse_operand(struct expr_parser *p)
{
	blanks_skip(p);
	if (!p->rest.n) {
		p->broken = true;
		return NULL;
	}
	return p->rest.p[0] == '"' || p->rest.p[0] == '\'' ? parse_quoted(p) : parse_word(p);
}

static struct expr *parse_compare(struct expr_parser *p)
{
	static const struct {
		struct view token;
		enum expr_op op;
	} ops[] = { { { "!=", 2 }, EXPR_NE }, { { "<=", 2 }, EXPR_LE }, { { ">=", 2 }, EXPR_GE },
		    { { "=", 1 }, EXPR_EQ },  { { "<", 1 }, EXPR_LT },  { { ">", 1 }, EXPR_GT } };
	struct expr *left, *right;
	const char *start;

	blanks_skip(p);
	start = p->rest.p;
	left = parse_operand(p);
	for (size_t i = 0; left && i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!token_take(p, ops[i].token))
			continue;
		right = parse_operand(p);
		return right ? expr_new(p, ops[i].op, left, right, start) : NULL;
	}
	return left;
}

static struct expr *parse_unary(struct expr_parser *p)
{
	struct expr *inner = NULL;
	const char *start;

	blanks_skip(p);
	start = p->rest.p;
	if (++p->depth > NESTING_MAX || ++p->terms > TERMS_MAX) {
		p->broken = true;
	} else if (token_take(p, VIEW("!"))) {
		inner = parse_unary(p);
		if (inner)
			inner = expr_new(p, EXPR_NOT, inner, NULL, start);
	} else if (token_take(p, VIEW("("))) {
		struct expr *group = parse_or(p);

		if (group && !token_take(p, VIEW(")")))
			p->broken = true;
		else if (group)
			group->text = (struct view){ start, (size_t)(p->rest.p - start) };
		inner = group;
	} else {
		inner = parse_compare(p);
	}
	p->depth--;
	return p->broken ? NULL : inner;
}

static struct expr *parse_and(struct expr_parser *p)
{
	struct expr *e, *right;
	const char *start;

	blanks_skip(p);
	start = p->rest.p;
	e = parse_unary(p);
	while (e && token_take(p, VIEW("&&"))) {
		right = parse_unary(p);
		e = right ? expr_new(p, EXPR_AND, e, right, start) : NULL;
	}
	return e;
}

static struct expr *parse_or(struct expr_parser *p)
{
	struct expr *e, *right;
	const char *start;

	blanks_skip(p);
	start = p->rest.p;
	e = parse_and(p);
	while (e && token_take(p, VIEW("||"))) {
		right = parse_and(p);
		e = right ? expr_new(p, EXPR_OR, e, right, start) : NULL;
	}
	return e;
}

const struct expr *expr_parse(struct tree *t, struct view *text)
{
	struct expr_parser p = { .t = t, .rest = *text };
	const struct expr *e = text->n ? parse_or(&p) : NULL;

	if (!e || p.broken)
		return NULL;
	blanks_skip(&p);
	if (view_starts(p.rest, VIEW("if")) && symbol_len(p.rest.p, p.rest.n) == 2)
		p.rest = (struct view){ p.rest.p + 2, p.rest.n - 2 };
	else if (p.rest.n)
		return NULL;
	*text = p.rest;
	return e;
}

int symbol_tristate(const struct kconfig *config, struct view name)
{
	const struct kconfig_value *value = kconfig_get(config, name);

	return !value ? 0 : value->type == KCONFIG_YES ? 2 : value->type == KCONFIG_MODULE ? 1 : 0;
}

static int constant_tristate(const struct kconfig *config, struct view word)
{
	if (view_is(word, "y"))
		return 2;
	/* The m of an expression is m && MODULES. */
	return view_is(word, "m") && symbol_tristate(config, VIEW("MODULES")) ? 1 : 0;
}

static bool is_constant(struct view word)
{
	return view_is(word, "y") || view_is(word, "m") || view_is(word, "n");
}

/* The text that a comparison sees. */
static struct view operand_text(const struct tree *t, const struct expr *e, const struct kconfig *config)
{
	const struct kconfig_value *value;
	const struct node *node;

	if (e->op == EXPR_TEXT || is_constant(e->text))
		return e->text;
	value = kconfig_get(config, e->text);
	if (value)
		return value->type == KCONFIG_YES ? VIEW("y") : value->type == KCONFIG_MODULE ? VIEW("m") : value->text;
	node = tree_symbol(t, e->text);
	if (!node) /* a name that nobody defines stands for itself, as in scripts/kconfig */
		return e->text;
	return node->type == TYPE_BOOL || node->type == TYPE_TRISTATE ? VIEW("n") : VIEW("");
}

static int texts_cmp(struct view a, struct view b)
{
	struct number x, y;
	int cmp;

	if (number_parse(a, &x) == 0 && number_parse(b, &y) == 0)
		return number_cmp(x, y);
	cmp = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);
	return cmp ? cmp : (a.n > b.n) - (a.n < b.n);
}

static struct tristate eval_compare(const struct tree *t, const struct expr *e, const struct kconfig *config)
{
	bool holds;
	int cmp;

	if (e->left->op == EXPR_UNKNOWN || e->right->op == EXPR_UNKNOWN)
		return (struct tristate){ 0, 2 };
	cmp = texts_cmp(operand_text(t, e->left, config), operand_text(t, e->right, config));
	holds = e->op == EXPR_EQ   ? cmp == 0
		: e->op == EXPR_NE ? cmp != 0
		: e->op == EXPR_LT ? cmp < 0
		: e->op == EXPR_LE ? cmp <= 0
		: e->op == EXPR_GT ? cmp > 0
				   : cmp >= 0;
	return (struct tristate){ holds * 2, holds * 2 };
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int most(int a, int b)
{
	return a > b ? a : b;
}

struct tristate expr_eval(const struct tree *t, const struct expr *e, const struct kconfig *config)
{
	struct tristate a, b;
	int v;

	switch (e->op) {
	case EXPR_UNKNOWN:
		return (struct tristate){ 0, 2 };
	case EXPR_SYMBOL:
	case EXPR_TEXT:
		v = is_constant(e->text)   ? constant_tristate(config, e->text)
		    : e->op == EXPR_SYMBOL ? symbol_tristate(config, e->text)
					   : 0;
		return (struct tristate){ v, v };
	case EXPR_NOT:
		a = expr_eval(t, e->left, config);
		return (struct tristate){ 2 - a.high, 2 - a.low };
	case EXPR_AND:
	case EXPR_OR:
		a = expr_eval(t, e->left, config);
		b = expr_eval(t, e->right, config);
		if (e->op == EXPR_AND)
			return (struct tristate){ least(a.low, b.low), least(a.high, b.high) };
		return (struct tristate){ most(a.low, b.low), most(a.high, b.high) };
	case EXPR_EQ:
	case EXPR_NE:
	case EXPR_LT:
	case EXPR_LE:
	case EXPR_GT:
	case EXPR_GE:
		break;
	}
	return eval_compare(t, e, config);
}

const struct expr *expr_guilty(const struct tree *t, const struct expr *e, const struct kconfig *config, int want)
{
	while (e->op == EXPR_AND)
		e = expr_eval(t, e->left, config).high < want ? e->left : e->right;
	return e;
}
