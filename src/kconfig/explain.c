/* What is to blame for a symbol's value, in words. */
#include "kconfig/explain.h"

#include "base/cleanup.h"
#include "kconfig/blame.h"

/* Links of "A, which is not set; A depends on B, which is not set; ..." that are still read. */
enum { CHAIN_MAX = 5, NAMES_MAX = 4 };

static bool low(const struct explainer *x, struct view name, int want, int depth, struct buf *out);

/* "A = y" as written, without its blanks, or with single ones around && and ||. */
static void print_expr(const struct expr *e, struct buf *out)
{
	bool tight = e->op >= EXPR_EQ;

	for (size_t i = 0; i < e->text.n; i++) {
		char c = e->text.p[i];
		bool blank = c == ' ' || c == '\t';

		if (blank && (tight || (out->n && out->data[out->n - 1] == ' ')))
			continue;
		if (blank)
			buf_addc(out, ' ');
		else
			buf_add_printable(out, (struct view){ &c, 1 });
	}
}

static void print_value(const struct explainer *x, struct view name, struct buf *out)
{
	buf_add_printable(out, view_of(value_text(kconfig_get(x->config, name), &x->t->arena)));
}

static bool all_symbols(const struct expr *e)
{
	if (e->op == EXPR_OR)
		return all_symbols(e->left) && all_symbols(e->right);
	return e->op == EXPR_SYMBOL;
}

static void print_symbol_state(const struct explainer *x, const struct expr *e, int want, int depth, struct buf *out)
{
	bool modules = symbol_tristate(x->config, VIEW("MODULES")) > 0;
	size_t before;

	if (view_is(e->text, "n") || (view_is(e->text, "m") && modules)) {
		buf_adds(out, view_is(e->text, "n") ? ", which never holds" : ", which allows only m");
		return;
	}
	if (view_is(e->text, "m")) {
		buf_adds(out, ", but MODULES is not set");
		return;
	}
	buf_adds(out, ", which is ");
	print_value(x, e->text, out);
	before = out->n;
	buf_printf(out, "; " VIEW_FMT " ", VIEW_ARG(e->text));
	if (!tree_symbol(x->t, e->text)) {
		out->n = before;
		buf_printf(out, "; no Kconfig file of this source knows " VIEW_FMT, VIEW_ARG(e->text));
	} else if (!low(x, e->text, want, depth + 1, out)) {
		out->n = before;
		out->data[before] = '\0';
	}
}

static void print_compare_state(const struct explainer *x, const struct expr *e, int depth, struct buf *out)
{
	const struct expr *symbol = e->left;
	bool equal_y = e->op == EXPR_EQ && view_is(e->right->text, "y");

	if (symbol->op != EXPR_SYMBOL) {
		buf_adds(out, ", which does not hold");
		return;
	}
	if (!kconfig_get(x->config, symbol->text)) {
		if (equal_y) {
			print_symbol_state(x, symbol, 2, depth, out);
			return;
		}
		buf_adds(out, ", which is not set");
		return;
	}
	buf_printf(out, ", but " VIEW_FMT " is ", VIEW_ARG(symbol->text));
	print_value(x, symbol->text, out);
}

/* "A=y, which is not set" for the part of e that is to blame. */
static void print_guilty(const struct explainer *x, const struct expr *e, int want, int depth, struct buf *out)
{
	e = expr_guilty(x->t, e, x->config, want);
	print_expr(e, out);
	if (e->op == EXPR_SYMBOL)
		print_symbol_state(x, e, want, depth, out);
	else if (e->op >= EXPR_EQ)
		print_compare_state(x, e, depth, out);
	else if (expr_eval(x->t, e, x->config).high == 1)
		buf_adds(out, ", which allows only m");
	else if (e->op == EXPR_OR)
		buf_adds(out, all_symbols(e) ? ", none of which is set" : ", none of which holds");
	else if (e->op == EXPR_NOT && e->left->op == EXPR_SYMBOL) {
		buf_printf(out, ", but " VIEW_FMT " is ", VIEW_ARG(e->left->text));
		print_value(x, e->left->text, out);
	} else {
		buf_adds(out, ", which does not hold");
	}
}

/* "A, B and 7 others" */
static void print_names(const blame_names *names, const char *last, struct buf *out)
{
	size_t shown = names->n <= NAMES_MAX ? names->n : NAMES_MAX - 1;

	for (size_t i = 0; i < shown; i++) {
		if (i)
			buf_printf(out, i + 1 == names->n ? " %s " : ", ", last);
		buf_add_printable(out, names->data[i]);
	}
	if (shown < names->n)
		buf_printf(out, " %s %zu others", last, names->n - shown);
}

