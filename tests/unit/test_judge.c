#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "judge/judge.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A case of tests/golden/judge: "key: value" lines, a line "----", and the console. */
struct golden {
	char *name;
	struct buf file;
	struct view console;
	const char *verdict, *pattern, *signature, *reason, *splats, *tests, *end, *line, *excerpt_ends;
	struct judge_options options;
};

struct fixture {
	const struct catalog *catalog;
	struct judge_rules *rules;
	VEC(struct golden) cases;
};

static const char *tests_dir(void)
{
	const char *dir = getenv("KILN_TESTS");

	return dir ? dir : "tests";
}

static void golden_key(struct golden *g, char *key, char *value)
{
	const struct {
		const char *key, **to;
	} texts[] = {
		{ "verdict", &g->verdict }, { "pattern", &g->pattern }, { "signature", &g->signature },
		{ "reason", &g->reason },   { "splats", &g->splats },   { "tests", &g->tests },
		{ "end", &g->end },         { "line", &g->line },       { "excerpt-ends", &g->excerpt_ends },
	};

	for (size_t i = 0; i < countof(texts); i++) {
		if (strcmp(key, texts[i].key) == 0) {
			*texts[i].to = value;
			return;
		}
	}
	if (strcmp(key, "need-marker") == 0)
		g->options.need_marker = true;
	else if (strcmp(key, "cpus") == 0)
		g->options.cpus = atoi(value);
	else if (strcmp(key, "limit-ms") == 0)
		g->options.limit_ms = atoi(value);
	else
		fail_msg("%s: unknown key %s", g->name, key);
}

static void golden_parse(struct golden *g)
{
	char *at = g->file.data, *nl;

	while (strncmp(at, "----\n", 5) != 0) {
		char *colon = strstr(at, ": ");

		nl = strchr(at, '\n');
		if (!nl || !colon || colon > nl)
			fail_msg("%s: a head of \"key: value\" and ---- is missing", g->name);
		*nl = *colon = '\0';
		golden_key(g, at, colon + 2);
		at = nl + 1;
	}
	g->console = (struct view){ at + 5, g->file.n - (size_t)(at + 5 - g->file.data) };
	if (!g->verdict)
		fail_msg("%s: no verdict", g->name);
}

static int only_txt(const struct dirent *d)
{
	return str_ends(d->d_name, ".txt");
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	autofree char *dir = fs_join(tests_dir(), "golden/judge"), *catalog = fs_join(tests_dir(), "../catalog");
	const char *const dirs[] = { catalog };
	autobuf struct buf faults = { 0 };
	struct dirent **names;
	struct err err = { 0 };
	int n = scandir(dir, &names, only_txt, alphasort);

	if (n <= 0)
		fail_msg("no cases in %s", dir);
	for (int i = 0; i < n; i++) {
		struct golden *g = vec_push(&f->cases);
		autofree char *path = fs_join(dir, names[i]->d_name);

		g->name = mem_strdup(names[i]->d_name);
		if (fs_read(AT_FDCWD, path, 1 << 20, &g->file, &err) < 0)
			fail_msg("%s", err.msg);
		golden_parse(g);
		free(names[i]);
	}
	free(names);
	if (catalog_load(dirs, 1, &f->catalog, &faults, &err) < 0)
		fail_msg("%s\n%s", err.msg, faults.data ? faults.data : "");
	if (judge_rules_new(f->catalog->patterns, f->catalog->n_patterns, NULL, &f->rules, &err) < 0)
		fail_msg("%s", err.msg);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->cases.n; i++) {
		free(f->cases.data[i].name);
		buf_free(&f->cases.data[i].file);
	}
	vec_free(&f->cases);
	judge_rules_free(f->rules);
	catalog_free(f->catalog);
	free(f);
	return 0;
}

static enum judge_end end_of(const struct golden *g)
{
	static const char *const names[] = {
		[JUDGE_END_EXIT] = "exit",       [JUDGE_END_REBOOT] = "reboot", [JUDGE_END_LIMIT] = "limit",
		[JUDGE_END_SILENCE] = "silence", [JUDGE_END_FLOOD] = "flood",   [JUDGE_END_LOG] = "log",
	};

	for (size_t i = 0; g->end && i < countof(names); i++)
		if (strcmp(names[i], g->end) == 0)
			return (enum judge_end)i;
	if (g->end)
		fail_msg("%s: no such end: %s", g->name, g->end);
	return JUDGE_END_LOG;
}

