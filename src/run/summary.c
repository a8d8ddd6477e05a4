/* Many runs as one document: the newest result of each cell. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "run/private.h"
#include "step/step.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { DATE_LENGTH = sizeof("2026-11-28") - 1, REASON_LENGTH = 150 };

struct summing {
	const struct summary_options *options;
	json_t *runs;   /* those that are looked at, newest first */
	json_t *cells;  /* "BUILD@BOARD" -> cell */
	json_t *builds; /* name -> what the newest run says of it, and what its record tells */
};

static bool run_is_wanted(const struct summary_options *o, const json_t *run)
{
	const char *matrix = json_str_or(json_object_get(run, "request"), "matrix", NULL);

	if (o->matrix && (!matrix || strcmp(matrix, o->matrix) != 0))
		return false;
	for (size_t i = 0; i < o->n_runs; i++)
		if (str_starts(json_str_or(run, "run", ""), o->runs[i]))
			return true;
	return !o->n_runs && !json_bool_or(json_object_get(run, "request"), "trial", false);
}

static int note_run(const json_t *run, void *data)
{
	struct summing *s = data;

	if (run_is_wanted(s->options, run))
		json_array_append_new(s->runs, json_string(json_str_or(run, "run", "")));
	return 0;
}

static void set(json_t *to, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(to, key, json_text(view_of(value)));
}

static void set_size(json_t *to, const char *key, const json_t *record, const char *artefact)
{
	json_t *a = json_object_get(json_object_get(record, "artefacts"), artefact);

	if (a)
		json_object_set(to, key, json_object_get(a, "size"));
}

static void set_number(json_t *to, const char *key, const json_t *record, const char *field)
{
	json_t *v = json_object_get(record, field);

	if (json_is_number(v))
		json_object_set(to, key, v);
}

/* The day a record is of. */
static void set_date(json_t *to, const json_t *record)
{
	const char *finished = json_str_or(record, "finished", "");

	if (strlen(finished) >= DATE_LENGTH)
		json_object_set_new(to, "date", json_stringn(finished, DATE_LENGTH));
}

/* The compiler is the first of a toolchain's tools. */
static void set_compiler(json_t *to, const json_t *spec)
{
	json_t *toolchain = json_object_get(spec, "toolchain");
	json_t *compiler = json_array_get(json_object_get(toolchain, "tools"), 0);
	autofree char *text =
		mem_printf("%s %s", json_str_or(toolchain, "compiler", ""), json_str_or(compiler, "version", ""));

	if (compiler)
		set(to, "compiler", text);
}

static void set_image(json_t *to, const json_t *record)
{
	const char *path = json_str_or(json_object_get(json_object_get(record, "spec"), "arch"), "image_path", "");
	const char *slash = strrchr(path, '/');

	if (!json_object_get(json_object_get(record, "artefacts"), "image"))
		return;
	set(to, "image", slash ? slash + 1 : path);
	set_size(to, "image_bytes", record, "image");
}

/* What every cell of a build has from the build's record. */
static void add_build(json_t *to, const json_t *record)
{
	set(to, "release", json_str_or(record, "release", NULL));
	set(to, "build_id", json_str_or(record, "build_id", NULL));
	set_compiler(to, json_object_get(record, "spec"));
	set_image(to, record);
	set_size(to, "vmlinux_bytes", record, "vmlinux");
	set_number(to, "build_cpu", record, "cpu_seconds");
}

static void add_boot(json_t *to, const json_t *record)
{
	const json_t *spec = json_object_get(record, "spec");
	const char *version = json_str_or(json_object_get(spec, "qemu"), "version", NULL);
	const char *accel = json_str_or(record, "accel", "tcg");
	bool plain = strcmp(accel, "tcg") == 0;
	autofree char *qemu = mem_printf("%s%s%s", version ? version : "", plain ? "" : " ", plain ? "" : accel);

	if (version)
		set(to, "qemu", qemu);
	set_number(to, "boot_seconds", record, "seconds");
}

/* The first of many reasons will do here. */
static void shorten(struct buf *text)
{
	char *end = NULL;

	if (text->n <= REASON_LENGTH)
		return;
	for (char *at = strstr(text->data, "; "); at && at < text->data + REASON_LENGTH; at = strstr(at + 1, "; "))
		end = at;
	if (!end)
		return;
	text->n = (size_t)(end - text->data);
	buf_adds(text, "; and more");
}

/* "14/14 tests" of a boot that ran some; else, and wherever it is no pass, the reason. */
static void set_result(json_t *to, const struct ledger_cell *cell)
{
	json_t *tests = json_object_get(cell->record, "tests"), *test;
	size_t n = json_array_size(tests), passed = 0, i;
	autobuf struct buf text = { 0 };

	json_array_foreach (tests, i, test)
		passed += strcmp(json_str_or(test, "result", ""), "pass") == 0;
	if (n)
		buf_printf(&text, "%zu/%zu tests", passed, n);
	if (cell->reason && (!n || cell->verdict != VERDICT_PASS))
		buf_printf(&text, "%s%s", n ? "; " : "", cell->reason);
	if (!text.n && !*cell->board)
		buf_adds(&text, "not booted");
	if (cell->verdict == VERDICT_SKIP)
		shorten(&text);
	if (text.n)
		json_object_set_new(to, "result", json_text((struct view){ text.data, text.n }));
}

