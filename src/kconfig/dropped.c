/* What of a request did not survive configuring, and why. */
#include "base/cleanup.h"
#include "base/json.h"
#include "kconfig/explain.h"

#include <stdlib.h>

struct request {
	struct view symbol;
	bool unset;
	struct kconfig_value want; /* when not unset */
};

struct requests {
	VEC(struct request) list;
	struct map at; /* symbol -> index + 1: of two lines the last counts */
	struct arena arena;
};

static void requests_free(struct requests *r)
{
	vec_free(&r->list);
	map_free(&r->at);
	arena_free(&r->arena);
}

static struct request *request_of(struct requests *r, struct view symbol)
{
	size_t at = (size_t)(uintptr_t)map_get(&r->at, symbol);
	struct request *request;

	if (at)
		return &r->list.data[at - 1];
	request = vec_push(&r->list);
	request->symbol = symbol;
	map_set(&r->at, symbol, (void *)(uintptr_t)r->list.n);
	return request;
}

static int value_take(struct requests *r, struct view text, struct request *request)
{
	struct kconfig_value *want = &request->want;
	struct number number;
	size_t n;

	if (text.n && text.p[0] == '"') {
		char *copy = arena_strndup(&r->arena, text.p + 1, text.n - 1);

		if (!string_unescape(copy, copy + text.n - 1, &n))
			return -1;
		*want = (struct kconfig_value){ KCONFIG_STRING, { copy, n } };
		return 0;
	}
	text = view_cut(&text, ' ');
	request->unset = view_is(text, "n");
	want->text = text;
	want->type = view_is(text, "y")   ? KCONFIG_YES
		     : view_is(text, "m") ? KCONFIG_MODULE
		     : text.n             ? KCONFIG_NUMBER
					  : KCONFIG_EMPTY;
	return want->type == KCONFIG_NUMBER && !request->unset ? number_parse(text, &number) : 0;
}

static int line_take(struct requests *r, struct view line)
{
	static const struct view head = { "CONFIG_", 7 }, unset = { " is not set", 11 };
	bool comment = line.n && line.p[0] == '#';
	struct request *request, parsed = { 0 };
	struct view symbol;

	if (comment)
		line = view_trim((struct view){ line.p + 1, line.n - 1 });
	if (!view_starts(line, head))
		return comment || !line.n ? 0 : -1;
	line = (struct view){ line.p + head.n, line.n - head.n };
	symbol = (struct view){ line.p, symbol_len(line.p, line.n) };
	line = (struct view){ line.p + symbol.n, line.n - symbol.n };
	if (comment) {
		if (!symbol.n || !view_eq(line, unset))
			return 0;
		parsed.unset = true;
	} else if (!symbol.n || !line.n || line.p[0] != '=' ||
		   value_take(r, (struct view){ line.p + 1, line.n - 1 }, &parsed) < 0) {
		return -1;
	}
	request = request_of(r, symbol);
	request->unset = parsed.unset;
	request->want = parsed.want;
	return 0;
}

static int requests_parse(struct requests *r, struct view text, struct err *err)
{
	for (size_t number = 1; text.p; number++) {
		struct view line = view_trim(view_cut(&text, '\n'));
		autobuf struct buf shown = { 0 };

		if (line_take(r, line) == 0)
			continue;
		buf_add_printable(&shown, line);
		return err_user(err, "line %zu of the fragments: \"%.80s\" is neither CONFIG_NAME=value nor a comment",
				number, shown.data);
	}
	return 0;
}

static bool survived(const struct request *request, const struct kconfig_value *have)
{
	const struct kconfig_value *want = &request->want;
	struct number a, b;

	if (request->unset || !have)
		return request->unset == !have;
	if (want->type != have->type)
		return false;
	if (want->type == KCONFIG_NUMBER && number_parse(want->text, &a) == 0 && number_parse(have->text, &b) == 0)
		return number_cmp(a, b) == 0;
	return want->type <= KCONFIG_MODULE || want->type == KCONFIG_EMPTY || view_eq(want->text, have->text);
}

