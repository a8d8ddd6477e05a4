/* What a cell needs next, and what can be said of it by now. */
#include "base/cleanup.h"
#include "plan/known.h"
#include "plan/private.h"
#include "step/step.h"

#include <string.h>

static enum verdict record_verdict(const json_t *record)
{
	return verdict_from_text(json_str_or(record, "verdict", "infra"));
}

static bool passed(const json_t *record)
{
	enum verdict v = record ? record_verdict(record) : VERDICT_INFRA;

	return v == VERDICT_PASS || v == VERDICT_WARN;
}

/* Why the toolchain or the machine is not there, or NULL when it is. */
static const char *toolchain_missing(const struct plan_cell *cell, const struct plan_facts *facts)
{
	autofree char *name = plan_toolchain_name(cell), *key = mem_printf("%s/%s", cell->arch->name, name);

	return json_string_value(json_object_get(facts->toolchains, key));
}

static const char *runner_missing(const struct plan_place *place, const struct plan_facts *facts)
{
	if (place->lab)
		return lab_missing(place->lab, facts);
	return json_string_value(json_object_get(facts->machines, place->board->name));
}

/* Why the board cannot boot anything there, or NULL. */
static const char *board_skip(const struct plan_place *place)
{
	const struct catalog_board *b = place->board;

	if (place->lab)
		return b->lava.skip;
	return b->skip || b->qemu_machine ? b->skip : "it is a real board: --runner lava boots it";
}

/* Whether an attempt at this boot may be under way in its lab since before: that is followed, whatever the lab has just
 * now. It shows by the spec, so as long as that is not complete it may be. */
static bool is_under_way(const struct plan *plan, const struct plan_cell *cell, size_t board,
			 const struct plan_facts *facts, const struct plan_state *state)
{
	const struct plan_step step = { PLAN_BOOT, board };
	autojson json_t *spec = NULL;
	char key[HASH_HEX];

	if (!cell->places[board].lab || !json_object_size(facts->lost))
		return false;
	if (!state->build || (cell->rootfs && !state->init))
		return true;
	if (!passed(state->build) || (cell->rootfs && !passed(state->init)))
		return false;
	spec = plan_spec(plan, (size_t)(cell - plan->cells), facts, state, &step);
	step_key(spec, key);
	return json_object_get(facts->lost, key) != NULL;
}

static bool place_matches(const struct plan *plan, const struct plan_cell *cell, size_t board,
			  const struct plan_facts *facts, const struct plan_state *state, struct arena *a,
			  reason_vec *reasons)
{
	const struct plan_place *place = &cell->places[board];

	if (!place->lab)
		return runner_match(json_object_get(facts->machines, place->board->name), a, reasons);
	return is_under_way(plan, cell, board, facts, state) || lab_match(place->lab, place->board, facts, a, reasons);
}

/* Appends why the board cannot boot this config; true when it can. */
static bool cell_matches(const struct plan *plan, const struct plan_cell *cell, size_t board,
			 const struct plan_facts *facts, const struct plan_state *state, struct arena *a,
			 reason_vec *reasons)
{
	const struct plan_place *place = &cell->places[board];
	struct kversion kernel = state_kernel(state);
	size_t unmet = 0;

	if (!place_matches(plan, cell, board, facts, state, a, reasons))
		return false;
	if (!board_match(plan->catalog, place->board, &cell->machine, state->config, kernel, cell->arch->kernel, a,
			 reasons))
		return false;
	if (cell->rootfs)
		unmet = requirements_match(cell->rootfs->require.data, cell->rootfs->require.n, state->config, kernel,
					   a, reasons);
	return unmet == 0;
}

static bool place_boots(const struct plan *plan, const struct plan_cell *cell, size_t board,
			const struct plan_facts *facts, const struct plan_state *state)
{
	struct arena a = { 0 };
	reason_vec reasons = { 0 };
	bool matches = false;

	if (!board_skip(&cell->places[board]) && !runner_missing(&cell->places[board], facts) && state->config)
		matches = cell_matches(plan, cell, board, facts, state, &a, &reasons);
	vec_free(&reasons);
	arena_free(&a);
	return matches;
}