/* Judges the console in pieces of at most cut bytes: 0 is random ones. */
static struct judge *judge_cut(const struct judge_rules *rules, const struct golden *g, size_t cut, unsigned seed)
{
	struct judge *j = judge_new(rules, &g->options);
	struct view v = g->console;

	while (v.n) {
		size_t n = cut ? cut : 1 + (size_t)rand_r(&seed) % 40;

		if (n > v.n)
			n = v.n;
		/* A copy of its own size, so that the sanitizer sees a read beyond it. */
		autofree char *piece = mem_alloc(n);

		memcpy(piece, v.p, n);
		judge_feed(j, piece, n, 0);
		v.p += n;
		v.n -= n;
	}
	judge_end(j, end_of(g));
	return j;
}

static char *names_of(const json_t *array, const char *key, const char *second)
{
	struct buf out = { 0 };
	const json_t *o;
	size_t i;

	json_array_foreach (array, i, o) {
		buf_printf(&out, "%s%s", i ? ", " : "", json_str_or(o, key, "?"));
		if (second)
			buf_printf(&out, "=%s", json_str_or(o, second, "?"));
	}
	return buf_steal(&out);
}

static int check(const struct golden *g, const char *key, const char *got, const char *want)
{
	if (!want || strcmp(got ? got : "", want) == 0)
		return 0;
	print_message("# %s: %s is\n#   %s\n# not\n#   %s\n", g->name, key, got ? got : "(none)", want);
	return 1;
}

static int check_case(const struct golden *g, const struct judge_result *r)
{
	autofree char *splats = names_of(r->splats, "pattern", NULL), *tests = names_of(r->tests, "name", "result");
	autofree char *line = mem_printf("%lld", (long long)r->line);
	int bad = 0;

	bad += check(g, "verdict", verdict_text(r->verdict), g->verdict);
	bad += check(g, "pattern", r->pattern, g->pattern ? g->pattern : "");
	bad += check(g, "signature", r->signature, g->signature);
	bad += check(g, "reason", r->reason, g->reason);
	bad += check(g, "splats", splats, g->splats ? g->splats : "");
	bad += check(g, "tests", tests, g->tests ? g->tests : "");
	bad += check(g, "line", line, g->line);
	if (g->excerpt_ends && (!r->excerpt || !strstr(r->excerpt, g->excerpt_ends) ||
				strchr(strstr(r->excerpt, g->excerpt_ends), '\n')[1]))
		bad += check(g, "the excerpt's end", r->excerpt, g->excerpt_ends);
	return bad;
}

static void every_case_has_its_verdict(void **state)
{
	const struct fixture *f = *state;
	int bad = 0;

	for (size_t i = 0; i < f->cases.n; i++) {
		struct judge *j = judge_cut(f->rules, &f->cases.data[i], SIZE_MAX, 0);

		bad += check_case(&f->cases.data[i], judge_result(j));
		judge_free(j);
	}
	assert_int_equal(bad, 0);
}

static char *verdict_of_cut(const struct fixture *f, const struct golden *g, size_t cut, unsigned seed)
{
	struct judge *j = judge_cut(f->rules, g, cut, seed);
	autojson json_t *o = judge_result_json(judge_result(j));

	judge_free(j);
	return json_canonical(o);
}

static void cuts_make_no_difference(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < f->cases.n; i++) {
		const struct golden *g = &f->cases.data[i];
		autofree char *whole = verdict_of_cut(f, g, SIZE_MAX, 0), *bytes = verdict_of_cut(f, g, 1, 0);

		if (strcmp(bytes, whole) != 0)
			fail_msg("%s: byte by byte\n%s\nnot\n%s", g->name, bytes, whole);
		for (unsigned seed = 1; seed < 20; seed++) {
			autofree char *cut = verdict_of_cut(f, g, 0, seed);

			if (strcmp(cut, whole) != 0)
				fail_msg("%s: seed %u\n%s\nnot\n%s", g->name, seed, cut, whole);
		}
	}
}

