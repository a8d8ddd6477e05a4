#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "cmd/into.h"
#include "root/root.h"
#include "run/run.h"
#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct asked {
	const char *home_option, *mirror;
	const char *source, *compiler, *output;
	int64_t jobs;
	bool json, anew, fast;
	struct into into;
	char *home, *config;
	const struct catalog *catalog;
};

static int recipe_find(const struct asked *a, const char *name, const struct catalog_root **recipe, struct err *err)
{
	*recipe = catalog_root(a->catalog, name);
	return *recipe ? 0 : err_user(err, "no root is called \"%s\"; kiln root list shows those there are", name);
}

static void tell(const char *what, void *data)
{
	fprintf(stderr, "%s\n", what);
}

static int make_one(const struct asked *a, const char *name, struct err *err)
{
	const struct catalog_root *recipe;
	autojson json_t *record = NULL;
	const struct root_options options = {
		.home = a->home,
		.catalog = a->catalog,
		.config = a->config,
		.mirror = a->mirror,
		.anew = a->anew,
		.tell = tell,
	};

	if (recipe_find(a, name, &recipe, err) < 0 || root_make(&options, recipe, &record, err) < 0)
		return -1;
	if (a->json)
		json_print(record);
	else
		puts(json_str_or(record, "id", ""));
	return 0;
}

static int make(const struct asked *a, int argc, char **argv, struct err *err)
{
	for (int i = 0; i < argc; i++)
		if (make_one(a, argv[i], err) < 0)
			return -1;
	return 0;
}

static json_t *list_entry(const struct asked *a, const struct catalog_root *recipe)
{
	autojson json_t *record = root_find(a->home, a->catalog, recipe);
	json_t *entry =
		json_pack("{s:s, s:s, s:s, s:b}", "name", recipe->name, "arch", recipe->arch ? recipe->arch : "host",
			  "base", recipe->base, "unproved", recipe->unproved);

	if (recipe->skip)
		json_object_set_new(entry, "skip", json_string(recipe->skip));
	if (record)
		json_object_set(entry, "root", record);
	return entry;
}

static void list_line(const json_t *entry)
{
	const json_t *root = json_object_get(entry, "root");
	autofree char *made = root ? mem_printf("made %.10s, %lld MB", json_str_or(root, "made", ""),
						(long long)json_int_or(root, "bytes", 0) / 1000000)
				   : mem_strdup(json_str_or(entry, "skip", "-"));

	printf("%-32s %-10s %-8s %s%s\n", json_str_or(entry, "name", ""), json_str_or(entry, "arch", ""),
	       json_str_or(entry, "base", ""), json_bool_or(entry, "unproved", false) ? "unproved; " : "", made);
}

static int list(const struct asked *a, int argc, char **argv, struct err *err)
{
	autojson json_t *all = json_array();
	json_t *entry;
	size_t i;

	for (i = 0; i < a->catalog->n_roots; i++)
		if (!argc || fnmatch(argv[0], a->catalog->roots[i].name, 0) == 0)
			json_array_append_new(all, list_entry(a, &a->catalog->roots[i]));
	if (a->json) {
		json_print(all);
		return 0;
	}
	json_array_foreach (all, i, entry)
		list_line(entry);
	return 0;
}

static int loaded(const struct asked *a, const char *name, const struct catalog_root **recipe, json_t **record,
		  struct err *err)
{
	if (recipe_find(a, name, recipe, err) < 0)
		return -1;
	return root_load(a->home, a->catalog, *recipe, record, err);
}

static int show(const struct asked *a, int argc, char **argv, struct err *err)
{
	const struct catalog_root *recipe;
	autojson json_t *record = NULL;

	if (loaded(a, argv[0], &recipe, &record, err) < 0)
		return -1;
	json_print(record);
	return 0;
}

/* What is laid over a root, or into it, before it is entered; the strings are owned. */
struct laid {
	char *native, *links, *source, *output;
};

static void laid_free(struct laid *l)
{
	free(l->native);
	free(l->links);
	free(l->source);
	free(l->output);
}

static int source_lay(const struct asked *a, struct laid *l, struct err *err)
{
	autojson json_t *source = NULL;

	if (source_import(a->home, a->source, NULL, &source, err) < 0)
		return -1;
	l->source = source_tree(a->home, json_str_or(source, "id", ""));
	return 0;
}