/* SOURCE/ARCH/CONFIG/TOOLCHAIN at its first slash. */
static json_t *cell_new(const struct ledger_cell *cell)
{
	struct view rest = view_of(cell->build), source = view_cut(&rest, '/');
	json_t *c = json_pack("{s:s%, s:s, s:s}", "source", source.p, source.n, "build", rest.p ? rest.p : "",
			      "verdict", verdict_text(cell->verdict));

	set(c, "board", cell->board);
	set(c, "run", cell->run);
	set_result(c, cell);
	set_date(c, cell->record);
	return c;
}

static bool source_is_wanted(const struct summing *s, const char *build)
{
	struct view rest = view_of(build), source = view_cut(&rest, '/');
	autofree char *name = mem_strndup(source.p, source.n);

	return !s->options->source || fnmatch(s->options->source, name, 0) == 0;
}

/* In a run a build's cell comes before those of its boards. */
static int note_cell(const struct ledger_cell *cell, void *data)
{
	struct summing *s = data;
	autofree char *key = mem_printf("%s@%s", cell->build, cell->board);
	json_t *build, *c;

	if (json_object_get(s->cells, key) || !source_is_wanted(s, cell->build))
		return 0;
	c = cell_new(cell);
	if (!*cell->board) {
		add_build(c, cell->record);
		json_object_set(s->builds, cell->build, c);
	} else if ((build = json_object_get(s->builds, cell->build)) && cell->verdict != VERDICT_SKIP) {
		static const char *const from_build[] = { "release",     "build_id",      "compiler", "image",
							  "image_bytes", "vmlinux_bytes", "build_cpu" };

		for (size_t i = 0; i < countof(from_build); i++)
			if (json_object_get(build, from_build[i]))
				json_object_set(c, from_build[i], json_object_get(build, from_build[i]));
		if (strcmp(json_str_or(cell->record, "kind", ""), "boot") == 0)
			add_boot(c, cell->record);
	}
	json_object_set_new(s->cells, key, c);
	return 0;
}

static bool is_good(const json_t *build)
{
	const char *verdict = json_str_or(build, "verdict", "pass");

	return strcmp(verdict, "pass") == 0 || strcmp(verdict, "warn") == 0;
}

/* A build that was booted speaks through its boots; the boards of one that is not there only repeat its reason. */
static json_t *cells_shown(const struct summing *s)
{
	autojson json_t *booted = json_object();
	json_t *shown = json_array(), *cell;
	const char *key;

	json_object_foreach (s->cells, key, cell) {
		autofree char *build = mem_strndup(key, (size_t)(strchr(key, '@') - key));

		if (json_object_get(cell, "board") && strcmp(json_str_or(cell, "verdict", ""), "skip") != 0)
			json_object_set(booted, build, json_true());
	}
	json_object_foreach (s->cells, key, cell) {
		autofree char *build = mem_strndup(key, (size_t)(strchr(key, '@') - key));
		bool good = is_good(json_object_get(s->builds, build));

		if (json_object_get(cell, "board") ? good : !good || !json_object_get(booted, build))
			json_array_append(shown, cell);
	}
	return shown;
}

static json_t *host_json(void)
{
	struct utsname host = { 0 };

	uname(&host);
	host.release[strcspn(host.release, "-")] = '\0'; /* what a distribution appends tells nothing here */
	return json_pack("{s:o, s:s, s:I}", "kernel", json_sprintf("%s %s", host.sysname, host.release), "machine",
			 host.machine, "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
}

static json_t *summary_json(const struct summing *s)
{
	char now[CLOCK_TEXT];

	clock_format(clock_unix(), now);
	return json_pack("{s:o, s:s%, s:o}", "host", host_json(), "date", now, (size_t)DATE_LENGTH, "cells",
			 cells_shown(s));
}

int run_summary(struct ledger *ledger, const struct summary_options *options, json_t **summary, struct err *err)
{
	autojson json_t *runs = json_array(), *cells = json_object(), *builds = json_object();
	struct summing s = { options, runs, cells, builds };
	json_t *run;
	size_t i;

	if (ledger_runs(ledger, note_run, &s, err) < 0)
		return -1;
	if (!json_array_size(runs))
		return err_user(err, "there is no such run; kiln show --list lists those that there are");
	json_array_foreach (runs, i, run)
		if (ledger_cells(ledger, json_string_value(run), note_cell, &s, err) < 0)
			return -1;
	*summary = summary_json(&s);
	return 0;
}
