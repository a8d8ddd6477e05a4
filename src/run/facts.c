/* What the world is like: found out once, before the plan is followed. */
#include "base/cleanup.h"
#include "base/fs.h"
#include "guest/guest.h"
#include "kernel/kernel.h"
#include "lab/lab.h"
#include "qemu/qemu.h"
#include "run/private.h"
#include "source/source.h"

#include <errno.h>
#include <string.h>

enum { DATE_LENGTH = sizeof("2026-11-28") - 1 };

static void tell_import(void *data, const char *what, int64_t bytes)
{
	run_emit(data, &(struct run_event){ .kind = RUN_IMPORT, .text = what, .bytes = bytes });
}

int facts_source(struct run *run, struct err *err)
{
	struct source_progress progress = { tell_import, run };

	if (run->options->source_id
		    ? source_load(run->options->home, run->options->source_id, &run->source, err) < 0
		    : source_import(run->options->home, run->options->source, &progress, &run->source, err) < 0)
		return -1;
	run->facts.source = run->source;
	return 0;
}

/* A missing program is refused, or with --keep-going noted as the reason of its cells. */
static int missing(struct run *run, json_t *facts, const char *key, struct err *err)
{
	if (!run->options->keep_going)
		return -1;
	json_object_set_new(facts, key, json_text(view_of(err->msg)));
	*err = (struct err){ 0 };
	return 0;
}

static bool toolchain_there(const struct plan_cell *cell, const struct catalog_compiler *compiler)
{
	autofree char *driver = toolchain_driver(cell->toolchain->compiler, compiler->prefix ? compiler->prefix : "");
	autofree char *path = fs_which(driver);

	return path != NULL;
}

static int facts_host_toolchain(struct run *run, const struct plan_cell *cell,
				const struct catalog_toolchain *toolchain, struct err *err)
{
	const struct catalog_compiler *compiler = arch_compiler(cell->arch, toolchain->name);
	autofree char *key = mem_printf("%s/%s", cell->arch->name, toolchain->name);
	json_t *tools = NULL;

	if (json_object_get(run->toolchains, key))
		return 0;
	if (cell->arch->skip && !toolchain_there(cell, compiler)) {
		json_object_set_new(run->toolchains, key, json_string(cell->arch->skip));
		return 0;
	}
	if (toolchain_identify(run->options->home, toolchain->compiler, compiler->prefix ? compiler->prefix : "",
			       compiler->package, &tools, err) < 0)
		return missing(run, run->toolchains, key, err);
	json_object_set_new(run->toolchains, key, tools);
	return 0;
}

/* A toolchain that nothing vouches for is noted as such, where another is wanted then. */
static bool falls_back(struct run *run, const struct plan_cell *cell, const char *key, struct err *err)
{
	if (!run->options->fallback || err->class != ERR_USER || err->num != ENODATA ||
	    !plan_reference(run->catalog, cell->toolchain))
		return false;
	json_object_set_new(run->toolchains, key, json_pack("{s:o}", "unproved", json_text(view_of(err->msg))));
	*err = (struct err){ 0 };
	return true;
}

static int facts_toolchain(struct run *run, const struct plan_cell *cell, struct err *err)
{
	autofree char *name = cell->root ? plan_toolchain_name(cell) : NULL, *key = NULL;
	json_t *facts = NULL;

	if (cell->init_toolchain && facts_host_toolchain(run, cell, cell->init_toolchain, err) < 0)
		return -1;
	if (!cell->root)
		return 0;
	key = mem_printf("%s/%s", cell->arch->name, name);
	if (json_object_get(run->toolchains, key))
		return 0;
	if (facts_rooted(run, cell, &facts, err) < 0)
		return falls_back(run, cell, key, err) ? 0 : missing(run, run->toolchains, key, err);
	json_object_set_new(run->toolchains, key, facts);
	return 0;
}

static int facts_machine(struct run *run, const struct plan_cell *cell, const struct catalog_board *board,
			 struct err *err)
{
	const char *home = run->options->home, *accel;
	json_t *qemu = NULL;

