#include "catalog/node.h"

#include <libfyaml.h>
#include <string.h>

/* Deep enough for any entry; what is deeper is an attack on the stack. */
enum { NODE_DEPTH = 16 };

struct parse {
	struct arena *arena;
	const char *file;
	struct faults *faults;
};

static const struct node *node_convert(struct parse *p, struct fy_node *fyn, struct place at, int depth);

/* A value of which nothing was written. */
static bool is_absent(struct fy_node *fyn)
{
	size_t n = 0;

	return fy_node_get_style(fyn) == FYNS_PLAIN && (!fy_node_get_scalar(fyn, &n) || n == 0);
}

/* libfyaml counts from 0. From 0.8 on it has a place for what is absent, too: wherever the next thing is. */
static struct place node_place(struct parse *p, struct fy_node *fyn, struct place otherwise)
{
	struct fy_token *token = fy_node_is_scalar(fyn) && !is_absent(fyn) ? fy_node_get_scalar_token(fyn) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	return mark ? (struct place){ p->file, mark->line + 1, mark->column + 1 } : otherwise;
}

static bool text_is_null(const char *s, size_t n)
{
	static const char *const nulls[] = { "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (view_is((struct view){ s, n }, nulls[i]))
			return true;
	return n == 0;
}

static void convert_scalar(struct parse *p, struct fy_node *fyn, struct node *node)
{
	size_t n = 0;
	const char *s = fy_node_get_scalar(fyn, &n);

	node->plain = fy_node_get_style(fyn) == FYNS_PLAIN;
	if (!s || (node->plain && text_is_null(s, n)))
		return;
	if (memchr(s, 0, n))
		fault_add(p->faults, node->at, "a NUL character is not allowed in a text");
	node->text = arena_strndup(p->arena, s, n);
}

static void convert_list(struct parse *p, struct fy_node *fyn, struct node *node, int depth)
{
	struct fy_node *item;
	void *it = NULL;

	node->items = arena_alloc(p->arena, (size_t)fy_node_sequence_item_count(fyn) * sizeof(*node->items));
	while ((item = fy_node_sequence_iterate(fyn, &it))) {
		const struct node *n = node_convert(p, item, node->at, depth + 1);

		if (!node->n)
			node->at = n->at;
		node->items[node->n++] = n;
	}
}

/* The key's text, or NULL with a fault. */
static const char *convert_key(struct parse *p, struct fy_node *key, struct place at)
{
	size_t n = 0;
	const char *s = key && fy_node_is_scalar(key) && !fy_node_is_alias(key) ? fy_node_get_scalar(key, &n) : NULL;

	if (!s || !n || memchr(s, 0, n)) {
		fault_add(p->faults, at, "a key must be a plain word");
		return NULL;
	}
	return arena_strndup(p->arena, s, n);
}

static void convert_map(struct parse *p, struct fy_node *fyn, struct node *node, int depth)
{
	struct fy_node_pair *fy_pair;
	bool first = true;
	void *it = NULL;

	node->pairs = arena_alloc(p->arena, (size_t)fy_node_mapping_item_count(fyn) * sizeof(*node->pairs));
	while ((fy_pair = fy_node_mapping_iterate(fyn, &it))) {
		struct fy_node *fy_key = fy_node_pair_key(fy_pair);
		struct fy_node *fy_value = fy_node_pair_value(fy_pair);
		struct place at = fy_key ? node_place(p, fy_key, node->at) : node->at;
		const char *key = convert_key(p, fy_key, at);
		const struct pair *before = key ? node_pair(node, key) : NULL;

		if (first)
			node->at = at;
		first = false;
		if (before)
			fault_add(p->faults, at, "\"%s\" is given twice, first in line %d; once is allowed", key,
				  before->at.line);
		if (!key || before)
			continue;
		node->pairs[node->n++] = (struct pair){ key, at, node_convert(p, fy_value, at, depth + 1) };
	}
}

static const struct node *node_convert(struct parse *p, struct fy_node *fyn, struct place at, int depth)
{
	struct node *node = arena_alloc(p->arena, sizeof(*node));

	node->plain = true; /* stays an empty scalar on every fault */
	node->at = fyn ? node_place(p, fyn, at) : at;
	if (!fyn)
		return node;
	node->broken = fy_node_is_alias(fyn) || fy_node_get_tag_token(fyn) || depth > NODE_DEPTH;
	if (fy_node_is_alias(fyn)) {
		fault_add(p->faults, node->at, "aliases (*name) are not allowed; write the value out or use inherit");
	} else if (fy_node_get_tag_token(fyn)) {
		fault_add(p->faults, node->at, "tags (!name) are not allowed");
	} else if (depth > NODE_DEPTH) {
		fault_add(p->faults, node->at, "nested too deep; %d levels are allowed", NODE_DEPTH);
	} else if (fy_node_is_sequence(fyn)) {
		node->type = NODE_LIST;
		convert_list(p, fyn, node, depth);
	} else if (fy_node_is_mapping(fyn)) {
		node->type = NODE_MAP;
		convert_map(p, fyn, node, depth);
	} else {
		convert_scalar(p, fyn, node);
	}
	return node;
}

static void parse_faults(struct parse *p, struct fy_diag *diag)
{
	struct fy_diag_error *e;
	void *it = NULL;
	bool any = false;

	while ((e = fy_diag_errors_iterate(diag, &it))) {
		struct place at = { p->file, e->line > 0 ? e->line : 1, e->column > 0 ? e->column : 1 };

		fault_add(p->faults, at, "no YAML: %s", e->msg);
		any = true;
	}
	if (!any)
		fault_add(p->faults, (struct place){ p->file, 1, 1 }, "the file is empty; a YAML document is expected");
}

static const struct node *parse_documents(struct parse *p, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_document *document = fy_parse_load_document(parser), *second;
	struct fy_node *root = document ? fy_document_root(document) : NULL;
	const struct place start = { p->file, 1, 1 };
	const struct node *node = NULL;

	if (root)
		node = node_convert(p, root, start, 0);
	else
		parse_faults(p, diag);
	second = root ? fy_parse_load_document(parser) : NULL;
	if (second)
		fault_add(p->faults, start, "more than one document (---); one is allowed");
	else if (root && fy_diag_got_error(diag))
		parse_faults(p, diag);
	if (second)
		fy_parse_document_destroy(parser, second);
	if (document)
		fy_parse_document_destroy(parser, document);
	return node;
}

const struct node *node_parse(struct arena *a, const char *file, struct view text, struct faults *faults)
{
	struct parse p = { a, file, faults };
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS };
	struct fy_parser *parser;
	const struct node *node = NULL;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	cfg.diag = fy_diag_create(&diag_cfg);
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	if (parser && !fy_parser_set_string(parser, text.p, text.n))
		node = parse_documents(&p, parser, cfg.diag);
	else
		parse_faults(&p, cfg.diag);
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	return node;
}

const struct pair *node_pair(const struct node *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->pairs[i].key, key))
			return &map->pairs[i];
	return NULL;
}
