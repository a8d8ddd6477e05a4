/* kiln why: which boards a .config can boot, and why not the others. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "plan/match.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct why {
	const struct catalog *catalog;
	struct kconfig *config;
	struct kversion kernel;
	const char *karch; /* NULL: the .config does not say */
	struct arena arena;
};

static void why_free(struct why *w)
{
	kconfig_free(w->config);
	if (w->catalog)
		catalog_free(w->catalog);
	arena_free(&w->arena);
}

static int config_open(struct why *w, const char *path, const char *version, struct err *err)
{
	struct view arch;

	if (kconfig_read(AT_FDCWD, path, &w->config, err) < 0) {
		err->class = ERR_USER; /* also where it cannot be opened: the person named it */
		return -1;
	}
	if (kconfig_origin(w->config, &arch, &w->kernel) == 0)
		w->karch = arena_strndup(&w->arena, arch.p, arch.n);
	else if (!version)
		return err_user(err, "%s: its head names no kernel version; give it with --kernel 6.1", path);
	if (version && kversion_parse(view_of(version), &w->kernel) < 0)
		return err_user(err, "--kernel takes a version such as 6.1 or 6.1.192, not \"%s\"", version);
	return 0;
}

/* Why the board is not booted although its config fits, or NULL. */
static const char *skip_of(const struct why *w, const struct catalog_board *board)
{
	const struct catalog_arch *arch = catalog_arch(w->catalog, board->arch);

	return board->skip ? board->skip : arch ? arch->skip : NULL;
}

static json_t *board_json(struct why *w, const struct catalog_board *board, bool match, const reason_vec *reasons)
{
	const char *skip = skip_of(w, board);
	json_t *list = json_array(), *entry;

	for (size_t i = 0; i < reasons->n; i++)
		json_array_append_new(list, reason_json(&reasons->data[i]));
	entry = json_pack("{s:s, s:b, s:o}", "board", board->name, "match", match, "reasons", list);
	if (skip)
		json_object_set_new(entry, "skip", json_string(skip));
	return entry;
}

static void board_print(struct why *w, const struct catalog_board *board, bool match, const reason_vec *reasons)
{
	const char *skip = skip_of(w, board);
	autobuf struct buf text = { 0 };

	buf_printf(&text, "%s: %s", board->name, match ? "yes" : "no");
	if (match && skip)
		buf_printf(&text, ", but it is not booted: %s", skip);
	for (size_t i = 0; i < reasons->n; i++) {
		buf_adds(&text, reasons->n == 1 && !match ? ": " : "\n  ");
		reason_print(&reasons->data[i], &text);
	}
	puts(text.data);
}

static void board_why(struct why *w, const struct catalog_board *board, json_t *list)
{
	reason_vec reasons = { 0 };
	bool match = board_match(w->catalog, board, w->config, w->kernel, w->karch, &w->arena, &reasons);

	if (list)
		json_array_append_new(list, board_json(w, board, match, &reasons));
	else
		board_print(w, board, match, &reasons);
	vec_free(&reasons);
}

static int boards_check(const struct why *w, char **names, struct err *err)
{
	for (; *names; names++)
		if (!catalog_board(w->catalog, *names))
			return err_user(err, "there is no board \"%s\"; see kiln catalog list board", *names);
	return 0;
}

static int why(struct why *w, char **names, bool json, struct err *err)
{
	autojson json_t *list = json ? json_array() : NULL;

	if (boards_check(w, names, err) < 0)
		return -1;
	for (size_t i = 0; !*names && i < w->catalog->n_boards; i++)
		board_why(w, &w->catalog->boards[i], list);
	for (; *names; names++)
		board_why(w, catalog_board(w->catalog, *names), list);
	if (list) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return 0;
}

int cmd_why(int argc, char **argv)
{
	const char *config = NULL, *kernel = NULL, *home = NULL;
	bool json = false;
	const struct option options[] = {
		{ "config", OPTION_STRING, &config },
		{ "kernel", OPTION_STRING, &kernel },
		{ "json", OPTION_FLAG, &json },
		{ "home", OPTION_STRING, &home }, /* nothing is kept; taken as every command takes it */
	};
	__attribute__((cleanup(why_free))) struct why w = { 0 };
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (!config) {
		err_user(&err, "--config FILE is needed: the .config to judge; see kiln why --help");
		return fail(&err);
	}
	if (config_open(&w, config, kernel, &err) < 0)
		return fail(&err);
	status = command_catalog(&w.catalog);
	if (status == 0 && why(&w, argv + 1, json, &err) < 0)
		status = fail(&err);
	return status;
}
