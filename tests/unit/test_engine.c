#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "home.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What a test saw: started and ended jobs in order, and how many ran at once at most. */
struct seen {
	struct buf log;
	int running, most;
	struct engine *engine;
	bool cancel_at_start;
};

/* Stands for `kiln step`: does what the spec says and prints a record. */
static const char program_text[] = "#!/bin/sh\n"
				   "spec=$(cat)\n"
				   "case $spec in\n"
				   "*sleep*) sleep 0.3 ;;\n"
				   "*forever*) sleep 60 ;;\n"
				   "*refuse*) echo 'kiln: no such thing' >&2; exit 2 ;;\n"
				   "*crash*) kill -9 $$ ;;\n"
				   "*silent*) exit 0 ;;\n"
				   "*thief*) dd bs=1 count=1 <&3 >/dev/null 2>&1; kill -9 $$ ;;\n"
				   "esac\n"
				   "echo \"{\\\"verdict\\\": \\\"pass\\\", \\\"args\\\": \\\"$*\\\"}\"\n";

static const char *name_of(const struct engine_job *job)
{
	return json_string_value(json_object_get(job->spec, "do"));
}

static void started(const struct engine_job *job, void *data)
{
	struct seen *seen = data;

	buf_printf(&seen->log, "+%s ", name_of(job));
	seen->running++;
	if (seen->running > seen->most)
		seen->most = seen->running;
	if (seen->cancel_at_start)
		engine_cancel(seen->engine);
}

static void ended(const struct engine_job *job, json_t *record, const struct err *err, void *data)
{
	struct seen *seen = data;

	buf_printf(&seen->log, "-%s:%s ", name_of(job), record ? "pass" : err->msg);
	seen->running--;
}

static void submit(struct engine *e, const char *what, int cpus, int64_t memory_mb, enum engine_priority priority)
{
	struct engine_job job = { .cpus = cpus, .memory_mb = memory_mb, .priority = priority };

	uuid_make(job.attempt);
	job.spec = json_pack("{s:s}", "do", what);
	engine_submit(e, &job);
	json_decref(job.spec);
}

struct wish {
	const char *what;
	int cpus;
	int64_t memory_mb;
	enum engine_priority priority;
};

