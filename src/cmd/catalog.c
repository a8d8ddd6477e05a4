/* kiln catalog check|list|show: what the world looks like, and whether it is written well. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"

#include <string.h>

struct request {
	int argc; /* operands behind the verb */
	char **argv;
	bool json;
};

static int catalog_open(const char *const *dirs, size_t n, const struct catalog **out, struct err *err)
{
	autobuf struct buf faults = { 0 };
	int rc = catalog_load(dirs, n, out, &faults, err);

	if (faults.n)
		fputs(faults.data, stderr);
	return rc;
}

/* The user's own directory first, so that it hides what Kiln brings. */
static int catalog_open_default(const struct catalog **out, struct err *err)
{
	autofree char *config = config_path(), *data = data_path();
	autofree char *own = mem_printf("%s/catalog", config);
	autofree char *ours = mem_printf("%s/catalog", data);
	const char *dirs[] = { own, ours };

	return catalog_open(dirs, countof(dirs), out, err);
}

static void print_json(const json_t *j)
{
	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* Each pattern by itself, so that every fault is found. */
static int patterns_compile(const struct catalog *c)
{
	int bad = 0;

	for (size_t i = 0; i < c->n_patterns; i++) {
		struct judge_rules *rules = NULL;
		struct err err;

		if (judge_rules_new(&c->patterns[i], 1, NULL, &rules, &err)) {
			fprintf(stderr, "%s:%d:1: %s\n", c->pattern_origins[i].file, c->pattern_origins[i].line,
				err.msg);
			bad++;
		}
		judge_rules_free(rules);
	}
	return bad;
}

static size_t entries_count(const struct catalog *c)
{
	size_t n = c->n_patterns;

#define X(kind) n += c->n_##kind##s;
	CATALOG_KINDS(X)
#undef X
	return n;
}

static int check(const struct request *request, struct err *err)
{
	const char *const *dirs = (const char *const *)request->argv;
	const struct catalog *c = NULL;
	int bad,
		rc = request->argc ? catalog_open(dirs, (size_t)request->argc, &c, err) : catalog_open_default(&c, err);

	if (rc)
		return fail(err);
	bad = patterns_compile(c);
	if (bad) {
		err_user(err, "%d of %zu patterns cannot be used", bad, c->n_patterns);
	} else if (request->json) {
		autojson json_t *j = json_pack("{s:I}", "entries", (json_int_t)entries_count(c));

		print_json(j);
	} else {
		printf("%zu entries are good\n", entries_count(c));
	}
	catalog_free(c);
	return bad ? fail(err) : 0;
}

static bool kind_known(const char *kind)
{
	for (const char *const *name = catalog_kinds(); *name; name++)
		if (!strcmp(*name, kind))
			return true;
	return false;
}

static int kind_refuse(const char *kind, struct err *err)
{
	autobuf struct buf names = { 0 };

	for (const char *const *name = catalog_kinds(); *name; name++)
		buf_printf(&names, "%s%s", names.n ? ", " : "", *name);
	err_user(err, "\"%s\" is no kind of entry; allowed: %s", kind, names.data);
	return fail(err);
}

static void list_print(const json_t *list)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		printf("%-10s %-28s %s:%lld%s\n", json_str_or(entry, "kind", ""), json_str_or(entry, "name", ""),
		       json_str_or(entry, "file", ""), (long long)json_int_or(entry, "line", 0),
		       json_bool_or(entry, "untested", false) ? "  untested" : "");
}

static int list(const struct request *request, struct err *err)
{
	const char *only = request->argc ? request->argv[0] : NULL;
	autojson json_t *all = json_array();
	const struct catalog *c = NULL;

	if (only && !kind_known(only))
		return kind_refuse(only, err);
	if (catalog_open_default(&c, err))
		return fail(err);
	for (const char *const *kind = catalog_kinds(); *kind; kind++) {
		autojson json_t *entries = only && strcmp(only, *kind) ? NULL : catalog_list_json(c, *kind);

		if (entries)
			json_array_extend(all, entries);
	}
	if (request->json)
		print_json(all);
	else
		list_print(all);
	catalog_free(c);
	return 0;
}

static void value_print(const char *key, const json_t *value, int depth);

