#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "home.h"
#include "base/work.h"
#include "step/step.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* Writes what the spec says as an artefact, and notes in HOME/count how often it ran. */
static int say(struct step *step, struct err *err)
{
	autofree char *count = fs_join(step->home, "count"), *out = fs_join(step->work, "out");
	const char *text = json_str_or(step->spec, "text", "");
	autoclose int fd = open(count, O_WRONLY | O_CREAT | O_APPEND, 0644);

	assert_int_equal(write(fd, ".", 1), 1);
	if (json_object_get(step->spec, "slow"))
		nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
	if (json_object_get(step->spec, "infra"))
		return err_infra(err, 0, "the roof fell in");
	if (json_object_get(step->spec, "user"))
		return err_user(err, "not like this");
	if (fs_write(AT_FDCWD, out, text, strlen(text), 0644, err) < 0 || step_artefact(step, "out", out, err) < 0)
		return -1;
	step_verdict(step, VERDICT_PASS, NULL);
	return 0;
}

static const struct step_kind kinds[] = { { "pure", STEP_PURE, say }, { "look", STEP_OBSERVATION, say } };

static int run(void **state, json_t *spec, json_t **record, struct err *err)
{
	struct step_options options = { .home = *state, .jobs = 1, .jobserver_read = -1, .jobserver_write = -1 };

	return step_run(spec, kinds, countof(kinds), &options, record, err);
}

static size_t times_run(void **state)
{
	autofree char *count = fs_join(*state, "count");
	autobuf struct buf b = { 0 };
	struct err err = { 0 };

	return fs_read(AT_FDCWD, count, 1000, &b, &err) < 0 ? 0 : b.n;
}

static void a_pure_step_is_done_once(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:s}", "kind", "pure", "text", "hello");
	autojson json_t *first = NULL, *second = NULL;
	struct err err = { 0 };

	assert_int_equal(run(state, spec, &first, &err), 0);
	assert_int_equal(run(state, spec, &second, &err), 0);
	assert_int_equal(times_run(state), 1);
	assert_string_equal(json_str_or(first, "attempt", "a"), json_str_or(second, "attempt", "b"));
	assert_string_equal(json_str_or(first, "verdict", ""), "pass");
}

static void an_observation_is_made_each_time(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:s}", "kind", "look", "text", "hello");
	autojson json_t *first = NULL, *second = NULL;
	struct err err = { 0 };

	assert_int_equal(run(state, spec, &first, &err), 0);
	assert_int_equal(run(state, spec, &second, &err), 0);
	assert_int_equal(times_run(state), 2);
	assert_string_not_equal(json_str_or(first, "attempt", "a"), json_str_or(second, "attempt", "a"));
}

static void a_pure_step_whose_artefact_is_cut_short_is_done_again(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:s}", "kind", "pure", "text", "hello");
	autojson json_t *first = NULL, *second = NULL;
	struct err err = { 0 };
	const char *digest;

	assert_int_equal(run(state, spec, &first, &err), 0);
	digest = record_artefact(first, "out");
	autofree char *object = mem_printf("%s/depot/%.2s/%s", (char *)*state, digest, digest);

	chmod(object, 0644);
	assert_int_equal(truncate(object, 2), 0);
	assert_int_equal(run(state, spec, &second, &err), 0);
	assert_int_equal(times_run(state), 2);
	assert_string_equal(record_artefact(second, "out"), digest);
}

static void infra_is_a_record_that_is_not_kept(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:b}", "kind", "pure", "infra", 1);
	autojson json_t *record = NULL;
	char key[HASH_HEX];
	struct err err = { 0 };

	assert_int_equal(run(state, spec, &record, &err), 0);
	assert_string_equal(json_str_or(record, "verdict", ""), "infra");
	assert_string_equal(json_str_or(record, "reason", ""), "the roof fell in");
	step_key(spec, key);
	assert_null(step_lookup(*state, key));
}

static void a_bad_spec_is_the_callers_error(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:b}", "kind", "pure", "user", 1), *record = NULL;
	autojson json_t *unknown = json_pack("{s:s}", "kind", "dance");
	struct err err = { 0 };

	assert_int_equal(run(state, spec, &record, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_int_equal(run(state, unknown, &record, &err), -1);
	assert_non_null(strstr(err.msg, "dance"));
}

static int entries(void **state, const char *name)
{
	autofree char *path = fs_join(*state, name);
	autoclosedir DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	return n;
}

static void nothing_is_left_over(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:s}", "kind", "look", "text", "x"), *record = NULL;
	autofree char *dead = fs_join(*state, "tmp/dead/work"), *lock = fs_join(*state, "tmp/dead.lock");
	struct err err = { 0 };
	int held = -1;

	assert_int_equal(run(state, spec, &record, &err), 0);
	assert_int_equal(entries(state, "tmp"), 0);
	assert_int_equal(fs_mkdirs(AT_FDCWD, dead, 0755, &err), 0);
	assert_int_equal(fs_lock(AT_FDCWD, lock, true, &held, &err), 0);
	assert_int_equal(work_sweep(*state, &err), 0);
	assert_int_equal(entries(state, "tmp"), 2);
	close(held);
	assert_int_equal(work_sweep(*state, &err), 0);
	assert_int_equal(entries(state, "tmp"), 0);
}

static void two_at_once_do_the_work_once(void **state)
{
	autojson json_t *spec = json_pack("{s:s, s:s, s:b}", "kind", "pure", "text", "x", "slow", 1);
	pid_t children[4];

	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			json_t *record = NULL;
			struct err err = { 0 };

			_exit(run(state, spec, &record, &err) == 0 ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		int status = -1;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(times_run(state), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, home_make, home_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_pure_step_is_done_once),
		TEST(an_observation_is_made_each_time),
		TEST(a_pure_step_whose_artefact_is_cut_short_is_done_again),
		TEST(infra_is_a_record_that_is_not_kept),
		TEST(a_bad_spec_is_the_callers_error),
		TEST(nothing_is_left_over),
		TEST(two_at_once_do_the_work_once),
	};

	return cmocka_run_group_tests_name("step", tests, NULL, NULL);
}
