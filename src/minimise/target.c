/* What failed: from its name to its .config, its signature and all that it was made of. */
#include "base/cleanup.h"
#include "ledger/ledger.h"
#include "minimise/private.h"
#include "source/source.h"
#include "step/step.h"

#include <stdlib.h>
#include <string.h>

struct cell {
	json_t *record; /* NULL: there is none */
	enum verdict verdict;
	char *build, *run;
};

static void cell_free(struct cell *cell)
{
	json_decref(cell->record);
	free(cell->build);
	free(cell->run);
}
#define autocell __attribute__((cleanup(cell_free)))

/* The newest, or that of the run when there is one. */
static int cell_take(const struct ledger_cell *found, void *data)
{
	struct cell *cell = data;

	if (!found->record || (cell->run && strcmp(cell->run, found->run) != 0))
		return 0;
	cell->record = json_incref((json_t *)found->record);
	cell->verdict = found->verdict;
	cell->build = mem_strdup(found->build);
	if (!cell->run)
		cell->run = mem_strdup(found->run);
	return 1;
}

static bool has_failed(const struct cell *cell)
{
	return cell->verdict == VERDICT_FAIL || cell->verdict == VERDICT_KNOWN || cell->verdict == VERDICT_FLAKY;
}

static int failed_check(const char *name, const char *board, const struct cell *cell, struct err *err)
{
	if (!cell->record)
		return err_user(err,
				"%s%s%s is in no run; kiln show lists builds and boards (a board's is BUILD@BOARD)",
				name, board ? "@" : "", board ? board : "");
	if (cell->verdict == VERDICT_FLAKY)
		return err_user(err, "%s@%s fails now and then: what is to be minimised must fail each time", name,
				board ? board : "");
	if (!has_failed(cell) && !board)
		return err_user(err, "the build %s did not fail (%s); a boot that did is named as BUILD@BOARD",
				cell->build, verdict_text(cell->verdict));
	if (!has_failed(cell))
		return err_user(err, "%s@%s did not fail: %s", cell->build, board, verdict_text(cell->verdict));
	return 0;
}

static struct names strings_of(struct arena *a, const json_t *list)
{
	const char **data = arena_alloc(a, (json_array_size(list) + 1) * sizeof(*data));
	size_t i, n = 0;
	json_t *v;

	json_array_foreach (list, i, v)
		if (json_is_string(v))
			data[n++] = arena_strdup(a, json_string_value(v));
	return (struct names){ data, n };
}

/* SOURCE/ARCH/CONFIG/TOOLCHAIN */
static void name_split(struct session *s, const char *build)
{
	struct view rest = view_of(build), part;
	const char *parts[4] = { "", "", "", "" };

	for (size_t i = 0; i < countof(parts) && rest.p; i++) {
		part = view_cut(&rest, '/');
		parts[i] = arena_strndup(&s->arena, part.p, part.n);
	}
	s->target.build = arena_strdup(&s->arena, build);
	s->target.source_id = parts[0];
	s->target.arch = parts[1];
	s->target.toolchain = parts[3];
}

/* BOARD,cpus=4,memory=512: as plan_board_name() makes it. */
static void machine_take(struct session *s)
{
	struct view rest = view_of(s->target.boot), word = view_cut(&rest, ',');
	struct catalog_machine *m = &s->target.machine;

	s->target.board = arena_strndup(&s->arena, word.p, word.n);
	while (rest.p && rest.n) {
		const char *value;

		word = view_cut(&rest, ',');
		value = arena_strndup(&s->arena, word.p, word.n);
		value = strchr(value, '=') ? strchr(value, '=') + 1 : "";
		if (view_starts(word, VIEW("cpus=")))
			m->cpus = strtoll(value, NULL, 10);
		else if (view_starts(word, VIEW("memory=")))
			m->memory_mb = strtoll(value, NULL, 10);
		else if (view_starts(word, VIEW("cpu=")))
			m->cpu = value;
		else if (view_starts(word, VIEW("accel=")))
			m->accel = value;
	}
}

static int source_take(struct session *s, struct ledger *ledger, const char *run, struct err *err)
{
	autojson json_t *about = NULL, *record = NULL;

	if (s->options->source) {
		if (source_import(s->options->home, s->options->source, NULL, &record, err) < 0)
			return -1;
		s->target.source_id = arena_strdup(&s->arena, json_str_or(record, "id", ""));
		s->target.source = s->options->source;
		return 0;
	}
	if (ledger_run_get(ledger, run, &about, err) < 0)
		return -1;
	s->target.source = arena_strdup(&s->arena, json_str_or(json_object_get(about, "request"), "spec", ""));
	if (source_load(s->options->home, s->target.source_id, &record, err) < 0)
		return err_wrap(err, "the source %s is not in this home; give it with --source", s->target.source_id);
	return 0;
}

static int target_take(struct session *s, struct ledger *ledger, const struct cell *failed, const struct cell *built,
		       struct err *err)
{
	const json_t *spec = json_object_get(built->record, "spec");
	const char *digest = json_string_value(json_object_get(spec, "config"));
	autobuf struct buf signature = { 0 };

	if (!digest || json_object_get(spec, "warm"))
		return err_user(err, "%s %s: nothing can be left out of its options", failed->build,
				digest ? "was built in a work tree, which has no fixed source" : "was not configured");
	name_split(s, failed->build);
	s->target.config = arena_strdup(&s->arena, digest);
	s->target.options = strings_of(&s->arena, json_object_get(spec, "options"));
	plan_signature(failed->record, &signature);
	s->target.signature = arena_strndup(&s->arena, signature.data ? signature.data : "", signature.n);
	if (!catalog_arch(s->catalog, s->target.arch) || !catalog_toolchain(s->catalog, s->target.toolchain) ||
	    (s->target.board && !catalog_board(s->catalog, s->target.board)))
		return err_user(err, "%s: the catalogue has no such arch, toolchain or board any more", failed->build);
	return source_take(s, ledger, failed->run, err);
}

int target_find(struct session *s, struct err *err)
{
	const char *at = strchr(s->options->target, '@');
	autofree char *name = at ? mem_strndup(s->options->target, (size_t)(at - s->options->target))
				 : mem_strdup(s->options->target);
	autocell struct cell failed = { 0 }, built = { 0 };
	struct ledger *ledger = NULL;
	int status;

	s->target.boot = at ? arena_strdup(&s->arena, at + 1) : NULL;
	if (at)
		machine_take(s);
	if (ledger_open(s->options->home, &ledger, err) < 0)
		return -1;
	status = ledger_cells_find(ledger, name, at ? at + 1 : "", cell_take, &failed, err);
	if (status == 0)
		status = failed_check(name, s->target.boot, &failed, err);
	if (status == 0) {
		built.run = mem_strdup(failed.run);
		status = ledger_cells_find(ledger, failed.build, "", cell_take, &built, err);
	}
	if (status == 0 && !built.record)
		status = err_user(err, "the build of %s is not in its run", failed.build);
	if (status == 0)
		status = target_take(s, ledger, &failed, &built, err);
	ledger_free(ledger);
	return status;
}