/* NAME.txt and NAME-again.txt: one fault, two boots. */
static void the_same_fault_has_the_same_signature(void **state)
{
	const struct fixture *f = *state;
	int pairs = 0;

	for (size_t i = 0; i < f->cases.n; i++) {
		const struct golden *first = NULL, *again = &f->cases.data[i];
		struct judge *a, *b;

		for (size_t k = 0; k < f->cases.n; k++) {
			autofree char *name = mem_printf("%.*s-again.txt", (int)strlen(f->cases.data[k].name) - 4,
							 f->cases.data[k].name);

			if (strcmp(name, again->name) == 0)
				first = &f->cases.data[k];
		}
		if (!first)
			continue;
		pairs++;
		a = judge_cut(f->rules, first, SIZE_MAX, 0);
		b = judge_cut(f->rules, again, SIZE_MAX, 0);
		assert_string_equal(judge_result(a)->signature, judge_result(b)->signature);
		assert_non_null(strstr(judge_result(a)->signature, " < "));
		assert_string_not_equal(judge_result(a)->excerpt, judge_result(b)->excerpt);
		judge_free(a);
		judge_free(b);
	}
	assert_true(pairs >= 5);
}

static void every_pattern_has_a_case(void **state)
{
	const struct fixture *f = *state;
	struct map seen = { 0 };
	int missing = 0;

	for (size_t i = 0; i < f->cases.n; i++) {
		const struct golden *g = &f->cases.data[i];
		struct view rest = view_of(g->splats ? g->splats : "");

		if (g->pattern)
			map_set(&seen, view_of(g->pattern), f->rules);
		while (rest.p)
			map_set(&seen, view_trim(view_cut(&rest, ',')), f->rules);
	}
	for (size_t i = 0; i < f->catalog->n_patterns; i++) {
		const struct judge_pattern *p = &f->catalog->patterns[i];

		if (p->last || map_get(&seen, view_of(p->name)))
			continue;
		print_message("# no case for the pattern %s\n", p->name);
		missing++;
	}
	map_free(&seen);
	assert_int_equal(missing, 0);
}

static void feed_text(struct judge *j, const char *text, int64_t now)
{
	judge_feed(j, text, strlen(text), now);
}

static void a_panic_is_decided_at_the_last_line_of_its_trace(void **state)
{
	const struct fixture *f = *state;
	const struct judge_options options = { .need_marker = true };
	struct judge *j = judge_new(f->rules, &options);
	const char *last = "[    1.2] ---[ end Kernel panic - not syncing: Fatal exception ]---\n";

	feed_text(j, "[    1.1] Kernel panic - not syncing: Fatal exception\n[    1.1] Call Trace:\n", 100);
	assert_null(judge_result(j));
	assert_int_equal(judge_tick(j, 2000), JUDGE_TRACE);
	assert_int_equal(judge_feed(j, last, strlen(last) - 1, 2050), JUDGE_TRACE);
	assert_int_equal(judge_feed(j, "\n", 1, 2060), JUDGE_DECIDED);
	assert_int_equal(judge_result(j)->verdict, VERDICT_FAIL);
	judge_free(j);
}

static void silence_ends_a_trace(void **state)
{
	const struct fixture *f = *state;
	const struct judge_options options = { .quiet_ms = 300 };
	struct judge *j = judge_new(f->rules, &options);

	feed_text(j, "Unable to handle kernel paging request at virtual address 00000004\n", 1000);
	assert_int_equal(judge_tick(j, 1299), JUDGE_TRACE);
	assert_int_equal(judge_tick(j, 1300), JUDGE_DECIDED);
	assert_string_equal(judge_result(j)->pattern, "bad-access");
	judge_free(j);
}

static void a_warning_does_not_end_a_boot(void **state)
{
	const struct fixture *f = *state;
	const struct judge_options options = { .need_marker = true };
	struct judge *j = judge_new(f->rules, &options);

	feed_text(j, "WARNING: CPU: 0 PID: 1 at kernel/fork.c:12 f+0x1/0x2\n ---[ end trace 0 ]---\n", 0);
	assert_int_equal(judge_tick(j, 60000), JUDGE_OPEN);
	feed_text(j, MARK_START " cpus=1\n" MARK_DONE " status=0\n", 60001);
	assert_int_equal(judge_tick(j, 60001), JUDGE_DECIDED);
	assert_int_equal(judge_result(j)->verdict, VERDICT_WARN);
	judge_free(j);
}

