/* From a wish of the plan to its records: found, or run. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "qemu/qemu.h"
#include "run/private.h"
#include "step/step.h"

#include <string.h>

/* A tiny build takes little memory, a full one's link about 1 GB. */
enum { BUILD_MB = 1024, SMALL_MB = 256 };

const char *const task_kind_texts[] = { "configure", "init", "build", "boot" };

static const enum engine_priority priorities[] = { ENGINE_FIRST, ENGINE_FIRST, ENGINE_LATER, ENGINE_SOON };

void task_free(struct task *task)
{
	json_decref(task->spec);
	json_decref(task->records);
	json_decref(task->avoid);
	free(task->because);
	free(task->build);
	free(task->board);
	vec_free(&task->waiters);
	free(task);
}

struct run_event task_event(const struct task *task, enum run_event_kind kind)
{
	return (struct run_event){ .kind = kind,
				   .step = task->kvm_probe_of ? "probe KVM with" : task_kind_texts[task->kind],
				   .task = task->key,
				   .build = task->build,
				   .board = task->board };
}

bool record_is_infra(const json_t *record)
{
	return strcmp(json_str_or(record, "verdict", "infra"), "infra") == 0;
}

/* Of a boot that its lab had no device or no time for. */
static bool is_skip(const json_t *record)
{
	return strcmp(json_str_or(record, "verdict", ""), "skip") == 0;
}

void task_learn(struct task *task, json_t *record)
{
	static const char *const asked[] = { "step", "kind", "attempt", "verdict", "reason", "signature" };
	json_t *kept, *value;

	if (task->kind != PLAN_BOOT) {
		json_array_append(task->records, record);
		return;
	}
	kept = json_object();
	for (size_t i = 0; i < countof(asked); i++)
		if ((value = json_object_get(record, asked[i])))
			json_object_set(kept, asked[i], value);
	json_array_append_new(task->records, kept);
}

void task_avoid(struct task *task, const json_t *record)
{
	const char *device = json_str_or(json_object_get(record, "lava"), "device", NULL);

	if (device && !task->avoid)
		task->avoid = json_array();
	if (device)
		json_array_append_new(task->avoid, json_string(device));
	if (!task->because)
		task->because = mem_strdup(json_str_or(record, "reason", ""));
}

/* Earlier attempts that count here: of this run when it is resumed, of any when boots may be reused. Those of this run
 * that came to nothing in a lab tell which devices to avoid; those of other runs may have been mended since. */
static int attempts_known(struct run *run, struct task *task, struct err *err)
{
	bool reuse = run->options->reuse_boots && task->kind == PLAN_BOOT;
	autojson json_t *found = NULL;
	json_t *record;
	size_t i;

	if (!run->ledger || !(reuse || run->resumed))
		return 0;
	if (ledger_attempts(run->ledger, task->key, reuse ? NULL : run->id, &found, err) < 0)
		return -1;
	json_array_foreach (found, i, record) {
		if (record_is_infra(record)) {
			if (!reuse && json_object_get(record, "lava"))
				task_avoid(task, record);
		} else if (!is_skip(record)) {
			task_learn(task, record);
		}
	}
	return 0;
}

int task_look(struct run *run, struct task *task, struct err *err)
{
	json_t *record;

	if (!task->pure)
		return attempts_known(run, task, err);
	record = step_lookup(run->options->home, task->key);
	if (!record)
		return 0;
	json_array_append_new(task->records, record);
	return run->ledger ? ledger_attempt_done(run->ledger, run->id, record, err) : 0;
}

static int memory_of(const struct task *task)
{
	if (task->kind == PLAN_BUILD)
		return BUILD_MB;
	if (task->kind == PLAN_BOOT)
		return SMALL_MB + (int)json_int_or(json_object_get(task->spec, "board"), "memory_mb", 128);
	return SMALL_MB;
}

bool task_in_lab(const struct task *task)
{
	return json_object_get(task->spec, "lab") != NULL;
}

/* In a lab an attempt that was lost may still go on: it is followed first. */
static const char *lost_attempt(const struct run *run, const struct task *task)
{
	return task_in_lab(task) && task->tries == 0 ? json_str_or(run->lost, task->key, NULL) : NULL;
}

static void attempt_name(const struct run *run, const struct task *task, char attempt[static UUID_TEXT])
{
	const char *lost = lost_attempt(run, task);

	if (lost && strlen(lost) == UUID_TEXT - 1)
		memcpy(attempt, lost, UUID_TEXT);
	else
		uuid_make(attempt);
}

static json_t *lab_used(const char *lab, void *data)
{
	struct run *run = data;
	struct err ignored = { 0 };
	json_t *used = NULL;

	return ledger_lab_use(run->ledger, lab, &used, &ignored) < 0 ? NULL : used;
}