/* Runs jobs on an engine with two CPUs and 1,000 MB. */
static void run(void **state, struct seen *seen, const struct wish *wishes, size_t n)
{
	autofree char *program = fs_join(*state, "program");
	struct engine_options options = { .home = *state,
					  .program = program,
					  .jobs = 2,
					  .memory_mb = 1000,
					  .started = started,
					  .ended = ended,
					  .data = seen };
	struct err err = { 0 };
	uv_loop_t loop;

	assert_int_equal(fs_write(AT_FDCWD, program, program_text, strlen(program_text), 0755, &err), 0);
	uv_loop_init(&loop);
	assert_int_equal(engine_new(&loop, &options, &seen->engine, &err), 0);
	for (size_t i = 0; i < n; i++)
		submit(seen->engine, wishes[i].what, wishes[i].cpus, wishes[i].memory_mb, wishes[i].priority);
	assert_int_equal(engine_waiting(seen->engine), n);
	while (engine_waiting(seen->engine) || engine_running(seen->engine))
		uv_run(&loop, UV_RUN_ONCE);
	engine_free(seen->engine);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void as_many_at_once_as_there_are_cpus(void **state)
{
	const struct wish wishes[] = { { "sleep a", 1, 1, 0 }, { "sleep b", 1, 1, 0 }, { "sleep c", 1, 1, 0 } };
	struct seen seen = { 0 };

	run(state, &seen, wishes, countof(wishes));
	assert_int_equal(seen.most, 2);
	assert_non_null(strstr(seen.log.data, "-sleep c:pass"));
	buf_free(&seen.log);
}

static void a_job_with_many_cpus_runs_alone(void **state)
{
	const struct wish wishes[] = { { "sleep big", 64, 1, 0 }, { "sleep a", 1, 1, 0 }, { "sleep b", 1, 1, 0 } };
	struct seen seen = { 0 };

	run(state, &seen, wishes, countof(wishes));
	assert_memory_equal(seen.log.data, "+sleep big -sleep big:pass +sleep a", 35);
	buf_free(&seen.log);
}

static void memory_bounds_what_runs_and_one_job_always_runs(void **state)
{
	const struct wish wishes[] = { { "sleep a", 1, 600, 0 }, { "sleep b", 1, 600, 0 }, { "sleep c", 1, 9000, 0 } };
	struct seen seen = { 0 };

	run(state, &seen, wishes, countof(wishes));
	assert_int_equal(seen.most, 1);
	assert_non_null(strstr(seen.log.data, "-sleep c:pass"));
	buf_free(&seen.log);
}

static void what_is_urgent_comes_first(void **state)
{
	const struct wish wishes[] = { { "late", 2, 1, ENGINE_LAST },
				       { "soon", 2, 1, ENGINE_SOON },
				       { "first", 2, 1, ENGINE_FIRST } };
	struct seen seen = { 0 };

	run(state, &seen, wishes, countof(wishes));
	assert_string_equal(seen.log.data, "+first -first:pass +soon -soon:pass +late -late:pass ");
	buf_free(&seen.log);
}

static void each_bad_end_has_its_words(void **state)
{
	static const struct {
		const char *what, *words;
	} cases[] = {
		{ "refuse", "-refuse:no such thing " },
		{ "crash", "-crash:the step was killed by signal 9 " },
		{ "silent", "-silent:the step ended without a record " },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		struct seen seen = { 0 };

		run(state, &seen, &(struct wish){ cases[i].what, 1, 1, 0 }, 1);
		assert_non_null(strstr(seen.log.data, cases[i].words));
		buf_free(&seen.log);
	}
}

/* Each takes one token of the jobserver with it; without the refill the third would wait for ever. */
static void stolen_tokens_come_back(void **state)
{
	const struct wish wishes[] = { { "thief a", 1, 600, 0 },
				       { "thief b", 1, 600, 0 },
				       { "thief c", 1, 600, 0 },
				       { "good", 2, 600, ENGINE_LAST } };
	struct seen seen = { 0 };

	run(state, &seen, wishes, countof(wishes));
	assert_non_null(strstr(seen.log.data, "-good:pass"));
	buf_free(&seen.log);
}

static void cancel_ends_what_runs_and_what_waits(void **state)
{
	const struct wish wishes[] = { { "forever", 2, 1, 0 }, { "sleep", 2, 1, 0 } };
	struct seen seen = { .cancel_at_start = true };
	int64_t begin = clock_ms();

	run(state, &seen, wishes, countof(wishes));
	assert_true(clock_ms() - begin < 5000);
	assert_non_null(strstr(seen.log.data, "-forever:cancelled"));
	assert_non_null(strstr(seen.log.data, "-sleep:cancelled"));
	buf_free(&seen.log);
}

static void a_program_that_cannot_start_is_an_end_too(void **state)
{
	struct seen seen = { 0 };
	struct engine_options options = { .home = *state,
					  .program = "/dev/null/kiln",
					  .jobs = 1,
					  .memory_mb = 1,
					  .started = started,
					  .ended = ended,
					  .data = &seen };
	struct err err = { 0 };
	uv_loop_t loop;

	uv_loop_init(&loop);
	assert_int_equal(engine_new(&loop, &options, &seen.engine, &err), 0);
	submit(seen.engine, "a", 1, 1, 0);
	while (engine_waiting(seen.engine) || engine_running(seen.engine))
		uv_run(&loop, UV_RUN_ONCE);
	assert_non_null(strstr(seen.log.data, "cannot start a step"));
	engine_free(seen.engine);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	buf_free(&seen.log);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, home_make, home_remove)
	const struct CMUnitTest tests[] = {
		TEST(as_many_at_once_as_there_are_cpus),
		TEST(a_job_with_many_cpus_runs_alone),
		TEST(memory_bounds_what_runs_and_one_job_always_runs),
		TEST(what_is_urgent_comes_first),
		TEST(each_bad_end_has_its_words),
		TEST(stolen_tokens_come_back),
		TEST(cancel_ends_what_runs_and_what_waits),
		TEST(a_program_that_cannot_start_is_an_end_too),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
