/* Jobs as labs take them, and what becomes of them: golden cases of tests/golden/lab. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "home.h"
#include "lab/boot.h"
#include "lab/job.h"

#include <dirent.h>

static const char *tests_dir(void)
{
	const char *dir = getenv("KILN_TESTS");

	return dir ? dir : "tests";
}

static int only_txt(const struct dirent *d)
{
	return str_ends(d->d_name, ".txt");
}

/* Each file of the directory: what is above its line "----", and what is below. */
static void each_case(const char *dir, void (*one)(const char *name, char *head, char *tail, void *data), void *data)
{
	autofree char *path = fs_join(tests_dir(), dir);
	struct dirent **names;
	struct err err = { 0 };
	int n = scandir(path, &names, only_txt, alphasort);

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		autofree char *file = fs_join(path, names[i]->d_name);
		autobuf struct buf text = { 0 };
		char *line;

		assert_int_equal(fs_read(AT_FDCWD, file, 1 << 20, &text, &err), 0);
		line = strstr(text.data, "----\n");
		assert_non_null(line);
		*line = '\0';
		one(names[i]->d_name, text.data, line + 5, data);
		free(names[i]);
	}
	free(names);
}

static void job_case(const char *name, char *head, char *tail, void *data)
{
	autojson json_t *j = json_loads(head, 0, NULL);
	autofree char *yaml = NULL;
	struct err err = { 0 };

	if (!j)
		fail_msg("%s: no JSON", name);
	if (lab_job_definition(json_object_get(j, "spec"), "a job kiln 0f1e", json_object_get(j, "artefacts"), &yaml,
			       &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	if (view_eq(view_trim(view_of(yaml)), view_trim(view_of(tail))))
		return;
	fprintf(stderr, "%s\n", yaml); /* cmocka cuts what is longer than a kilobyte */
	fail_msg("%s: the job is another", name);
}

static void jobs_are_as_written(void **state)
{
	each_case("golden/lab/job", job_case, NULL);
}

static void a_method_that_nobody_knows(void **state)
{
	autojson json_t *spec = json_loads("{\"lava\":{\"method\":\"telepathy\"},\"board\":{\"name\":\"b\"}}", 0, NULL);
	struct err err = { 0 };
	char *yaml;

	assert_int_equal(lab_job_definition(spec, "x", NULL, &yaml, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, "telepathy"));
}

static void a_command_line_that_a_shell_would_read(void **state)
{
	static const char *const bad[] = { "x=\\\"a", "x={kernel}", "x=$(y)", "x=`y`" };

	for (size_t i = 0; i < countof(bad); i++) {
		autofree char *text = mem_printf(
			"{\"lava\":{\"method\":\"qemu\"},\"board\":{\"name\":\"b\",\"cmdline\":\"%s\"}}", bad[i]);
		autojson json_t *spec = json_loads(text, 0, NULL);
		struct err err = { 0 };
		char *yaml;

		assert_non_null(spec);
		assert_int_equal(lab_job_definition(spec, "x", NULL, &yaml, &err), -1);
		assert_int_equal(err.class, ERR_USER);
		assert_non_null(strstr(err.msg, "command line"));
	}
}

/* What all boots share: a home whose depot has the catalogue's patterns. */
struct world {
	char *home;
	struct shelf *shelf;
	char patterns[HASH_HEX];
};

static int world_make(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));
	autofree char *catalog = fs_join(tests_dir(), "../catalog");
	const char *const dirs[] = { catalog };
	const struct catalog *c;
	autobuf struct buf faults = { 0 };
	autojson json_t *patterns = NULL;
	autofree char *text = NULL;
	struct depot *depot;
	struct err err = { 0 };

	if (home_make((void **)&w->home) < 0 || catalog_load(dirs, 1, &c, &faults, &err) < 0 ||
	    depot_open(w->home, &depot, &err) < 0 || shelf_open(w->home, &w->shelf, &err) < 0)
		return -1;
	patterns = judge_patterns_json(c->patterns, c->n_patterns);
	text = json_canonical(patterns);
	*state = w;
	if (depot_put_bytes(depot, text, strlen(text), w->patterns, &err) < 0)
		return -1;
	depot_free(depot);
	catalog_free(c);
	return 0;
}