static int lab_submit(struct run *run, struct task *task, const struct engine_job *job, struct err *err)
{
	const struct lab_engine_options options = {
		.home = run->options->home,
		.catalog = run->catalog,
		.surveys = run->labs,
		.used = run->ledger ? lab_used : NULL,
		.started = task_started,
		.ended = task_ended,
		.parted = task_parted,
		.data = run,
	};
	const char *build = strchr(task->build, '/');
	autofree char *name = mem_printf("%s@%s", build ? build + 1 : task->build, task->board);
	const struct lab_wish wish = {
		.name = name,
		.adopt = strcmp(json_str_or(run->lost, task->key, ""), job->attempt) == 0,
		.avoid = task->avoid,
		.because = task->because,
	};

	if (!run->lab_engine && lab_engine_new(&run->loop, &options, &run->lab_engine, err) < 0)
		return -1;
	lab_engine_submit(run->lab_engine, job, &wish);
	return 0;
}

int task_submit(struct run *run, struct task *task, struct err *err)
{
	struct engine_job job = {
		.spec = task->spec,
		.cpus = task->kind == PLAN_BOOT ? (int)json_int_or(json_object_get(task->spec, "board"), "cpus", 1) : 1,
		.memory_mb = memory_of(task),
		.priority = task->kvm_probe_of ? ENGINE_LAST : priorities[task->kind],
		.data = task,
	};

	attempt_name(run, task, job.attempt);
	memcpy(task->attempt, job.attempt, sizeof(job.attempt));
	task->running = true;
	task->tries++;
	/* A pure step needs no trace of its start: whoever finishes it, its record is found by its key. */
	if (run->ledger && !task->pure &&
	    ledger_attempt_start(run->ledger, run->id, job.attempt, task->key, task_kind_texts[task->kind], err) < 0)
		return -1;
	if (task_in_lab(task))
		return lab_submit(run, task, &job, err);
	engine_submit(run->engine, &job);
	return 0;
}

struct task *task_make(struct run *run, json_t *spec, enum plan_kind kind, const char *build, const char *board)
{
	struct task *task = mem_alloc(sizeof(*task));

	step_key(spec, task->key);
	task->spec = json_incref(spec);
	task->kind = kind;
	task->pure = kind != PLAN_BOOT && strcmp(json_str_or(spec, "kind", ""), "build-warm") != 0;
	task->records = json_array();
	task->build = mem_strdup(build);
	task->board = board ? mem_strdup(board) : NULL;
	map_set(&run->tasks, view_of(task->key), task);
	*vec_push(&run->all_tasks) = task;
	return task;
}

/* Whether the cell waits for the task already; else it is noted that it does. A step that many cells share has many
 * waiters, which must not be searched at each. */
static bool waits(struct run *run, const struct task *task, size_t cell, const struct plan_step *step)
{
	if (step->kind < PLAN_BOOT) {
		const struct task *before = run->cells[cell].awaited[step->kind];

		run->cells[cell].awaited[step->kind] = task;
		return before == task;
	}
	for (size_t i = 0; i < task->waiters.n; i++)
		if (task->waiters.data[i].cell == cell && task->waiters.data[i].step.place == step->place)
			return true;
	return false;
}

/* Asks for a step of a cell. *now is true when its records are there already. */
static int step_want(struct run *run, size_t cell, const struct plan_step *step, bool *now, struct err *err)
{
	struct plan_state state = cell_state(&run->cells[cell]);
	autojson json_t *spec = plan_spec(run->plan, cell, &run->facts, &state, step);
	const struct plan_cell *pc = &run->plan->cells[cell];
	char key[HASH_HEX];
	struct task *task;

	step_key(spec, key);
	task = map_get(&run->tasks, view_of(key));
	if (!task) {
		autofree char *board = step->kind == PLAN_BOOT ? plan_board_name(pc, step->place) : NULL;

		task = task_make(run, spec, step->kind, run->cells[cell].name, board);
		if (task_look(run, task, err) < 0)
			return -1;
	}
	*now = json_array_size(task->records) && !task->running;
	if (*now)
		return cell_learn(run, cell, step, task->records, err);
	if (waits(run, task, cell, step))
		return 0;
	*vec_push(&task->waiters) = (struct waiter){ cell, *step };
	return task->running ? 0 : task_submit(run, task, err);
}

int cell_advance(struct run *run, size_t cell, struct err *err)
{
	bool again = true;
	int status = 0;

	while (again && status == 0) {
		struct plan_state state = cell_state(&run->cells[cell]);
		plan_step_vec steps = { 0 };

		again = false;
		plan_next(run->plan, cell, &run->facts, &state, &steps);
		for (size_t i = 0; i < steps.n && status == 0; i++) {
			bool now = false;

			if (run->options->plan_only && steps.data[i].kind != PLAN_CONFIGURE)
				continue;
			status = step_want(run, cell, &steps.data[i], &now, err);
			again |= now;
		}
		vec_free(&steps);
	}
	return status;
}
