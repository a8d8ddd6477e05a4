#define _GNU_SOURCE
#include "run/run.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/work.h"
#include "run/private.h"
#include "step/step.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { TICK_MS = 200, REST_MS = 5000, MEMORY_SHARE_PERCENT = 85, FALLBACK_MB = 2048 };

/* Memory that steps may fill, in MB: a share of what is available (proc(5), MemAvailable). */
static int64_t memory_budget(void)
{
	autofclose FILE *f = fopen("/proc/meminfo", "re");
	char line[256];
	long long kb;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lld kB", &kb) == 1)
			return kb / 1024 * MEMORY_SHARE_PERCENT / 100;
	return FALLBACK_MB;
}

static void on_tick(uv_timer_t *timer)
{
	run_emit(timer->data, &(struct run_event){ .kind = RUN_TICK });
}

static int loop_open(struct run *run, struct err *err)
{
	uint64_t tick = run->options->ticks ? TICK_MS : REST_MS;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct engine_options options = {
		.home = run->options->home,
		.program = run->options->program,
		.jobs = run->options->jobs > 0 ? run->options->jobs
			: cpus > 0             ? (int)cpus
					       : 1,
		.memory_mb = memory_budget(),
		.started = task_started,
		.ended = task_ended,
		.data = run,
	};

	signal(SIGPIPE, SIG_IGN); /* a step that dies early closes its end of the pipe */
	uv_loop_init(&run->loop);
	signals_take(run);
	uv_timer_init(&run->loop, &run->ticker);
	run->ticker.data = run;
	uv_timer_start(&run->ticker, on_tick, tick, tick);
	return engine_new(&run->loop, &options, &run->engine, err);
}

static void loop_close(struct run *run)
{
	signals_close(run);
	uv_close((uv_handle_t *)&run->ticker, NULL);
	engine_free(run->engine);
	lab_engine_free(run->lab_engine);
	run->engine = NULL;
	run->lab_engine = NULL;
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_loop_close(&run->loop);
}

static int cells_begin(struct run *run, struct err *err)
{
	run->cells = mem_alloc(run->plan->n * sizeof(*run->cells));
	for (size_t i = 0; i < run->plan->n; i++) {
		run->cells[i].name = plan_build_name(run->plan, i, &run->facts);
		run->cells[i].boots = mem_alloc(run->plan->cells[i].n_places * sizeof(json_t *));
	}
	run_emit(run, &(struct run_event){ .kind = RUN_BEGIN });
	if (run->ledger && ledger_begin(run->ledger, err) < 0)
		return -1;
	for (size_t i = 0; i < run->plan->n; i++)
		if (cell_advance(run, i, err) < 0)
			return -1;
	return run->ledger ? ledger_commit(run->ledger, err) : 0;
}

/* Follows the plan until nothing waits and nothing runs. */
static int cells_finish(struct run *run, struct err *err)
{
	while (run_waiting(run) || run_running(run))
		uv_run(&run->loop, UV_RUN_ONCE);
	if (run->interrupted)
		return err_infra(err, 0, "interrupted; the same command goes on where this one stopped"),
		       err->num = EINTR, -1;
	if (run->failed.class != ERR_NONE) {
		*err = run->failed;
		return -1;
	}
	return 0;
}

static int run_conclude(struct run *run, json_t **document, struct err *err)
{
	if (!run->ledger) {
		*document = plan_document(run);
		return 0;
	}
	if (ledger_begin(run->ledger, err) < 0)
		return -1;
	for (size_t i = 0; i < run->plan->n; i++)
		if (cells_to_ledger(run, i, err) < 0)
			return -1;
	if (ledger_run_finish(run->ledger, run->id, err) < 0 || ledger_commit(run->ledger, err) < 0)
		return -1;
	run_unlock(run);
	if (run->finished && ledger_backup(run->ledger, err) < 0)
		return -1;
	return run_document(run->ledger, run->id, document, err);
}

static int run_follow(struct run *run, json_t **document, struct err *err)
{
	int status;

	if (loop_open(run, err) < 0)
		return -1;
	status = cells_begin(run, err);
	if (status < 0)
		run_cancel(run);
	if (status < 0) {
		struct err ignored = { 0 };

		run->failed = *err;
		cells_finish(run, &ignored);
	} else {
		status = cells_finish(run, err);
	}
	run_emit(run, &(struct run_event){ .kind = RUN_DONE });
	loop_close(run);
	return status < 0 ? -1 : run_conclude(run, document, err);
}

static int run_open(struct run *run, struct err *err)
{
	const char *home = run->options->home;

	if (fs_mkdirs(AT_FDCWD, home, 0755, err) < 0 || work_sweep(home, err) < 0 ||
	    depot_open(home, &run->depot, err) < 0)
		return err_wrap(err, "Kiln's home %s", home);
	if (!run->options->plan_only && ledger_open(home, &run->ledger, err) < 0)
		return -1;
	if (run->options->id && run_take(run, err) < 0)
		return -1;
	if (plan_expand(run->catalog, &run->options->plan, &run->plan, err) < 0 || facts_source(run, err) < 0)
		return -1;
	if (facts_gather(run, err) < 0)
		return run->options->id && err->class == ERR_INFRA ? run_stays(run->options->id, err->msg, err) : -1;
	return run->ledger ? run_register(run, err) : 0;
}

static void run_close(struct run *run)
{
	for (size_t i = 0; run->cells && i < run->plan->n; i++)
		cell_clear(run, i);
	free(run->cells);
	for (size_t i = 0; i < run->all_tasks.n; i++)
		task_free(run->all_tasks.data[i]);
	vec_free(&run->all_tasks);
	vec_free(&run->ready);
	map_free(&run->tasks);
	map_free(&run->kvm_probes);
	json_decref(run->source);
	json_decref(run->toolchains);
	json_decref(run->machines);
	json_decref(run->accels);
	json_decref(run->labs);
	json_decref(run->lost);
	plan_free(run->plan);
	depot_free(run->depot);
	ledger_free(run->ledger);
	if (run->lock >= 0)
		close(run->lock);
}

int run_execute(const struct catalog *catalog, const struct run_options *options, json_t **document, struct err *err)
{
	struct run run = { .catalog = catalog, .options = options, .lock = -1 };
	int status = run_open(&run, err);

	if (status == 0)
		status = run_follow(&run, document, err);
	run_close(&run);
	return status;
}
