#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "plan/plan.h"
#include "step/step.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static char *golden(const char *name)
{
	const char *tests = getenv("KILN_TESTS");

	return mem_printf("%s/golden/plan/%s", tests ? tests : "tests", name);
}

static const struct catalog *load(void)
{
	autofree char *dir = golden("catalog");
	const char *dirs[] = { dir };
	const struct catalog *catalog = NULL;
	autobuf struct buf faults = { 0 };
	struct err err = { 0 };

	if (catalog_load(dirs, 1, &catalog, &faults, &err) < 0)
		fail_msg("%s%s", faults.data ? faults.data : "", err.msg);
	return catalog;
}

static struct names names_at(struct arena *a, const json_t *request, const char *key)
{
	json_t *list = json_object_get(request, key), *v;
	const char **data = arena_alloc(a, (json_array_size(list) + 1) * sizeof(char *));
	size_t i;

	json_array_foreach (list, i, v)
		data[i] = json_string_value(v);
	return (struct names){ data, json_array_size(list) };
}

static void show_verdict(struct buf *out, const char *what, const struct plan_verdict *v)
{
	if (v->known)
		buf_printf(out, "  %s: %s%s%s\n", what, verdict_text(v->verdict), v->reason ? ": " : "",
			   v->reason ? v->reason : "");
}

/* The names of a list's maps, with another member of each behind it, and the end of the line. */
static void show_list(struct buf *out, const char *before, const char *also, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		buf_printf(out, "%s%s", before, json_str_or(item, "name", "?"));
		if (also)
			buf_printf(out, " (%s)", json_str_or(item, also, "?"));
	}
	buf_addc(out, '\n');
}

static char *show_machine(const json_t *spec)
{
	const json_t *b = json_object_get(spec, "board");

	return mem_printf(" (%d, %d MB, %s, %s)", (int)json_int_or(b, "cpus", 0), (int)json_int_or(b, "memory_mb", 0),
			  json_str_or(b, "cpu", "-"), json_str_or(spec, "accel", "-"));
}

static void show_step(struct buf *out, const struct plan *plan, const struct plan_facts *facts,
		      const struct plan_state *state, const struct plan_step *step)
{
	autojson json_t *spec = plan_spec(plan, 0, facts, state, step);
	autofree char *name = step->kind == PLAN_BOOT ? plan_board_name(&plan->cells[0], step->place) : NULL;
	autofree char *machine = name && strchr(name, ',') ? show_machine(spec) : NULL;

	if (step->kind == PLAN_BOOT) {
		buf_printf(out, "  boot %s%s image=%s initrd=%s dtb=%s", name, machine ? machine : "",
			   json_str_or(spec, "image", "-"), json_str_or(spec, "initrd", "-"),
			   json_str_or(spec, "dtb", "-"));
		show_list(out, " without ", "reason", json_object_get(spec, "skipped_suites"));
	} else if (step->kind == PLAN_CONFIGURE) {
		const json_t *config = json_object_get(spec, "config");

		buf_printf(out, "  configure %s", json_str_or(config, "target", "?"));
		show_list(out, " + ", NULL, json_object_get(config, "fragments"));
	} else if (step->kind == PLAN_INIT) {
		buf_adds(out, "  init");
		show_list(out, " ", NULL, json_object_get(spec, "suites"));
	} else {
		buf_printf(out, "  %s\n", json_str_or(spec, "kind", "?"));
	}
}

static void show(struct buf *out, const struct plan *plan, const struct plan_facts *facts,
		 const struct plan_state *state)
{
	autofree char *name = plan_build_name(plan, 0, facts);
	plan_step_vec steps = { 0 };
	struct plan_verdict v;
	struct arena a = { 0 };

	buf_printf(out, "%s\n", name);
	plan_next(plan, 0, facts, state, &steps);
	for (size_t i = 0; i < steps.n; i++)
		show_step(out, plan, facts, state, &steps.data[i]);
	v = plan_build_verdict(plan, 0, facts, state, &a);
	show_verdict(out, "build", &v);
	for (size_t b = 0; b < plan->cells[0].n_places; b++) {
		v = plan_board_verdict(plan, 0, b, facts, state, &a);
		show_verdict(out, plan->cells[0].places[b].board->name, &v);
	}
	vec_free(&steps);
	arena_free(&a);
}

/* The boots of these boards were begun before and have not ended: what the ledger would say. */
static json_t *begun(const json_t *boards, const struct plan *plan, const struct plan_facts *facts,
		     const struct plan_state *state)
{
	json_t *lost = json_object();

	for (size_t b = 0; b < plan->cells[0].n_places; b++) {
		const struct plan_step step = { PLAN_BOOT, b };
		autojson json_t *spec = NULL;
		char key[HASH_HEX];

		if (!json_has_string(boards, plan->cells[0].places[b].board->name))
			continue;
		spec = plan_spec(plan, 0, facts, state, &step);
		step_key(spec, key);
		json_object_set_new(lost, key, json_string("00000000-0000-4000-8000-000000000000"));
	}
	return lost;
}