	if (board->skip || !board->qemu_machine || json_object_get(run->machines, board->name))
		return 0;
	if (qemu_identify(home, cell->arch, board, &qemu, err) < 0) {
		if (!run->options->plan_only)
			return missing(run, run->machines, board->name, err);
		*err = (struct err){ 0 }; /* a plan boots nothing */
		return 0;
	}
	json_object_set_new(run->machines, board->name, qemu);
	if (qemu_accel(home, cell->arch, board, qemu, NULL, &accel, err) < 0)
		return -1;
	json_object_set_new(run->accels, board->name, json_string(accel));
	return 0;
}

static int facts_lab(struct run *run, const struct catalog_lab *entry, struct err *err)
{
	json_t *survey = NULL;
	struct lab *lab = NULL;
	int status;

	if (json_object_get(run->labs, entry->name))
		return 0;
	status = lab_open(entry, &lab, err) < 0 ? -1 : lab_survey(lab, run->catalog, &survey, err);
	lab_free(lab);
	if (status < 0)
		return missing(run, run->labs, entry->name, err);
	json_object_set_new(run->labs, entry->name, survey);
	return 0;
}

/* An accelerator that is asked for and is not there is refused: no kernel is to blame. */
static int facts_accel(struct run *run, const struct plan_cell *cell, const struct catalog_board *board,
		       struct err *err)
{
	const json_t *qemu = json_object_get(run->machines, board->name);
	const char *accel;

	if (!cell->machine.accel || !json_is_object(qemu))
		return 0;
	if (qemu_accel(run->options->home, cell->arch, board, qemu, cell->machine.accel, &accel, err) < 0)
		return err_wrap(err, "%s", board->name);
	return 0;
}

/* Compiled here once, so that no boot waits for it. */
static int warm_patterns(struct run *run, struct err *err)
{
	autofree char *cache = fs_join(run->options->home, "cache");
	struct judge_rules *rules = NULL;

	if (run->options->plan_only)
		return 0;
	if (judge_rules_new(run->catalog->patterns, run->catalog->n_patterns, cache, &rules, err) < 0)
		return -1;
	judge_rules_free(rules);
	return 0;
}

static int facts_patterns(struct run *run, struct err *err)
{
	autojson json_t *patterns = judge_patterns_json(run->catalog->patterns, run->catalog->n_patterns);
	autofree char *text = json_canonical(patterns);

	if (depot_put_bytes(run->depot, text, strlen(text), run->patterns, err) < 0)
		return -1;
	run->facts.patterns = run->patterns;
	return warm_patterns(run, err);
}

static int facts_init(struct run *run, struct err *err)
{
	autofree char *dir = mem_printf("%s/guest-init", run->options->data);

	if (guest_sources_put(run->depot, dir, run->init_sources, err) < 0)
		return err_wrap(err, "guest-init");
	run->facts.init_sources = run->init_sources;
	return 0;
}

/* One day for the whole run, in UTC. */
static void facts_today(struct run *run)
{
	clock_format(clock_unix(), run->today);
	run->today[DATE_LENGTH] = '\0';
	run->facts.today = run->today;
}

static int facts_place(struct run *run, const struct plan_cell *cell, size_t b, struct err *err)
{
	if (cell->places[b].lab)
		return facts_lab(run, cell->places[b].lab, err);
	return facts_machine(run, cell, cell->places[b].board, err) < 0 ||
			       facts_accel(run, cell, cell->places[b].board, err) < 0
		       ? -1
		       : 0;
}

/* Those that are known are not asked for again. */
static int facts_cells(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->plan->n; i++) {
		const struct plan_cell *cell = &run->plan->cells[i];

		if (facts_toolchain(run, cell, err) < 0)
			return -1;
		for (size_t b = 0; b < cell->n_places; b++)
			if (facts_place(run, cell, b, err) < 0)
				return -1;
	}
	return 0;
}

int facts_gather(struct run *run, struct err *err)
{
	facts_today(run);
	run->toolchains = json_object();
	run->machines = json_object();
	run->accels = json_object();
	run->labs = json_object();
	run->facts.toolchains = run->toolchains;
	run->facts.machines = run->machines;
	run->facts.accels = run->accels;
	run->facts.labs = run->labs;
	if (facts_cells(run, err) < 0 || (plan_fall_back(run->plan, &run->facts) && facts_cells(run, err) < 0))
		return -1;
	return facts_patterns(run, err) < 0 || facts_init(run, err) < 0 ? -1 : 0;
}