static void explain_promptless(const struct explainer *x, const struct node *node, int want, int depth, struct buf *out)
{
	const struct expr *unmet = blame_default(x, node, want);
	blame_names names = { 0 };

	blame_selectors(x, node->name, false, &names);
	buf_adds(out, "has no prompt; ");
	if (names.n) {
		buf_adds(out, "only ");
		print_names(&names, "and", out);
		buf_adds(out, " can select it");
	} else if (unmet) {
		buf_adds(out, "its default needs ");
		print_guilty(x, unmet, want, depth, out);
	} else {
		buf_adds(out, "nothing selects it");
	}
	vec_free(&names);
}

static void explain_choice(const struct explainer *x, const struct node *choice, struct buf *out)
{
	for (size_t i = 0; i < x->t->nodes.n; i++) {
		const struct node *node = x->t->nodes.data[i];

		if (blame_choice(node) == choice && symbol_tristate(x->config, node->name) == 2) {
			buf_adds(out, "lost its choice to ");
			buf_add_printable(out, node->name);
			return;
		}
	}
	buf_adds(out, "is a member of a choice that has none set");
}

static bool low(const struct explainer *x, struct view name, int want, int depth, struct buf *out)
{
	const struct node *node = blame_definition(x, name), *choice;
	bool modules = symbol_tristate(x->config, VIEW("MODULES")) > 0;
	const struct expr *e;

	if (!node || depth > CHAIN_MAX)
		return false;
	/* A bool that depends on an m may be y, and without MODULES every tristate is a bool. */
	if (node->type != TYPE_TRISTATE || !modules)
		want = 1;
	choice = blame_choice(node);
	e = blame_dependency(x, node, want);
	if (e) {
		buf_adds(out, "depends on ");
		print_guilty(x, e, want, depth, out);
	} else if (!blame_prompt(node)) {
		explain_promptless(x, node, want, depth, out);
	} else if ((e = blame_hidden(x, node, want))) {
		buf_adds(out, "has a prompt only if ");
		print_guilty(x, e, want, depth, out);
	} else if (choice && depth == 0) {
		explain_choice(x, choice, out);
	} else if ((e = blame_untested(x, node, want))) {
		buf_adds(out, "depends on ");
		print_expr(e, out);
		buf_adds(out, ", a test of the toolchain that may have failed");
	} else {
		return false;
	}
	return true;
}

bool explain_low(const struct explainer *x, struct view name, int want, struct buf *out)
{
	return low(x, name, want, 0, out);
}

bool explain_high(const struct explainer *x, struct view name, struct buf *out)
{
	const struct node *node = blame_definition(x, name);
	const struct expr *e;
	blame_names names = { 0 };
	bool selected;

	if (!node)
		return false;
	blame_selectors(x, name, true, &names);
	selected = names.n > 0;
	if (selected) {
		buf_adds(out, "is selected by ");
		print_names(&names, "and", out);
	}
	vec_free(&names);
	if (selected)
		return true;
	if (!blame_prompt(node)) {
		buf_adds(out, "has no prompt; its default decides");
	} else if ((e = blame_hidden(x, node, 1))) {
		buf_adds(out, "has a prompt only if ");
		print_guilty(x, e, 1, 0, out);
		buf_adds(out, "; its default decides");
	} else if (blame_choice(node)) {
		buf_adds(out, "is what its choice falls back to; set another member");
	} else {
		return false;
	}
	return true;
}

/* A bound of a range: a number, or a symbol that has one. */
static int bound_take(const struct explainer *x, struct view *text, struct number *out)
{
	struct view word = view_cut(text, ' ');
	const struct kconfig_value *value;

	*text = view_trim(*text);
	if (number_parse(word, out) == 0)
		return 0;
	value = kconfig_get(x->config, word);
	return value && value->type == KCONFIG_NUMBER ? number_parse(value->text, out) : -1;
}

bool explain_range(const struct explainer *x, struct view name, struct view value, struct buf *out)
{
	const struct node *node = blame_definition(x, name);
	struct number number, from, to;

	if (!node || number_parse(value, &number) < 0)
		return false;
	for (const struct clause *c = node->clauses; c; c = c->next) {
		struct view text = c->text, shown;

		if (c->kind != CLAUSE_RANGE || !blame_possible(x, c))
			continue;
		/* The first range whose condition holds is in force. */
		if (bound_take(x, &text, &from) < 0 || bound_take(x, &text, &to) < 0)
			return false;
		if (number_cmp(number, from) >= 0 && number_cmp(number, to) <= 0)
			return false;
		text = c->text;
		shown = view_cut(&text, ' ');
		text = view_trim(text);
		buf_printf(out, "is outside its range " VIEW_FMT "..", VIEW_ARG(shown));
		buf_addv(out, view_cut(&text, ' '));
		return true;
	}
	return false;
}