static void run_case(const struct catalog *catalog, const json_t *doc, struct buf *out)
{
	struct arena a = { 0 };
	const json_t *r = json_object_get(doc, "request"), *s = json_object_get(doc, "state");
	const json_t *given = json_object_get(doc, "facts");
	autojson json_t *source = json_pack("{s:s, s:s, s:s}", "id", "src", "digest", "d", "release",
					    json_str_or(given, "release", "6.1.5"));
	autojson json_t *toolchains = json_pack("{s:[]}", "a64/gcc");
	autojson json_t *machines = json_pack("{s:{s:s}, s:{s:s}}", "a-one", "program", "q", "a-two", "program", "q");
	struct plan_request request = {
		.matrix = json_str_or(r, "matrix", NULL),
		.archs = names_at(&a, r, "archs"),
		.configs = names_at(&a, r, "configs"),
		.toolchains = names_at(&a, r, "toolchains"),
		.boards = names_at(&a, r, "boards"),
		.runners = names_at(&a, r, "runners"),
		.roots = names_at(&a, r, "roots"),
		.machine = { json_int_or(r, "cpus", 0), json_int_or(r, "memory_mb", 0), json_str_or(r, "cpu", NULL),
			     json_str_or(r, "accel", NULL) },
	};
	struct plan_facts facts = {
		.source = source,
		.toolchains = json_object_get(given, "toolchains") ? json_object_get(given, "toolchains") : toolchains,
		.machines = json_object_get(given, "machines") ? json_object_get(given, "machines") : machines,
		.init_sources = "s0",
		.patterns = "p0",
		.today = json_str_or(doc, "today", NULL),
		.labs = json_object_get(given, "labs"),
	};
	json_t *boots = json_object_get(s, "boots");
	const json_t *attempts[2] = { json_array_get(boots, 0), json_array_get(boots, 1) };
	struct kconfig *config = NULL;
	struct plan *plan = NULL;
	struct err err = { 0 };

	if (json_object_get(doc, "config"))
		assert_int_equal(kconfig_parse(view_of(json_str_or(doc, "config", "")), &config, &err), 0);
	if (plan_expand(catalog, &request, &plan, &err) < 0) {
		buf_printf(out, "error: %s\n", err.msg);
	} else {
		size_t more = json_bool_or(r, "fallback", false) ? plan_fall_back(plan, &facts) : 0;
		struct plan_state state = { json_object_get(s, "configure"), json_object_get(s, "init"),
					    json_object_get(s, "build"), config, attempts };
		autojson json_t *lost = begun(json_object_get(given, "begun"), plan, &facts, &state);

		facts.lost = lost;
		show(out, plan, &facts, &state);
		for (size_t i = 1; i <= more; i++) {
			autofree char *name = plan_build_name(plan, i, &facts);

			buf_printf(out, "also %s\n", name);
		}
	}
	plan_free(plan);
	kconfig_free(config);
	arena_free(&a);
}

static void golden_cases(void **state)
{
	const struct catalog *catalog = load();
	autofree char *dir_path = golden("");
	autoclosedir DIR *dir = opendir(dir_path);
	struct dirent *e;
	int cases = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		autobuf struct buf text = { 0 }, out = { 0 };
		struct err err = { 0 };
		char *split;
		autojson json_t *doc = NULL;

		if (!str_ends(e->d_name, ".case"))
			continue;
		assert_int_equal(fs_read(dirfd(dir), e->d_name, 1 << 20, &text, &err), 0);
		split = strstr(text.data, "=====\n");
		assert_non_null(split);
		*split = '\0';
		doc = json_loads(text.data, 0, NULL);
		if (!doc)
			fail_msg("%s: not JSON", e->d_name);
		run_case(catalog, doc, &out);
		if (strcmp(out.data, split + 6) != 0)
			fail_msg("%s:\n%s\nwanted:\n%s", e->d_name, out.data, split + 6);
		cases++;
	}
	assert_true(cases >= 10);
	catalog_free(catalog);
}