static const char *type_fault(const struct node *node, const struct request *request)
{
	enum kconfig_type want = request->want.type;

	if (request->unset)
		return NULL;
	switch (node->type) {
	case TYPE_BOOL:
		return want == KCONFIG_MODULE  ? "is a bool: y or n"
		       : want > KCONFIG_MODULE ? "is a bool: y or n"
					       : NULL;
	case TYPE_TRISTATE:
		return want > KCONFIG_MODULE ? "is a tristate: y, m or n" : NULL;
	case TYPE_STRING:
		return want != KCONFIG_STRING ? "is a string: \"text\"" : NULL;
	case TYPE_INT:
		return want < KCONFIG_NUMBER && want != KCONFIG_EMPTY ? "is an int: a decimal number" : NULL;
	case TYPE_HEX:
		return want < KCONFIG_NUMBER && want != KCONFIG_EMPTY ? "is a hex: a number like 0x1f" : NULL;
	case TYPE_UNKNOWN:
		break;
	}
	return NULL;
}

static const struct node *typed_node(const struct tree *t, struct view symbol)
{
	const struct node *first = tree_symbol(t, symbol);

	for (const struct node *n = first; n; n = n->other)
		if (n->type != TYPE_UNKNOWN)
			return n;
	return first;
}

static bool explain(const struct explainer *x, const struct request *request, const struct kconfig_value *have,
		    struct buf *why)
{
	const struct node *node = typed_node(x->t, request->symbol);
	const char *fault = node ? type_fault(node, request) : NULL;

	if (!x->t->nodes.n) {
		buf_adds(why, "unknown: the source has no Kconfig file that can be read");
		return true;
	}
	if (!node) {
		buf_adds(why, "no Kconfig file of this source knows it for ");
		buf_add_printable(why, x->t->srcarch);
		return true;
	}
	if (fault) {
		buf_adds(why, fault);
		return true;
	}
	if (request->unset)
		return explain_high(x, request->symbol, why);
	if (request->want.type == KCONFIG_MODULE && !symbol_tristate(x->config, VIEW("MODULES"))) {
		buf_adds(why, "cannot be m: MODULES is not set");
		return true;
	}
	if (!have || (have->type == KCONFIG_MODULE && request->want.type == KCONFIG_YES))
		return explain_low(x, request->symbol, request->want.type == KCONFIG_YES ? 2 : 1, why);
	if (request->want.type == KCONFIG_NUMBER && explain_range(x, request->symbol, request->want.text, why))
		return true;
	return explain_high(x, request->symbol, why);
}

static json_t *dropped_json(const struct explainer *x, const struct request *request, const struct kconfig_value *have)
{
	struct arena *a = &x->t->arena;
	autobuf struct buf why = { 0 };

	if (!explain(x, request, have, &why))
		buf_adds(&why, "no cause found in the Kconfig files");
	return json_pack("{s:o, s:o, s:o, s:o}", "symbol", json_text(request->symbol), "want",
			 json_text(view_of(request->unset ? "not set" : value_text(&request->want, a))), "have",
			 json_text(view_of(value_text(have, a))), "why", json_text((struct view){ why.data, why.n }));
}

int kconfig_dropped(struct view requested, const struct kconfig *final, const char *srcdir, const char *srcarch,
		    json_t **out, struct err *err)
{
	__attribute__((cleanup(requests_free))) struct requests requests = { 0 };
	__attribute__((cleanup(tree_free))) struct tree tree = { .dir = -1 };
	struct explainer x = { &tree, final };
	autojson json_t *list = json_array();
	bool read = false;

	if (requests_parse(&requests, requested, err) < 0)
		return -1;
	for (size_t i = 0; i < requests.list.n; i++) {
		const struct request *request = &requests.list.data[i];
		const struct kconfig_value *have = kconfig_get(final, request->symbol);
		struct view arch = { 0 };
		struct kversion version;

		if (survived(request, have))
			continue;
		if (!read) { /* most requests survive whole: then no file is read */
			kconfig_origin(final, &arch, &version);
			tree_read(&tree, srcdir, arch, view_of(srcarch));
			read = true;
		}
		json_array_append_new(list, dropped_json(&x, request, have));
	}
	*out = steal(&list);
	return 0;
}