/* Bytes of resident memory. */
static long memory_used(void)
{
	autofclose FILE *f = fopen("/proc/self/statm", "re");
	long all, resident = 0;

	assert_int_equal(fscanf(f, "%ld %ld", &all, &resident), 2);
	return resident * sysconf(_SC_PAGESIZE);
}

static void an_endless_line_is_judged_in_bounded_memory(void **state)
{
	const struct fixture *f = *state;
	const struct judge_options options = { 0 };
	struct judge *j = judge_new(f->rules, &options);
	autofree char *junk = mem_alloc(1 << 20);
	const char *end = "\nKernel panic - not syncing: at last\n";
	long before;

	memset(junk, 'x', 1 << 20);
	judge_feed(j, "first\n", 6, 0);
	judge_feed(j, junk, 1 << 20, 0);
	before = memory_used();
	for (int i = 0; i < 99; i++)
		judge_feed(j, junk, 1 << 20, 0);
	/* In the midst of a line an anchored pattern means nothing, not even at the place of a cut. */
	for (int i = 0; i < 2000; i++)
		judge_feed(j, "Kernel panic - not syncing: no ", 31, 0);
	assert_true(memory_used() - before < 4 << 20);
	feed_text(j, end, 0);
	judge_end(j, JUDGE_END_LOG);
	assert_string_equal(judge_result(j)->pattern, "panic");
	assert_int_equal(judge_result(j)->line, 3);
	judge_free(j);
}

static void an_unanchored_pattern_is_found_across_the_cut_of_a_long_line(void **state)
{
	const struct judge_pattern pattern = { .name = "p", .regex = "needle in a haystack", .verdict = VERDICT_FAIL };
	const struct judge_options options = { 0 };
	struct judge_rules *rules = NULL;
	struct err err;

	assert_int_equal(judge_rules_new(&pattern, 1, NULL, &rules, &err), 0);
	for (size_t at = 16384 - 30; at < 16384 + 10; at++) {
		struct judge *j = judge_new(rules, &options);
		autofree char *junk = mem_alloc(at);

		memset(junk, '.', at);
		judge_feed(j, junk, at, 0);
		feed_text(j, "needle in a haystack and more", 0);
		judge_end(j, JUDGE_END_LOG);
		assert_int_equal(judge_result(j)->verdict, VERDICT_FAIL);
		assert_int_equal(judge_result(j)->line, 1);
		judge_free(j);
	}
	judge_rules_free(rules);
}

static void an_excerpt_is_bounded_and_printable(void **state)
{
	const struct fixture *f = *state;
	const struct judge_options options = { 0 };
	autojson json_t *json = NULL;
	struct judge *j = judge_new(f->rules, &options);

	feed_text(j, "Kernel panic - not syncing: \xff\xfe long\n", 0);
	for (int i = 0; i < 100000; i++)
		if (judge_feed(j, "\xff\x01 and more of it, line upon line\n", 34, 0) == JUDGE_DECIDED)
			break;
	assert_int_equal(judge_tick(j, 0), JUDGE_DECIDED);
	assert_true(strlen(judge_result(j)->excerpt) <= 64 << 10);
	for (const char *s = judge_result(j)->excerpt; *s; s++)
		assert_true(*s == '\n' || (*s >= ' ' && *s < 0x7f));
	json = judge_result_json(judge_result(j));
	assert_string_equal(json_str_or(json, "excerpt", ""), judge_result(j)->excerpt);
	judge_free(j);
}

static void splats_are_bounded(void **state)
{
	const struct fixture *f = *state;
	const struct judge_options options = { 0 };
	struct judge *j = judge_new(f->rules, &options);

	for (int i = 0; i < 1000; i++)
		feed_text(j, "WARNING: CPU: 0 PID: 1 at kernel/fork.c:12 f+0x1/0x2\n", 0);
	judge_end(j, JUDGE_END_LOG);
	assert_int_equal(json_array_size(judge_result(j)->splats), 100);
	judge_free(j);
}

static void a_bad_regex_is_named(void **state)
{
	const struct judge_pattern patterns[] = { { .name = "good", .regex = "^a" },
						  { .name = "broken", .regex = "(ab" } };
	struct judge_rules *rules = NULL;
	struct err err;

	assert_int_equal(judge_rules_new(patterns, 2, NULL, &rules, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, "broken"));
	assert_null(rules);
}

