#include "kconfig/blame.h"

bool blame_prompt(const struct node *node)
{
	for (const struct clause *c = node->clauses; c; c = c->next)
		if (c->kind == CLAUSE_PROMPT)
			return true;
	return false;
}

const struct node *blame_definition(const struct explainer *x, struct view name)
{
	const struct node *first = tree_symbol(x->t, name);

	for (const struct node *n = first; n; n = n->other)
		if (blame_prompt(n))
			return n;
	return first;
}

const struct node *blame_choice(const struct node *node)
{
	for (const struct node *n = node->parent; n; n = n->parent)
		if (n->kind == NODE_CHOICE)
			return n;
	return NULL;
}

/* The condition behind a clause's own words: "prompt" if C, SYMBOL if C, VALUE if C. NULL: none. */
static const struct expr *clause_condition(struct tree *t, const struct clause *c)
{
	struct view text = c->text;
	int operands = c->kind == CLAUSE_RANGE ? 2 : 1;

	for (int i = 0; i < operands; i++) {
		text = view_trim(text);
		if (text.n && (text.p[0] == '"' || text.p[0] == '\'')) {
			struct view rest = { text.p + 1, text.n - 1 };
			char quote = text.p[0];

			/* \" stays inside, as the prompts of some drivers need. */
			do {
				text = view_cut(&rest, quote);
			} while (rest.p && text.n && text.p[text.n - 1] == '\\');
			text = rest;
		} else {
			while (text.n && text.p[0] != ' ' && text.p[0] != '\t')
				text = (struct view){ text.p + 1, text.n - 1 };
		}
	}
	text = view_trim(text);
	if (!view_starts(text, VIEW("if")) || symbol_len(text.p, text.n) != 2)
		return NULL;
	text = (struct view){ text.p + 2, text.n - 2 };
	return expr_parse(t, &text);
}

bool blame_possible(const struct explainer *x, const struct clause *c)
{
	const struct expr *e = clause_condition(x->t, c);

	return !e || expr_eval(x->t, e, x->config).high > 0;
}

const struct expr *blame_dependency(const struct explainer *x, const struct node *node, int want)
{
	for (; node; node = node->parent) {
		for (const struct clause *c = node->clauses; c; c = c->next) {
			struct view text = c->text;
			const struct expr *e;

			if (c->kind != CLAUSE_DEPENDS)
				continue;
			e = expr_parse(x->t, &text);
			if (e && expr_eval(x->t, e, x->config).high < want)
				return e;
		}
	}
	return NULL;
}

/* The condition that hides every prompt of the node; NULL when one may be seen. */
static const struct expr *hidden_prompt(const struct explainer *x, const struct node *node, int want)
{
	const struct expr *hidden = NULL;

	for (const struct clause *c = node->clauses; c; c = c->next) {
		const struct expr *e;

		if (c->kind != CLAUSE_PROMPT)
			continue;
		e = clause_condition(x->t, c);
		if (!e || expr_eval(x->t, e, x->config).high >= want)
			return NULL;
		hidden = hidden ? hidden : e;
	}
	return hidden;
}

/* The same of the menus above it ("visible if") and of its choice. */
static const struct expr *hidden_above(const struct explainer *x, const struct node *node, int want)
{
	for (node = node->parent; node; node = node->parent) {
		const struct expr *e = node->kind == NODE_CHOICE ? hidden_prompt(x, node, want) : NULL;

		if (e)
			return e;
		for (const struct clause *c = node->clauses; c; c = c->next) {
			struct view text = c->text;

			e = c->kind == CLAUSE_VISIBLE ? expr_parse(x->t, &text) : NULL;
			if (e && expr_eval(x->t, e, x->config).high < want)
				return e;
		}
	}
	return NULL;
}

const struct expr *blame_hidden(const struct explainer *x, const struct node *node, int want)
{
	const struct expr *e = hidden_prompt(x, node, want);

	return e ? e : hidden_above(x, node, want);
}

void blame_selectors(const struct explainer *x, struct view name, bool acting, blame_names *names)
{
	for (size_t i = 0; i < x->t->nodes.n; i++) {
		const struct node *node = x->t->nodes.data[i];

		for (const struct clause *c = node->clauses; c; c = c->next) {
			struct view target = { c->text.p, symbol_len(c->text.p, c->text.n) };

			if (c->kind != CLAUSE_SELECT || !view_eq(target, name))
				continue;
			if (acting && (!symbol_tristate(x->config, node->name) || !blame_possible(x, c)))
				continue;
			if (names->n && view_eq(names->data[names->n - 1], node->name))
				continue;
			*vec_push(names) = node->name;
		}
	}
}

const struct expr *blame_default(const struct explainer *x, const struct node *node, int want)
{
	for (const struct clause *c = node->clauses; c; c = c->next) {
		struct view text = c->text;
		const struct expr *value, *condition;

		if (c->kind != CLAUSE_DEFAULT)
			continue;
		value = expr_parse(x->t, &text);
		condition = value ? expr_parse(x->t, &text) : NULL;
		if (condition && expr_eval(x->t, condition, x->config).high < 1)
			return condition;
		if (value && expr_eval(x->t, value, x->config).high < want)
			return view_is(value->text, "n") ? NULL : value;
	}
	return NULL;
}

const struct expr *blame_untested(const struct explainer *x, const struct node *node, int want)
{
	for (; node; node = node->parent) {
		for (const struct clause *c = node->clauses; c; c = c->next) {
			struct view text = c->text;
			const struct expr *e = c->kind == CLAUSE_DEPENDS ? expr_parse(x->t, &text) : NULL;

			if (e && expr_eval(x->t, e, x->config).low < want)
				return e;
		}
	}
	return NULL;
}
