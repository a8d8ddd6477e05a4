/* A run as one JSON document: what reports show. */
#include "base/cleanup.h"
#include "run/private.h"
#include "step/step.h"

#include <string.h>

static void copy_field(json_t *to, const json_t *record, const char *key)
{
	json_t *v = json_object_get(record, key);

	if (v && !json_is_null(v))
		json_object_set(to, key, v);
}

static const char *const build_fields[] = { "build_id",    "release", "warnings",       "errors", "seconds",
					    "cpu_seconds", "warm",    "unreproducible", "started" };
static const char *const boot_fields[] = { "signature", "line",   "seconds", "accel", "cpus",
					   "started",   "splats", "tests",   "lava" };

static void add_signature(json_t *to, const json_t *record)
{
	autobuf struct buf signature = { 0 };

	plan_signature(record, &signature);
	if (signature.n)
		json_object_set_new(to, "signature", json_text((struct view){ signature.data, signature.n }));
}

static int add_cell(const struct ledger_cell *cell, void *data)
{
	json_t *document = data;
	bool is_build = !*cell->board;
	const char *const *fields = is_build ? build_fields : boot_fields;
	size_t n = is_build ? countof(build_fields) : countof(boot_fields);
	json_t *c = json_pack("{s:s, s:s, s:s?, s:s?}", "build", cell->build, "verdict", verdict_text(cell->verdict),
			      "reason", cell->reason, "attempt", cell->attempt);

	if (!is_build) {
		json_object_set_new(c, "board", json_string(cell->board));
		json_object_set_new(c, "runner", json_string(cell->runner));
	}
	for (size_t i = 0; i < n; i++)
		copy_field(c, cell->record, fields[i]);
	if (is_build && (cell->verdict == VERDICT_FAIL || cell->verdict == VERDICT_KNOWN))
		add_signature(c, cell->record);
	json_array_append_new(json_object_get(document, is_build ? "builds" : "boots"), c);
	return 0;
}

int run_document(struct ledger *ledger, const char *prefix, json_t **document, struct err *err)
{
	autojson json_t *doc = NULL;

	if (ledger_run_get(ledger, prefix, &doc, err) < 0)
		return -1;
	json_object_set_new(doc, "builds", json_array());
	json_object_set_new(doc, "boots", json_array());
	if (ledger_cells(ledger, json_str_or(doc, "run", ""), add_cell, doc, err) < 0)
		return -1;
	*document = json_incref(doc);
	return 0;
}

static json_t *plan_board(struct run *run, size_t i, size_t b, const struct plan_state *state)
{
	struct arena a = { 0 };
	struct plan_verdict v = plan_board_verdict(run->plan, i, b, &run->facts, state, &a);
	autofree char *name = plan_board_name(&run->plan->cells[i], b);
	autofree char *runner = plan_runner_name(&run->plan->cells[i], b);
	json_t *boot = json_pack("{s:s, s:s, s:s, s:b, s:s, s:s?}", "build", run->cells[i].name, "board", name,
				 "runner", runner, "match", state->config && !v.known, "verdict",
				 v.known ? verdict_text(v.verdict) : "boot", "reason", v.reason);

	if (run->plan->cells[i].places[b].board->untested)
		json_object_set_new(boot, "untested", json_true());
	arena_free(&a);
	return boot;
}

/* What a plan can say of a build: failed to configure, there already, or to be made. */
static json_t *plan_build(struct run *run, size_t i, struct plan_state *state)
{
	struct arena a = { 0 };
	struct plan_verdict v = plan_build_verdict(run->plan, i, &run->facts, state, &a);
	const char *what = v.known ? verdict_text(v.verdict) : "build";
	autojson json_t *there = NULL;
	json_t *build;

	if (!v.known && state->configure) {
		autojson json_t *spec =
			plan_spec(run->plan, i, &run->facts, state, &(struct plan_step){ PLAN_BUILD, 0 });
		char key[HASH_HEX];

		step_key(spec, key);
		there = step_lookup(run->options->home, key);
	}
	build = json_pack("{s:s, s:s, s:s?, s:b}", "build", run->cells[i].name, "verdict", there ? "cached" : what,
			  "reason", v.reason, "cached", there != NULL);
	copy_field(build, state->configure, "dropped");
	copy_field(build, state->configure, "release");
	if (state->config)
		json_object_set_new(build, "config", json_string(record_artefact(state->configure, "config")));
	arena_free(&a);
	return build;
}

json_t *plan_document(struct run *run)
{
	json_t *builds = json_array(), *boots = json_array();

	for (size_t i = 0; i < run->plan->n; i++) {
		struct plan_state state = cell_state(&run->cells[i]);

		json_array_append_new(builds, plan_build(run, i, &state));
		for (size_t b = 0; b < run->plan->cells[i].n_places; b++)
			json_array_append_new(boots, plan_board(run, i, b, &state));
	}
	return json_pack("{s:s, s:o, s:o}", "state", "plan", "builds", builds, "boots", boots);
}

static void count_status(const json_t *list, bool *fail, bool *infra)
{
	json_t *c;
	size_t i;

	json_array_foreach (list, i, c) {
		enum verdict v = verdict_from_text(json_str_or(c, "verdict", ""));

		*fail |= v == VERDICT_FAIL || v == VERDICT_FLAKY;
		*infra |= v == VERDICT_INFRA;
	}
}

int run_exit_status(const json_t *document)
{
	bool fail = false, infra = false;

	count_status(json_object_get(document, "builds"), &fail, &infra);
	count_status(json_object_get(document, "boots"), &fail, &infra);
	return fail ? 1 : infra ? 3 : 0;
}