static void no_patterns_at_all_are_fine(void **state)
{
	const struct judge_options options = { .need_marker = true };
	struct judge_rules *rules = NULL;
	struct judge *j;
	struct err err;

	assert_int_equal(judge_rules_new(NULL, 0, NULL, &rules, &err), 0);
	j = judge_new(rules, &options);
	feed_text(j, MARK_START " machine=x cpus=2\n" MARK_DONE " status=0\n", 0);
	assert_int_equal(judge_result(j)->verdict, VERDICT_PASS);
	assert_int_equal(judge_result(j)->cpus, 2);
	assert_string_equal(judge_result(j)->machine, "x");
	judge_free(j);
	judge_rules_free(rules);
}

static char *only_file(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);
	char *path = NULL;

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			assert_null(path);
			path = fs_join(dir, names[i]->d_name);
		}
		free(names[i]);
	}
	free(names);
	assert_non_null(path);
	return path;
}

static bool finds_panic(const struct judge_rules *rules)
{
	const struct judge_options options = { 0 };
	struct judge *j = judge_new(rules, &options);
	bool found;

	feed_text(j, "Kernel panic\n", 0);
	judge_end(j, JUDGE_END_LOG);
	found = judge_result(j)->verdict == VERDICT_FAIL;
	judge_free(j);
	return found;
}

static void a_broken_cache_is_made_again(void **state)
{
	const struct judge_pattern pattern = { .name = "panic", .regex = "^Kernel panic", .verdict = VERDICT_FAIL };
	char dir[] = "/tmp/kiln-judge-XXXXXX";
	struct judge_rules *rules = NULL;
	autobuf struct buf good = { 0 };
	struct stat before, after;
	struct err err;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(judge_rules_new(&pattern, 1, dir, &rules, &err), 0);
	judge_rules_free(rules);

	autofree char *path = only_file(dir);

	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &good, &err), 0);
	for (size_t at = 0; at < good.n + 50; at += 1 + good.n / 23) {
		autobuf struct buf bad = { 0 }, now = { 0 };

		buf_add(&bad, good.data, good.n);
		if (at < good.n)
			bad.data[at] ^= 0x40; /* a changed byte */
		else
			bad.n /= 2; /* a half-written file */
		assert_int_equal(fs_write(AT_FDCWD, path, bad.data, bad.n, 0666, &err), 0);
		assert_int_equal(judge_rules_new(&pattern, 1, dir, &rules, &err), 0);
		assert_true(finds_panic(rules));
		judge_rules_free(rules);
		assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &now, &err), 0);
		assert_true(now.n == good.n && memcmp(now.data, good.data, good.n) == 0);
	}
	/* The good one is used: it is not written again. */
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(judge_rules_new(&pattern, 1, dir, &rules, &err), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	assert_true(finds_panic(rules));
	judge_rules_free(rules);
	assert_int_equal(fs_remove(AT_FDCWD, dir, &err), 0);
}

static void a_cache_that_cannot_be_written_does_no_harm(void **state)
{
	const struct judge_pattern pattern = { .name = "panic", .regex = "^Kernel panic", .verdict = VERDICT_FAIL };
	struct judge_rules *rules = NULL;
	struct err err;

	assert_int_equal(judge_rules_new(&pattern, 1, "/dev/null/cache", &rules, &err), 0);
	assert_true(finds_panic(rules));
	judge_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_has_its_verdict),
		cmocka_unit_test(cuts_make_no_difference),
		cmocka_unit_test(the_same_fault_has_the_same_signature),
		cmocka_unit_test(every_pattern_has_a_case),
		cmocka_unit_test(a_panic_is_decided_at_the_last_line_of_its_trace),
		cmocka_unit_test(silence_ends_a_trace),
		cmocka_unit_test(a_warning_does_not_end_a_boot),
		cmocka_unit_test(an_endless_line_is_judged_in_bounded_memory),
		cmocka_unit_test(an_unanchored_pattern_is_found_across_the_cut_of_a_long_line),
		cmocka_unit_test(an_excerpt_is_bounded_and_printable),
		cmocka_unit_test(splats_are_bounded),
		cmocka_unit_test(a_bad_regex_is_named),
		cmocka_unit_test(no_patterns_at_all_are_fine),
		cmocka_unit_test(a_broken_cache_is_made_again),
		cmocka_unit_test(a_cache_that_cannot_be_written_does_no_harm),
	};

	return cmocka_run_group_tests_name("judge", tests, setup, teardown);
}
