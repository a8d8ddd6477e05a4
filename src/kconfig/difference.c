/* How one .config differs from another, as options that a person could set. */
#include "base/cleanup.h"
#include "kconfig/tree.h"

#include <string.h>

/* A symbol whose value differs. */
struct differing {
	struct view name;
	const struct kconfig_value *value; /* in the other config; NULL: not set there */
	const struct node *node;           /* first definition, or NULL: no Kconfig file knows it */
	bool settable;                     /* else it follows from others */
	enum { NEW, OPEN, DONE } state;
	size_t at; /* in the result, when settable and done */
	VEC(size_t) selectors, needs;
};

struct comparing {
	const struct kconfig *from, *to;
	struct tree tree;
	VEC(struct differing) list;
	struct map at; /* name -> index + 1 */
	VEC(struct kconfig_option) options;
	struct arena *arena;
};

static void comparing_free(struct comparing *c)
{
	for (size_t i = 0; i < c->list.n; i++) {
		vec_free(&c->list.data[i].selectors);
		vec_free(&c->list.data[i].needs);
	}
	vec_free(&c->list);
	vec_free(&c->options);
	map_free(&c->at);
	tree_free(&c->tree);
}

static bool same_value(const struct kconfig_value *a, const struct kconfig_value *b)
{
	return a == b || (a && b && a->type == b->type && view_eq(a->text, b->text));
}

static bool in_choice(const struct node *node)
{
	for (const struct node *n = node ? node->parent : NULL; n; n = n->parent)
		if (n->kind == NODE_CHOICE)
			return true;
	return false;
}

/* What has no prompt follows from others, and of a choice only what is chosen counts. */
static bool is_settable(const struct node *node, const struct kconfig_value *value)
{
	if (!node || (in_choice(node) && !value))
		return !node;
	for (; node; node = node->other)
		for (const struct clause *k = node->clauses; k; k = k->next)
			if (k->kind == CLAUSE_PROMPT)
				return true;
	return false;
}

static void differing_add(struct comparing *c, const struct kconfig *of)
{
	for (size_t i = 0; i < of->n_entries; i++) {
		struct view name = { of->entries[i].name, of->entries[i].len };
		const struct kconfig_value *from = kconfig_get(c->from, name), *to = kconfig_get(c->to, name);
		const struct node *node;

		if (same_value(from, to) || map_get(&c->at, name))
			continue;
		node = tree_symbol(&c->tree, name);
		*vec_push(&c->list) = (struct differing){
			.name = name, .value = to, .node = node, .settable = is_settable(node, to)
		};
		map_set(&c->at, name, (void *)c->list.n);
	}
}

static size_t index_of(const struct comparing *c, struct view name)
{
	return (size_t)map_get(&c->at, name);
}

static void selectors_collect(struct comparing *c)
{
	for (size_t i = 0; i < c->list.n; i++)
		for (const struct node *n = c->list.data[i].node; n; n = n->other)
			for (const struct clause *k = n->clauses; k; k = k->next) {
				size_t target = 0;

				if (k->kind == CLAUSE_SELECT || k->kind == CLAUSE_IMPLY)
					target = index_of(c,
							  (struct view){ k->text.p, symbol_len(k->text.p, k->text.n) });
				if (target && !c->list.data[target - 1].value == !c->list.data[i].value)
					*vec_push(&c->list.data[target - 1].selectors) = i;
			}
}

static void visit(struct comparing *c, size_t i);

static void needs_add(struct differing *d, size_t option)
{
	for (size_t i = 0; i < d->needs.n; i++)
		if (d->needs.data[i] == option)
			return;
	*vec_push(&d->needs) = option;
}

/* One symbol needs another: itself when it can be set, else what that needs. */
static void need(struct comparing *c, size_t i, size_t other)
{
	const struct differing *o = &c->list.data[other];

	visit(c, other);
	if (o->state != DONE || i == other) /* they need each other */
		return;
	if (o->settable)
		needs_add(&c->list.data[i], o->at);
	for (size_t k = 0; !o->settable && k < o->needs.n; k++)
		needs_add(&c->list.data[i], o->needs.data[k]);
}