static void item_print(const json_t *item, int depth)
{
	const json_t *value;
	const char *key;
	bool first = true;

	if (!json_is_object(item)) {
		printf("%*s- %s\n", depth * 2, "", json_string_value(item));
		return;
	}
	json_object_foreach ((json_t *)item, key, value) {
		if (first)
			printf("%*s-\n", depth * 2, "");
		first = false;
		value_print(key, value, depth + 1);
	}
}

static void text_print(const char *key, const char *text, int depth)
{
	struct view rest = view_of(text);

	if (!strchr(text, '\n')) {
		printf("%*s%s: %s\n", depth * 2, "", key, text);
		return;
	}
	printf("%*s%s:\n", depth * 2, "", key);
	while (rest.p && rest.n) {
		struct view line = view_cut(&rest, '\n'); /* the macro below names it twice */

		printf("%*s" VIEW_FMT "\n", depth * 2 + 2, "", VIEW_ARG(line));
	}
}

static void value_print(const char *key, const json_t *value, int depth)
{
	const json_t *inner;
	const char *name;
	size_t i;

	if (json_is_string(value)) {
		text_print(key, json_string_value(value), depth);
	} else if (json_is_integer(value)) {
		printf("%*s%s: %lld\n", depth * 2, "", key, (long long)json_integer_value(value));
	} else if (json_is_boolean(value)) {
		printf("%*s%s: %s\n", depth * 2, "", key, json_is_true(value) ? "true" : "false");
	} else if (json_is_array(value)) {
		printf("%*s%s:\n", depth * 2, "", key);
		json_array_foreach (value, i, inner)
			item_print(inner, depth + 1);
	} else {
		printf("%*s%s:\n", depth * 2, "", key);
		json_object_foreach ((json_t *)value, name, inner)
			value_print(name, inner, depth + 1);
	}
}

static void entry_print(const json_t *entry)
{
	const json_t *value;
	const char *key;

	printf("# %s %s, %s:%lld\n", json_str_or(entry, "kind", ""), json_str_or(entry, "name", ""),
	       json_str_or(entry, "file", ""), (long long)json_int_or(entry, "line", 0));
	json_object_foreach ((json_t *)entry, key, value)
		if (strcmp(key, "kind") && strcmp(key, "file") && strcmp(key, "line"))
			value_print(key, value, 0);
}

static int show(const struct request *request, struct err *err)
{
	autojson json_t *entry = NULL;
	const struct catalog *c = NULL;

	if (!kind_known(request->argv[0]))
		return kind_refuse(request->argv[0], err);
	if (catalog_open_default(&c, err))
		return fail(err);
	entry = catalog_entry_json(c, request->argv[0], request->argv[1]);
	catalog_free(c);
	if (!entry) {
		err_user(err, "no %s is called \"%s\"; kiln catalog list %s shows them all", request->argv[0],
			 request->argv[1], request->argv[0]);
		return fail(err);
	}
	if (request->json)
		print_json(entry);
	else
		entry_print(entry);
	return 0;
}

static const struct verb {
	const char *name, *operands;
	int least, most;
	int (*run)(const struct request *request, struct err *err);
} verbs[] = {
	{ "check", "[DIR…]", 0, 1000, check },
	{ "list", "[KIND]", 0, 1, list },
	{ "show", "KIND NAME", 2, 2, show },
};

int cmd_catalog(int argc, char **argv)
{
	struct request request = { 0 };
	const struct option options[] = { { "json", OPTION_FLAG, &request.json } };
	struct err err = { 0 };

	if (options_parse(options, countof(options), &argc, argv, &err))
		return fail(&err);
	request.argc = argc - 2;
	request.argv = argv + 2;
	for (size_t i = 0; argc > 1 && i < countof(verbs); i++) {
		if (strcmp(verbs[i].name, argv[1]))
			continue;
		if (request.argc >= verbs[i].least && request.argc <= verbs[i].most)
			return verbs[i].run(&request, &err);
		err_user(&err, "kiln catalog %s takes %s; see kiln catalog --help", verbs[i].name, verbs[i].operands);
		return fail(&err);
	}
	err_user(&err, "kiln catalog takes check, list or show; see kiln catalog --help");
	return fail(&err);
}