/* Whether all attempts there came to nothing: the lab failed, or had no device or no time for it. */
static bool place_gave_up(const struct plan_state *state, size_t board)
{
	enum verdict v;

	if (!state->boots || !state->boots[board] || !json_array_size(state->boots[board]))
		return false;
	v = plan_combine(state->boots[board], NULL);
	return v == VERDICT_INFRA || v == VERDICT_SKIP;
}

/* The earlier place of the same board that does what is to be done once; board itself when there is none. */
static size_t first_place(const struct plan *plan, const struct plan_cell *cell, size_t board,
			  const struct plan_facts *facts, const struct plan_state *state)
{
	const struct plan_place *places = cell->places;

	for (size_t i = 0; places[board].once && i < board; i++)
		if (places[i].once && places[i].board == places[board].board && !place_gave_up(state, i) &&
		    place_boots(plan, cell, i, facts, state))
			return i;
	return board;
}

static bool board_boots(const struct plan *plan, const struct plan_cell *cell, size_t board,
			const struct plan_facts *facts, const struct plan_state *state)
{
	return first_place(plan, cell, board, facts, state) == board && place_boots(plan, cell, board, facts, state);
}

/* A board that needs a device tree is silent without one: no kernel is to blame. */
static bool lacks_dtb(const struct plan_cell *cell, size_t board, const struct plan_state *state)
{
	const char *dtb = cell->places[board].board->dtb;
	autofree char *name = mem_printf("dtb/%s", dtb ? dtb : "");

	return dtb && passed(state->build) && !record_artefact(state->build, name);
}

static void want(plan_step_vec *steps, enum plan_kind kind, size_t board)
{
	*vec_push(steps) = (struct plan_step){ kind, board };
}

static bool has_attempts(const struct plan_state *state, size_t board)
{
	return state->boots && state->boots[board] && json_array_size(state->boots[board]);
}

void plan_next(const struct plan *plan, size_t i, const struct plan_facts *facts, const struct plan_state *state,
	       plan_step_vec *steps)
{
	const struct plan_cell *cell = &plan->cells[i];
	bool init_asked = false;

	if (config_missing(cell, facts) || toolchain_missing(cell, facts) || toolchain_unproved(cell, facts))
		return;
	if (!state->configure) {
		want(steps, PLAN_CONFIGURE, 0);
		return;
	}
	if (!passed(state->configure) || !state->config)
		return;
	if (!state->build)
		want(steps, PLAN_BUILD, 0);
	for (size_t b = 0; b < cell->n_places; b++) {
		if (has_attempts(state, b) || lacks_dtb(cell, b, state) || !board_boots(plan, cell, b, facts, state))
			continue;
		if (cell->rootfs && !state->init && !init_asked) {
			want(steps, PLAN_INIT, 0);
			init_asked = true;
		}
		if (passed(state->build) && (!cell->rootfs || passed(state->init)))
			want(steps, PLAN_BOOT, b);
	}
}

static struct plan_verdict verdict_of(const json_t *record)
{
	return (struct plan_verdict){ true, record_verdict(record), json_str_or(record, "reason", NULL),
				      json_str_or(record, "attempt", NULL) };
}

static struct plan_verdict skip(const char *reason)
{
	return (struct plan_verdict){ true, VERDICT_SKIP, reason, NULL };
}

/* The build that there is says by its own name what made it. */
static struct plan_verdict replaced(const struct plan *plan, const struct plan_cell *cell, const char *why,
				    struct arena *a)
{
	const struct catalog_toolchain *reference = plan_reference(plan->catalog, cell->toolchain);

	return skip(arena_printf(a, "built by %s+%s in its place: %s", reference ? reference->name : "nothing",
				 cell->root->name, why));
}

struct plan_verdict plan_build_verdict(const struct plan *plan, size_t i, const struct plan_facts *facts,
				       const struct plan_state *state, struct arena *a)
{
	const struct plan_cell *cell = &plan->cells[i];
	const char *missing = toolchain_missing(cell, facts), *other = config_missing(cell, facts);
	const char *unproved = toolchain_unproved(cell, facts);
	const json_t *record = state->configure && !passed(state->configure) ? state->configure : state->build;
	struct plan_verdict verdict;

	if (other)
		return skip(other);
	if (unproved)
		return replaced(plan, cell, unproved, a);
	if (missing && cell->arch->skip)
		return skip(cell->arch->skip);
	if (missing)
		return (struct plan_verdict){ true, VERDICT_INFRA, missing, NULL };
	if (!record)
		return (struct plan_verdict){ .known = false };
	verdict = verdict_of(record);
	known_apply(plan, i, NULL, facts, state, record, &verdict, a);
	return verdict;
}