static int world_remove(void **state)
{
	struct world *w = *state;
	int status;

	shelf_free(w->shelf);
	status = home_remove((void **)&w->home);
	free(w);
	return status;
}

static void word_set(char **field, const json_t *head, const char *key)
{
	const char *value = json_str_or(head, key, NULL);

	*field = value ? mem_strdup(value) : NULL;
}

static void assert_says(const char *name, const char *what, const char *got, const char *want)
{
	if (want && (!got || !strstr(got, want)))
		fail_msg("%s: %s is \"%s\" and not \"%s\"", name, what, got ? got : "(none)", want);
	if (!want && got)
		fail_msg("%s: %s is \"%s\" and not to be", name, what, got);
}

/* The head is JSON: what LAVA says of the job, and what is to come of it. The tail is the job's log. */
static void boot_case(const char *name, char *head, char *tail, void *data)
{
	const struct world *w = data;
	autojson json_t *h = json_loads(head, 0, NULL);
	autojson json_t *spec = json_pack("{s:s, s:s, s:s, s:s, s:b, s:{s:s, s:i, s:i, s:i}}", "kind", "lab-boot",
					  "lab", "paper", "case", name, "patterns", w->patterns, "need_marker", 1,
					  "board", "name", "paper", "cpus", 1, "limit_ms", 120000, "silence_ms", 40000);
	char attempt[UUID_TEXT];
	struct err err = { 0 };
	struct boot *b;

	if (!h)
		fail_msg("%s: no JSON", name);
	uuid_make(attempt);
	if (boot_open(w->home, spec, attempt, w->shelf, &b, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	b->id = 7;
	b->cancelled = json_bool_or(h, "cancelled", false);
	word_set(&b->lava.health, h, "health");
	word_set(&b->lava.device, h, "device");
	word_set(&b->lava.device_health, h, "device_health");
	boot_log(b, tail, strlen(tail));
	if (boot_finish(b, "paper", "http://lab/scheduler/job/7", &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	assert_says(name, "verdict", json_str_or(b->step.record, "verdict", ""), json_str_or(h, "verdict", "?"));
	if (json_object_get(h, "reason"))
		assert_says(name, "reason", json_str_or(b->step.record, "reason", ""), json_str_or(h, "reason", ""));
	assert_says(name, "signature", json_str_or(b->step.record, "signature", NULL),
		    json_str_or(h, "signature", NULL));
	boot_free(b);
}

static void verdicts_join_both_words(void **state)
{
	each_case("golden/lab/boot", boot_case, *state);
}

static void patterns_are_compiled_once(void **state)
{
	const struct world *w = *state;
	const struct judge_rules *first, *second;
	struct err err = { 0 };

	assert_int_equal(shelf_rules(w->shelf, w->patterns, &first, &err), 0);
	assert_int_equal(shelf_rules(w->shelf, w->patterns, &second, &err), 0);
	assert_ptr_equal(first, second);
}

static void an_artefact_that_went_is_missed(void **state)
{
	const struct world *w = *state;
	autofree char *first = NULL, *second = NULL;
	char *third = NULL;
	struct err err = { 0 };

	assert_int_equal(shelf_checkout(w->shelf, w->patterns, &first, &err), 0);
	assert_int_equal(shelf_checkout(w->shelf, w->patterns, &second, &err), 0);
	assert_string_equal(first, second);
	assert_int_equal(unlink(first), 0);
	assert_int_equal(shelf_checkout(w->shelf, w->patterns, &third, &err), -1);
	assert_int_equal(err.class, ERR_INFRA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_are_as_written),
		cmocka_unit_test(a_method_that_nobody_knows),
		cmocka_unit_test(a_command_line_that_a_shell_would_read),
		cmocka_unit_test_setup_teardown(verdicts_join_both_words, world_make, world_remove),
		cmocka_unit_test_setup_teardown(patterns_are_compiled_once, world_make, world_remove),
		cmocka_unit_test_setup_teardown(an_artefact_that_went_is_missed, world_make, world_remove),
	};

	return cmocka_run_group_tests_name("lab_boot", tests, NULL, NULL);
}
