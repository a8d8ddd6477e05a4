/* kiln why: which boards a .config can boot, and why not the others. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/build.h"
#include "cmd/cmd.h"
#include "plan/match.h"
#include "plan/plan.h"
#include "qemu/qemu.h"
#include "step/step.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct why {
	const struct catalog *catalog;
	struct kconfig *config;
	struct kversion kernel;
	const char *karch;                   /* NULL: the .config does not say */
	const char *home;                    /* where a build is looked up, and what is known of QEMU */
	const struct catalog_rootfs *rootfs; /* or NULL */
	struct names suites;
	struct catalog_machine machine;
	struct arena arena;
};

static void why_free(struct why *w)
{
	kconfig_free(w->config);
	if (w->catalog)
		catalog_free(w->catalog);
	arena_free(&w->arena);
}

/* The final .config of the newest build of that name. */
static int build_config(struct why *w, const char *build, struct err *err)
{
	autojson json_t *record = NULL;
	autobuf struct buf text = { 0 };
	const char *digest;

	if (build_find(w->home, build, &record, NULL, err) < 0) {
		const struct err found = *err;

		return found.class == ERR_USER ? err_user(err, "%s; a file is given with --config FILE", found.msg)
					       : -1;
	}
	digest = record_artefact(record, "config");
	if (!digest)
		return err_user(err, "%s kept no .config; a file is given with --config FILE", build);
	if (build_artefact(w->home, digest, &text, err) < 0)
		return -1;
	return kconfig_parse((struct view){ text.data ? text.data : "", text.n }, &w->config, err);
}

static int file_config(struct why *w, const char *path, struct err *err)
{
	if (kconfig_read(AT_FDCWD, path, &w->config, err) == 0)
		return 0;
	err->class = ERR_USER; /* also where it cannot be opened: the person named it */
	return -1;
}

static int config_open(struct why *w, const char *path, const char *version, struct err *err)
{
	struct view arch;

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
	else if (match && !board->qemu_machine)
		buf_adds(&text, ", in labs");
	for (size_t i = 0; i < reasons->n; i++) {
		buf_adds(&text, reasons->n == 1 && !match ? ": " : "\n  ");
		reason_print(&reasons->data[i], &text);
	}
	puts(text.data);
}

/* Asks a QEMU only where nothing else stands against the board: that may start it. One that is not there does not
 * change what the board is. */
static bool qemu_fits(struct why *w, const struct catalog_board *board, reason_vec *reasons)
{
	autojson json_t *qemu = NULL;
	struct err ignored = { 0 };

	if (skip_of(w, board) || !board->qemu_machine ||
	    qemu_identify(w->home, catalog_arch(w->catalog, board->arch), board, &qemu, &ignored) < 0)
		return true;
	return runner_match(qemu, &w->arena, reasons);
}

/* What the boot would want of the config beyond the board: its root file system and its suites. */
static void further_reasons(struct why *w, reason_vec *reasons)
{
	if (w->rootfs)
		requirements_match(w->rootfs->require.data, w->rootfs->require.n, w->config, w->kernel, &w->arena,
				   reasons);
	for (size_t i = 0; i < w->suites.n; i++) {
		const struct catalog_suite *suite = catalog_suite(w->catalog, w->suites.data[i]);

		requirements_match(suite->require.data, suite->require.n, w->config, w->kernel, &w->arena, reasons);
	}
}

static void board_why(struct why *w, const struct catalog_board *board, json_t *list)
{
	reason_vec reasons = { 0 };
	bool match = board_match(w->catalog, board, &w->machine, w->config, w->kernel, w->karch, &w->arena, &reasons) &&
		     qemu_fits(w, board, &reasons);

	if (match)
		further_reasons(w, &reasons);
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
	if (list)
		json_print(list);
	return 0;
}

/* What a boot is made of that was not said: as in the default matrix. */
static int parts_find(struct why *w, const char *rootfs, const struct option_list *suites, struct err *err)
{
	const struct catalog_row *row = plan_default_row(w->catalog);

	if (!rootfs && row)
		rootfs = row->rootfs;
	w->rootfs = rootfs ? catalog_rootfs(w->catalog, rootfs) : NULL;
	if (rootfs && !w->rootfs)
		return err_user(err, "there is no rootfs \"%s\"; see kiln catalog list rootfs", rootfs);
	w->suites = suites->n ? (struct names){ suites->data, suites->n } : row ? row->suites : (struct names){ 0 };
	for (size_t i = 0; i < w->suites.n; i++)
		if (!catalog_suite(w->catalog, w->suites.data[i]))
			return err_user(err, "there is no suite \"%s\"; see kiln catalog list suite",
					w->suites.data[i]);
	return 0;
}

struct why_options {
	const char *config, *kernel, *home, *rootfs;
	struct option_list suites;
	struct catalog_machine machine;
	bool json;
};

static void why_options_free(struct why_options *o)
{
	option_list_free(&o->suites);
}

static int why_ask(struct why *w, const struct why_options *o, int argc, char **argv, struct err *err)
{
	if (!o->config && argc < 2)
		return err_user(err, "name a build (SOURCE/ARCH/CONFIG/TOOLCHAIN or its end), or give a .config with "
				     "--config FILE; see kiln why --help");
	if ((o->config ? file_config(w, o->config, err) : build_config(w, argv[1], err)) < 0)
		return -1;
	if (config_open(w, o->config ? o->config : argv[1], o->kernel, err) < 0 ||
	    parts_find(w, o->rootfs, &o->suites, err) < 0)
		return -1;
	return why(w, argv + (o->config ? 1 : 2), o->json, err);
}

int cmd_why(int argc, char **argv)
{
	CLEANUP(why_options_free) struct why_options o = { .machine = { .cpus = -1, .memory_mb = -1 } };
	const struct option options[] = {
		{ "config", OPTION_STRING, &o.config },  { "kernel", OPTION_STRING, &o.kernel },
		{ "rootfs", OPTION_STRING, &o.rootfs },  { "suite", OPTION_LIST, &o.suites },
		{ "json", OPTION_FLAG, &o.json },        { "home", OPTION_STRING, &o.home },
		{ "cpus", OPTION_INT, &o.machine.cpus }, { "memory", OPTION_INT, &o.machine.memory_mb },
	};
	__attribute__((cleanup(why_free))) struct why w = { 0 };
	autofree char *home = NULL;
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0 || machine_check(&o.machine, &err) < 0)
		return fail(&err);
	w.home = home = home_path(o.home);
	w.machine = o.machine;
	status = command_catalog(&w.catalog);
	if (status == 0 && why_ask(&w, &o, argc, argv, &err) < 0)
		status = fail(&err);
	return status;
}