/* A retry that was cut off must not change the key of what it retries. */
static void the_same_wish_gives_the_same_spec(void **state)
{
	const struct catalog *catalog = load();
	autojson json_t *source = json_pack("{s:s, s:s}", "id", "src", "digest", "d");
	struct plan_facts facts = { .source = source };
	struct plan_state nothing = { 0 };
	struct plan_step step = { PLAN_CONFIGURE, 0 };
	struct plan *plan = NULL;
	struct err err = { 0 };

	assert_int_equal(plan_expand(catalog, &(struct plan_request){ 0 }, &plan, &err), 0);
	autojson json_t *first = plan_spec(plan, 0, &facts, &nothing, &step);
	autojson json_t *second = plan_spec(plan, 0, &facts, &nothing, &step);
	autofree char *a = json_canonical(first), *b = json_canonical(second);

	assert_string_equal(a, b);
	assert_non_null(strstr(a, "CONFIG_AYE=y"));
	plan_free(plan);
	catalog_free(catalog);
}

/* What the cells of a request are called, and what of chance is in the spec of each. */
static void assert_cells(const struct catalog *catalog, const struct plan_request *request, const char *expected)
{
	autojson json_t *source = json_pack("{s:s, s:s}", "id", "src", "digest", "d");
	autojson json_t *toolchains = json_pack("{s:[]}", "a64/gcc");
	struct plan_facts facts = { .source = source, .toolchains = toolchains };
	struct plan_state nothing = { 0 };
	autobuf struct buf out = { 0 };
	struct plan *plan = NULL;
	struct err err = { 0 };

	if (plan_expand(catalog, request, &plan, &err) < 0)
		buf_printf(&out, "%s\n", err.msg);
	for (size_t i = 0; plan && i < plan->n; i++) {
		autofree char *name = plan_build_name(plan, i, &facts);
		autojson json_t *spec = plan_spec(plan, i, &facts, &nothing, &(struct plan_step){ PLAN_CONFIGURE, 0 });
		const json_t *config = json_object_get(spec, "config");

		buf_printf(&out, "%s %lld %s\n", name, (long long)json_int_or(config, "seed", -1),
			   json_str_or(config, "probability", "-"));
	}
	plan_free(plan);
	assert_string_equal(out.data, expected);
}

static void a_config_at_random_is_one_for_each_seed(void **state)
{
	const struct catalog *catalog = load();
	static const char *const lottery = "lottery";
	static const int64_t seeds[] = { 0, 3 };

	assert_cells(catalog, &(struct plan_request){ .matrix = "drawn" },
		     "src/a64/lottery-7/gcc 7 -\nsrc/a64/lottery-9/gcc 9 -\n"
		     "src/a64/lottery-20/gcc 20 5:3:2\nsrc/a64/lottery-21/gcc 21 5:3:2\nsrc/a64/small/gcc -1 -\n");
	assert_cells(catalog,
		     &(struct plan_request){ .configs = { &lottery, 1 }, .seeds = { seeds, 2 }, .probability = "4" },
		     "src/a64/lottery-0/gcc 0 4\nsrc/a64/lottery-3/gcc 3 4\n");
	assert_cells(catalog, &(struct plan_request){ .configs = { &lottery, 1 } },
		     "the config lottery is made from a seed: give --seed N, or --count K for K seeds drawn\n");
	catalog_free(catalog);
}

static json_t *attempts(const char *verdicts)
{
	json_t *list = json_array();

	for (const char *v = verdicts; *v; v++)
		json_array_append_new(list, json_pack("{s:s}", "verdict",
						      *v == 'p'   ? "pass"
						      : *v == 'w' ? "warn"
						      : *v == 'f' ? "fail"
								  : "infra"));
	return list;
}

static void attempts_give_one_verdict_together(void **state)
{
	static const struct {
		const char *attempts;
		enum verdict verdict;
		size_t chosen;
	} cases[] = {
		{ "p", VERDICT_PASS, 0 },   { "pp", VERDICT_PASS, 1 },  { "f", VERDICT_FAIL, 0 },
		{ "pf", VERDICT_FLAKY, 1 }, { "fp", VERDICT_FLAKY, 0 }, { "i", VERDICT_INFRA, 0 },
		{ "ip", VERDICT_PASS, 1 },  { "pi", VERDICT_PASS, 0 },  { "fi", VERDICT_FAIL, 0 },
		{ "wp", VERDICT_WARN, 1 },  { "ff", VERDICT_FAIL, 1 },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		autojson json_t *list = attempts(cases[i].attempts);
		size_t chosen = 99;
		enum verdict v = plan_combine(list, &chosen);

		if (v != cases[i].verdict || chosen != cases[i].chosen)
			fail_msg("%s: %s, %zu", cases[i].attempts, verdict_text(v), chosen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_cases),
		cmocka_unit_test(the_same_wish_gives_the_same_spec),
		cmocka_unit_test(a_config_at_random_is_one_for_each_seed),
		cmocka_unit_test(attempts_give_one_verdict_together),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
