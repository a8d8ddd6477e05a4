/* What comes of a task: records for those who wait, another try, or the end of the run. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "qemu/qemu.h"
#include "run/private.h"
#include "step/step.h"

#include <string.h>

/* An infra verdict is tried again, twice at most. */
enum { TRIES = 3, KVM_PROBE_MS = 15000 };

void task_started(const struct engine_job *job, void *data)
{
	struct task *task = job->data;
	struct run_event event = task_event(task, RUN_STARTED);

	task->started = clock_ms();
	run_emit(data, &event);
}

/* The cell of a boot, when it was not said which accelerator it shall have; *board then is where it boots. */
static const struct plan_cell *kvm_candidate(const struct run *run, const struct task *task,
					     const struct catalog_board **board)
{
	const struct plan_cell *cell = task->waiters.n ? &run->plan->cells[task->waiters.data[0].cell] : NULL;
	const char *asked = cell ? cell->machine.accel : NULL;

	if (task->kind != PLAN_BOOT || task_in_lab(task) || !cell || (asked && strcmp(asked, "auto") != 0))
		return NULL;
	*board = cell->places[task->waiters.data[0].step.place].board;
	return cell;
}

/* TCG has booted this on a board of the host's own architecture: does KVM boot it too? */
static int kvm_probe(struct run *run, struct task *task, const json_t *record, struct err *err)
{
	const struct catalog_board *board;
	const struct plan_cell *cell = kvm_candidate(run, task, &board);
	const json_t *qemu = json_object_get(task->spec, "qemu");
	const char *digest = json_str_or(qemu, "digest", "");
	autojson json_t *spec = NULL;
	struct task *probe;

	if (!cell || board->tcg_only || strcmp(json_str_or(record, "verdict", ""), "pass") != 0 ||
	    !arch_is_native(catalog_arch(run->catalog, board->arch)) || map_get(&run->kvm_probes, view_of(digest)) ||
	    qemu_kvm_state(run->options->home, qemu) != QEMU_KVM_UNKNOWN)
		return 0;
	map_set(&run->kvm_probes, view_of(digest), task);
	spec = json_copy(task->spec);
	json_object_set_new(spec, "accel", json_string("kvm"));
	json_object_set_new(spec, "board", qemu_board_spec(board, &cell->machine, "kvm"));
	json_object_set_new(spec, "limit_ms", json_integer(KVM_PROBE_MS));
	probe = task_make(run, spec, PLAN_BOOT, task->build, task->board);
	probe->kvm_probe_of = json_object_get(probe->spec, "qemu");
	return task_submit(run, probe, err);
}

static void run_fail(struct run *run, const struct err *err)
{
	if (run->failed.class == ERR_NONE)
		run->failed = *err;
	run_cancel(run);
}

static json_t *infra_record(const struct task *task, const struct err *err)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "step", task->key, "kind", task_kind_texts[task->kind], "attempt",
			 task->attempt, "verdict", "infra", "reason", json_text(view_of(err->msg)));
}

/* Whether what a record names is still there; a build in a person's work tree is taken as it is. */
static bool still_there(struct run *run, const json_t *record)
{
	autojson json_t *there = NULL;

	if (!record || json_bool_or(record, "warm", 0))
		return true;
	there = step_lookup(run->options->home, json_str_or(record, "step", ""));
	return there != NULL;
}

/* The task that made a record has to be asked anew. */
static int maker_reset(struct run *run, const json_t *record, struct err *err)
{
	struct task *maker = record ? map_get(&run->tasks, view_of(json_str_or(record, "step", ""))) : NULL;

	if (!maker || !maker->pure || maker->running)
		return 0;
	json_array_clear(maker->records);
	maker->waiters.n = 0;
	maker->tries = 0;
	return task_look(run, maker, err);
}

static int cell_reset(struct run *run, size_t cell, struct err *err)
{
	struct run_cell *c = &run->cells[cell];

	if (maker_reset(run, c->configure, err) < 0 || maker_reset(run, c->init, err) < 0 ||
	    maker_reset(run, c->build, err) < 0)
		return -1;
	cell_forget(run, cell);
	*vec_push(&run->ready) = cell;
	return 0;
}

/* Tries again. Where an artefact that the step needs is gone, it is made again first. */
static int task_retry(struct run *run, struct task *task, struct err *err)
{
	bool whole = true;

	for (size_t i = 0; i < task->waiters.n; i++) {
		const struct run_cell *c = &run->cells[task->waiters.data[i].cell];

		/* Another retry may have reset the cell already. */
		whole &= task->kind == PLAN_BOOT ? c->build != NULL : task->kind != PLAN_BUILD || c->configure != NULL;
		whole &= still_there(run, c->configure) && still_there(run, c->init) && still_there(run, c->build);
	}
	if (whole)
		return task_submit(run, task, err);
	for (size_t i = 0; i < task->waiters.n; i++)
		if (cell_reset(run, task->waiters.data[i].cell, err) < 0)
			return -1;
	task->waiters.n = 0;
	return 0;
}

static void emit_ended(struct run *run, const struct task *task, const json_t *record, bool again)
{
	struct run_event event = task_event(task, RUN_ENDED);
	struct arena a = { 0 };

	event.verdict = verdict_from_text(json_str_or(record, "verdict", "infra"));
	event.reason = json_str_or(record, "reason", NULL);
	if (event.verdict == VERDICT_FAIL && task->waiters.n) {
		const struct waiter *first = &task->waiters.data[0];
		struct plan_state state = cell_state(&run->cells[first->cell]);
		struct plan_verdict v =
			plan_record_verdict(run->plan, first->cell, &first->step, &run->facts, &state, record, &a);

		event.verdict = v.verdict;
		event.reason = v.reason;
	}
	event.seconds = (double)(clock_ms() - task->started) / 1000;
	event.again = again;
	run_emit(run, &event);
	arena_free(&a);
}

