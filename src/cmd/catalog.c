/* kiln catalog check|list|show: what the world looks like, and whether it is written well. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"

#include <string.h>

struct asked {
	bool json;
};

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

static int check(const struct asked *a, int argc, char **argv, struct err *err)
{
	const struct catalog *c = NULL;
	int bad, status = argc ? catalog_of((const char *const *)argv, (size_t)argc, &c) : command_catalog(&c);

	if (status)
		return status;
	bad = patterns_compile(c);
	if (bad) {
		err_user(err, "%d of %zu patterns cannot be used", bad, c->n_patterns);
	} else if (a->json) {
		autojson json_t *j = json_pack("{s:I}", "entries", (json_int_t)entries_count(c));

		json_print(j);
	} else {
		printf("%zu entries are good\n", entries_count(c));
	}
	catalog_free(c);
	return bad ? -1 : 0;
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
	return err_user(err, "\"%s\" is no kind of entry; allowed: %s", kind, names.data);
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

static int list(const struct asked *a, int argc, char **argv, struct err *err)
{
	const char *only = argc ? argv[0] : NULL;
	autojson json_t *all = json_array();
	const struct catalog *c = NULL;
	int status;

	if (only && !kind_known(only))
		return kind_refuse(only, err);
	status = command_catalog(&c);
	if (status)
		return status;
	for (const char *const *kind = catalog_kinds(); *kind; kind++) {
		autojson json_t *entries = only && strcmp(only, *kind) ? NULL : catalog_list_json(c, *kind);

		if (entries)
			json_array_extend(all, entries);
	}
	if (a->json)
		json_print(all);
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

static int show(const struct asked *a, int argc, char **argv, struct err *err)
{
	autojson json_t *entry = NULL;
	const struct catalog *c = NULL;
	int status;

	if (!kind_known(argv[0]))
		return kind_refuse(argv[0], err);
	status = command_catalog(&c);
	if (status)
		return status;
	entry = catalog_entry_json(c, argv[0], argv[1]);
	catalog_free(c);
	if (!entry)
		return err_user(err, "no %s is called \"%s\"; kiln catalog list %s shows them all", argv[0], argv[1],
				argv[0]);
	if (a->json)
		json_print(entry);
	else
		entry_print(entry);
	return 0;
}

static const struct verb verbs[] = {
	{ "check", "[DIR…]", 0, VERB_ANY, check },
	{ "list", "[KIND]", 0, 1, list },
	{ "show", "KIND NAME", 2, 2, show },
};

int cmd_catalog(int argc, char **argv)
{
	struct asked a = { 0 };
	const struct option options[] = { { "json", OPTION_FLAG, &a.json } };
	const struct verb *verb;
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err))
		return fail(&err);
	verb = verb_choose(verbs, countof(verbs), argc, argv, &err);
	status = verb ? verb->run(&a, argc - 2, argv + 2, &err) : -1;
	return status < 0 ? fail(&err) : status;
}