struct plan_verdict plan_record_verdict(const struct plan *plan, size_t i, const struct plan_step *step,
					const struct plan_facts *facts, const struct plan_state *state,
					const json_t *record, struct arena *a)
{
	const char *board = step->kind == PLAN_BOOT ? plan->cells[i].places[step->place].board->name : NULL;
	struct plan_verdict verdict = verdict_of(record);

	if (step->kind != PLAN_INIT)
		known_apply(plan, i, board, facts, state, record, &verdict, a);
	return verdict;
}

enum verdict plan_combine(const json_t *records, size_t *attempt)
{
	enum verdict result = VERDICT_INFRA;
	bool pass = false, fail = false;
	size_t i, chosen = 0;
	json_t *record;

	json_array_foreach (records, i, record) {
		enum verdict v = record_verdict(record);
		bool bad = v == VERDICT_FAIL || v == VERDICT_FLAKY;

		if (v == VERDICT_INFRA && (pass || fail))
			continue;
		/* A failure stands for the cell, else the newest. */
		if (bad || !fail)
			chosen = i;
		pass |= v == VERDICT_PASS || v == VERDICT_WARN;
		fail |= bad;
		if (!bad && !fail && v < VERDICT_COUNT)
			result = result == VERDICT_WARN && v == VERDICT_PASS ? result : v;
	}
	if (attempt)
		*attempt = chosen;
	return fail ? (pass ? VERDICT_FLAKY : VERDICT_FAIL) : result;
}

static struct plan_verdict unmatched(const struct plan *plan, const struct plan_cell *cell, size_t board,
				     const struct plan_facts *facts, const struct plan_state *state, struct arena *a)
{
	size_t first = first_place(plan, cell, board, facts, state);
	struct plan_verdict verdict = { .known = false };
	reason_vec reasons = { 0 };

	if (board_skip(&cell->places[board]))
		return skip(board_skip(&cell->places[board]));
	if (runner_missing(&cell->places[board], facts))
		return (struct plan_verdict){ true, VERDICT_INFRA, runner_missing(&cell->places[board], facts), NULL };
	if (first != board)
		return skip(cell->places[first].lab
				    ? arena_printf(a, "it boots in the lab %s", cell->places[first].lab->name)
				    : "it boots on this host");
	if (!cell_matches(plan, cell, board, facts, state, a, &reasons))
		verdict = skip(reasons_line(&reasons, a));
	else if (lacks_dtb(cell, board, state))
		verdict = skip(arena_printf(a, "the build has no device tree %s, which the board needs",
					    cell->places[board].board->dtb));
	vec_free(&reasons);
	return verdict;
}

struct plan_verdict plan_board_verdict(const struct plan *plan, size_t i, size_t board, const struct plan_facts *facts,
				       const struct plan_state *state, struct arena *a)
{
	const struct plan_cell *cell = &plan->cells[i];
	struct plan_verdict build = plan_build_verdict(plan, i, facts, state, a), board_verdict;

	if (has_attempts(state, board)) {
		size_t chosen;
		enum verdict v = plan_combine(state->boots[board], &chosen);
		const json_t *record = json_array_get(state->boots[board], chosen);
		struct plan_verdict verdict = verdict_of(record);

		verdict.verdict = v;
		known_apply(plan, i, cell->places[board].board->name, facts, state, record, &verdict, a);
		return verdict;
	}
	if (state->config) {
		board_verdict = unmatched(plan, cell, board, facts, state, a);
		if (board_verdict.known)
			return board_verdict;
	}
	if (build.known && build.verdict == VERDICT_SKIP)
		return build;
	if (build.known && build.verdict != VERDICT_PASS && build.verdict != VERDICT_WARN)
		return build.verdict == VERDICT_INFRA
			       ? (struct plan_verdict){ true, VERDICT_INFRA, "its build did not run", NULL }
			       : skip("its build failed");
	if (state->init && !passed(state->init))
		return verdict_of(state->init);
	return (struct plan_verdict){ .known = false };
}