static int output_lay(const struct asked *a, struct laid *l, struct err *err)
{
	autoclose int fd = -1;

	if (fs_mkdirs(AT_FDCWD, a->output, 0755, err) < 0) {
		err->class = ERR_USER;
		return err_wrap(err, "--output");
	}
	fd = open(a->output, O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->output = fd < 0 ? NULL : realpath(a->output, NULL);
	return l->output ? 0 : err_user(err, "--output %s: %s", a->output, strerror(errno));
}

static int layer_lay(const struct asked *a, const char *name, struct laid *l, struct err *err)
{
	const struct root_options options = {
		.home = a->home,
		.catalog = a->catalog,
		.config = a->config,
		.tell = tell,
	};
	const struct catalog_root *recipe;
	autojson json_t *record = NULL;

	/* The root itself is not made on the way: one who enters it says so. */
	return recipe_find(a, name, &recipe, err) < 0 || root_load(a->home, a->catalog, recipe, &record, err) < 0
		       ? -1
		       : run_layer(&options, recipe, &l->native, &l->links, err);
}

static int enter(const struct asked *a, bool is_shell, int argc, char **argv, struct err *err)
{
	CLEANUP(laid_free) struct laid l = { 0 };
	struct into into = a->into;

	if ((a->fast && argc > 0 && layer_lay(a, argv[0], &l, err) < 0) || (a->source && source_lay(a, &l, err) < 0) ||
	    (a->output && output_lay(a, &l, err) < 0))
		return -1;
	into.native = l.native;
	into.links = l.links;
	into.source = l.source;
	into.output = l.output;
	return root_into(a->home, is_shell, argc, argv, &into, err);
}

static int shell(const struct asked *a, int argc, char **argv, struct err *err)
{
	return enter(a, true, argc, argv, err);
}

static int run(const struct asked *a, int argc, char **argv, struct err *err)
{
	return enter(a, false, argc, argv, err);
}

static void verify_print(const json_t *record, const char *name)
{
	json_t *files = json_object_get(record, "files"), *entry;
	size_t equal = 0, i;

	json_array_foreach (files, i, entry) {
		bool same = json_bool_or(entry, "equal", false);

		equal += same;
		if (!same)
			printf("differs: %s %s %s\n", json_str_or(entry, "file", ""),
			       json_str_or(entry, "compiler", ""), json_str_or(entry, "flags", ""));
	}
	json_array_foreach (json_object_get(record, "differences"), i, entry)
		printf("%s %s of %s differs:\n  with the layer:    %s\n  without the layer: %s\n",
		       json_bool_or(entry, "allowed", false) ? "allowed:" : "not allowed:",
		       json_str_or(entry, "what", ""), json_str_or(entry, "compiler", ""),
		       json_str_or(entry, "toolchain", ""), json_str_or(entry, "reference", ""));
	printf("%s: %zu of %zu objects are equal; %.0f CPU s with the layer, %.0f without it\n", name, equal,
	       json_array_size(files), json_number_value(json_object_get(record, "cpu_seconds")),
	       json_number_value(json_object_get(record, "reference_cpu_seconds")));
}

static int verify(const struct asked *a, int argc, char **argv, struct err *err)
{
	const struct root_options options = {
		.home = a->home,
		.catalog = a->catalog,
		.config = a->config,
		.mirror = a->mirror,
		.tell = tell,
	};
	const struct catalog_root *recipe;
	struct proof_request request;
	autojson json_t *record = NULL;

	if (!a->source)
		return err_user(err, "say with --source which kernel's files are compiled");
	if (recipe_find(a, argv[0], &recipe, err) < 0)
		return -1;
	request = (struct proof_request){ recipe, a->source, a->compiler, (int)a->jobs };
	if (run_prove(&options, &request, &record, err) < 0)
		return -1;
	if (a->json) {
		json_print(record);
	} else {
		verify_print(record, recipe->name);
	}
	if (strcmp(json_str_or(record, "verdict", ""), "pass") == 0)
		return 0;
	fprintf(stderr, "kiln: %s\n", json_str_or(record, "reason", ""));
	return 1;
}

static int gc(const struct asked *a, int argc, char **argv, struct err *err)
{
	struct root_removed removed = { 0 };

	if (root_gc(a->home, &removed, err) < 0)
		return -1;
	printf("%zu roots and %zu layers removed, %zu downloads\n", removed.roots, removed.layers, removed.downloads);
	return 0;
}

static const struct verb verbs[] = {
	{ "make", "NAME…", 1, VERB_ANY, make },
	{ "list", "[PATTERN]", 0, 1, list },
	{ "show", "NAME", 1, 1, show },
	{ "shell", "NAME", 1, 1, shell },
	{ "run", "NAME -- COMMAND…", 1, VERB_ANY, run },
	{ "verify", "NAME", 1, 1, verify },
	{ "gc", "", 0, 0, gc },
};

static void asked_free(struct asked *a)
{
	free(a->home);
	free(a->config);
	catalog_free(a->catalog);
}

int cmd_root(int argc, char **argv)
{
	CLEANUP(asked_free) struct asked a = { 0 };
	const struct option options[] = {
		{ "home", OPTION_STRING, &a.home_option },
		{ "json", OPTION_FLAG, &a.json },
		{ "anew", OPTION_FLAG, &a.anew },
		{ "mirror", OPTION_STRING, &a.mirror },
		{ "source", OPTION_STRING, &a.source },
		{ "compiler", OPTION_STRING, &a.compiler },
		{ "fast", OPTION_FLAG, &a.fast },
		{ "output", OPTION_STRING, &a.output },
		{ "jobs", OPTION_INT, &a.jobs },
		{ "superuser", OPTION_FLAG, &a.into.superuser },
		{ "network", OPTION_FLAG, &a.into.network },
	};
	const struct verb *verb;
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	verb = verb_choose(verbs, countof(verbs), argc, argv, &err);
	if (!verb)
		return fail(&err);
	a.home = home_path(a.home_option);
	a.config = config_path();
	status = command_catalog(&a.catalog);
	if (status)
		return status;
	status = verb->run(&a, argc - 2, argv + 2, &err);
	return status < 0 ? fail(&err) : status;
}