static void emit_kvm(struct run *run, const struct task *task, bool works)
{
	struct run_event event = task_event(task, RUN_NOTE);

	event.kvm = true;
	event.text = works ? "KVM boots guests here: it is used from the next run on"
			   : "KVM does not boot guests here: TCG is used";
	run_emit(run, &event);
}

/* Options that were asked for and are not in the final .config. */
static void emit_dropped(struct run *run, const struct task *task, const json_t *record)
{
	json_t *d;
	size_t i;

	json_array_foreach (json_object_get(record, "dropped"), i, d) {
		autofree char *text = mem_printf("%s=%s was asked for: %s", json_str_or(d, "symbol", ""),
						 json_str_or(d, "want", ""), json_str_or(d, "why", ""));
		struct run_event event = task_event(task, RUN_NOTE);

		event.text = text;
		run_emit(run, &event);
	}
}

/* What came to nothing on a device of a lab is tried on another, as long as there may be one. */
static bool lab_again(struct task *task, const json_t *record)
{
	task_avoid(task, record);
	return !json_bool_or(json_object_get(record, "lava"), "alone", false);
}

/* A boot that has ended is not asked for again. */
static void task_settle(struct task *task)
{
	if (task->kind != PLAN_BOOT)
		return;
	json_decref(task->spec);
	task->spec = NULL;
}

/* The record counts: for the ledger, for those who wait, for KVM. */
static int task_finish(struct run *run, struct task *task, json_t *record, struct err *err)
{
	bool again = record_is_infra(record) && task->tries < TRIES && !task->kvm_probe_of;

	if (again && task_in_lab(task))
		again = lab_again(task, record);
	task->running = false;
	if (run->ledger && ledger_attempt_done(run->ledger, run->id, record, err) < 0)
		return -1;
	if (task->kvm_probe_of) {
		bool works = strcmp(json_str_or(record, "verdict", ""), "pass") == 0;

		run->finished++;
		emit_kvm(run, task, works);
		return qemu_kvm_record(run->options->home, task->kvm_probe_of, works, err);
	}
	run->finished += !again;
	emit_ended(run, task, record, again);
	emit_dropped(run, task, record);
	if (again)
		return task_retry(run, task, err);
	task_learn(task, record);
	for (size_t i = 0; i < task->waiters.n; i++) {
		if (cell_learn(run, task->waiters.data[i].cell, &task->waiters.data[i].step, task->records, err) < 0)
			return -1;
		*vec_push(&run->ready) = task->waiters.data[i].cell;
	}
	if (kvm_probe(run, task, record, err) < 0)
		return -1;
	task_settle(task);
	return 0;
}

static int ready_advance(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->ready.n; i++) {
		if (cell_advance(run, run->ready.data[i], err) < 0)
			return -1;
		if (run->ledger && cells_to_ledger(run, run->ready.data[i], err) < 0)
			return -1;
	}
	run->ready.n = 0;
	return 0;
}

void task_ended(const struct engine_job *job, json_t *record, const struct err *err, void *data)
{
	struct run *run = data;
	struct task *task = job->data;
	autojson json_t *made = NULL;
	struct err failed = { 0 };

	if (run->interrupted || run->failed.class != ERR_NONE)
		return;
	if (!record && err->class == ERR_USER) {
		run_fail(run, err);
		return;
	}
	if (!record)
		record = made = infra_record(task, err);
	if (run->ledger && ledger_begin(run->ledger, &failed) < 0) {
		run_fail(run, &failed);
		return;
	}
	if (task_finish(run, task, record, &failed) < 0 || ready_advance(run, &failed) < 0 ||
	    (run->ledger && ledger_commit(run->ledger, &failed) < 0))
		run_fail(run, &failed);
}

/* For people; NULL where there is nothing that they could do or would look for. */
static char *parting_text(const struct lab_parting *p)
{
	switch (p->fate) {
	case LAB_FATE_NONE:
		return NULL;
	case LAB_FATE_CANCELLED:
		return mem_printf("job %lld in lab %s was cancelled: it still needed files of this process",
				  (long long)p->id, p->lab);
	case LAB_FATE_EARLY:
		return mem_printf(
			"job %lld in lab %s has just begun, and could not be cancelled yet, though it still needs "
			"files of this process: kiln lab cancel %s %lld ends it, as does coming back",
			(long long)p->id, p->lab, p->lab, (long long)p->id);
	case LAB_FATE_LEFT:
		return mem_printf("job %lld in lab %s goes on: %s", (long long)p->id, p->lab, p->url);
	case LAB_FATE_UNSURE:
		return p->id ? mem_printf("job %lld in lab %s may go on, the lab did not say in time: %s",
					  (long long)p->id, p->lab, p->url)
			     : mem_printf("lab %s may have a job for it, but did not say in time", p->lab);
	}
	return NULL;
}

/* One that is known to be gone is not looked for when the run goes on. */
void task_parted(const struct engine_job *job, const struct lab_parting *parting, void *data)
{
	struct run *run = data;
	const struct task *task = job->data;
	struct run_event event = task_event(task, RUN_LEFT);
	autofree char *text = parting_text(parting);
	autojson json_t *record = NULL;
	struct err err = { 0 };

	if (lab_is_gone(parting->fate)) {
		err_infra(&err, 0, "its run was interrupted");
		record = infra_record(task, &err);
		ledger_attempt_done(run->ledger, run->id, record, &err);
	}
	event.text = text;
	if (text)
		run_emit(run, &event);
}