/* Every symbol that an expression names; quoted texts name none. */
static void text_needs(struct comparing *c, size_t i, struct view text)
{
	while (text.n) {
		size_t n = symbol_len(text.p, text.n), other;

		if (!n && (*text.p == '"' || *text.p == '\'')) {
			char quote = *text.p;

			for (n = 1; n < text.n && (text.p[n] != quote || text.p[n - 1] == '\\'); n++)
				;
			n += n < text.n;
		} else if (n) {
			other = index_of(c, (struct view){ text.p, n });
			if (other)
				need(c, i, other - 1);
		} else {
			n = 1;
		}
		text = (struct view){ text.p + n, text.n - n };
	}
}

static void node_needs(struct comparing *c, size_t i, const struct node *node)
{
	for (const struct node *n = node; n; n = n->parent)
		for (const struct clause *k = n->clauses; k; k = k->next) {
			bool condition =
				k->kind == CLAUSE_DEPENDS || k->kind == CLAUSE_VISIBLE || k->kind == CLAUSE_PROMPT;

			if (condition || (n == node && k->kind == CLAUSE_DEFAULT && !c->list.data[i].settable))
				text_needs(c, i, k->text);
		}
}

/* As the file has it. */
static const char *option_line(const struct comparing *c, const struct differing *d)
{
	autobuf struct buf line = { 0 };
	const struct kconfig_value *v = d->value;

	if (!v)
		return arena_printf(c->arena, "# CONFIG_%.*s is not set", (int)d->name.n, d->name.p);
	buf_printf(&line, "CONFIG_%.*s=", (int)d->name.n, d->name.p);
	if (v->type != KCONFIG_STRING) {
		buf_addv(&line, v->text);
	} else {
		buf_addc(&line, '"');
		for (size_t i = 0; i < v->text.n; i++) {
			if (v->text.p[i] == '"' || v->text.p[i] == '\\')
				buf_addc(&line, '\\');
			buf_addc(&line, v->text.p[i]);
		}
		buf_addc(&line, '"');
	}
	return arena_strndup(c->arena, line.data, line.n);
}

/* Depth first, so that what is needed comes first. */
static void visit(struct comparing *c, size_t i)
{
	struct differing *d = &c->list.data[i];
	size_t modules = d->value && d->value->type == KCONFIG_MODULE ? index_of(c, VIEW("MODULES")) : 0;

	if (d->state != NEW)
		return;
	d->state = OPEN;
	for (const struct node *n = d->node; n; n = n->other)
		node_needs(c, i, n);
	if (modules)
		need(c, i, modules - 1);
	for (size_t s = 0; (!d->settable || !d->value) && s < d->selectors.n; s++)
		need(c, i, d->selectors.data[s]);
	d->state = DONE;
	if (!d->settable)
		return;
	d->at = c->options.n;
	*vec_push(&c->options) = (struct kconfig_option){
		.symbol = arena_strndup(c->arena, d->name.p, d->name.n),
		.line = option_line(c, d),
		.needs = arena_memdup(c->arena, d->needs.data, d->needs.n * sizeof(size_t)),
		.n_needs = d->needs.n,
	};
}

void kconfig_difference(const struct kconfig *from, const struct kconfig *to, const char *srcdir, const char *srcarch,
			struct arena *a, const struct kconfig_option **options, size_t *n)
{
	__attribute__((cleanup(
		comparing_free))) struct comparing c = { .from = from, .to = to, .tree = { .dir = -1 }, .arena = a };
	struct view arch = view_of(srcarch);
	struct kversion unused;

	kconfig_origin(to, &arch, &unused);
	tree_read(&c.tree, srcdir, arch, view_of(srcarch));
	differing_add(&c, to);
	differing_add(&c, from);
	selectors_collect(&c);
	for (size_t i = 0; i < c.list.n; i++)
		visit(&c, i);
	*options = arena_memdup(a, c.options.data, c.options.n * sizeof(*c.options.data));
	*n = c.options.n;
}
