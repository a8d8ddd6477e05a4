/* The golden cases are one file each below tests/golden/kconfig: sections that start with "== name". */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "kconfig/expr.h"

#include <fcntl.h>
#include <glob.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static const char *tests_dir(void)
{
	const char *dir = getenv("KILN_TESTS");

	return dir ? dir : "tests";
}

/* A section's lines, as written; { NULL, 0 } when the case has none. */
static struct view section(const struct buf *text, const char *name)
{
	autofree char *head = mem_printf("== %s\n", name);
	const char *at = strstr(text->data, head), *end;

	if (!at)
		return (struct view){ NULL, 0 };
	at += strlen(head);
	end = str_starts(at, "== ") ? at : strstr(at, "\n== ");
	end = end ? end + (*end == '\n') : text->data + text->n;
	return (struct view){ at, (size_t)(end - at) };
}

static void assert_text(const struct buf *got, struct view want)
{
	autofree char *copy = mem_strndup(want.n ? want.p : "", want.n);

	assert_string_equal(got->data ? got->data : "", copy);
}

static struct kconfig *config_of(struct view text)
{
	struct kconfig *config = NULL;
	struct err err = { 0 };

	if (kconfig_parse(text, &config, &err) < 0)
		fail_msg("%s", err.msg);
	return config;
}

static void free_config(struct kconfig **config)
{
	kconfig_free(*config);
}
#define autoconfig __attribute__((cleanup(free_config)))

static void free_arena(struct arena *a)
{
	arena_free(a);
}
#define autoarena __attribute__((cleanup(free_arena)))

/* == config, then == error or == values with the lines "SYMBOL have". */
static void golden_parse(const struct buf *text)
{
	struct view error = section(text, "error"), values = section(text, "values");
	autoconfig struct kconfig *config = NULL;
	autobuf struct buf got = { 0 };
	autoarena struct arena arena = { 0 };
	struct err err = { 0 };

	assert_true(error.p || values.p);
	if (kconfig_parse(section(text, "config"), &config, &err) < 0) {
		buf_printf(&got, "%s\n", err.msg);
		assert_int_equal(err.class, ERR_USER);
		assert_text(&got, error);
		return;
	}
	assert_null(error.p);
	for (struct view rest = values; rest.n;) {
		struct view line = view_cut(&rest, '\n'), name = view_cut(&line, ' ');

		buf_printf(&got, VIEW_FMT " %s\n", VIEW_ARG(name), value_text(kconfig_get(config, name), &arena));
	}
	assert_text(&got, values);
}

static enum requirement_kind kind_of(struct view word)
{
	for (enum requirement_kind kind = REQUIRE; kind <= REQUIRE_SUITE; kind++)
		if (view_is(word, requirement_kind_text(kind)))
			return kind;
	fail_msg("no kind: " VIEW_FMT, VIEW_ARG(word));
	return REQUIRE;
}

/* "kind: requirement -- hint" */
static struct requirement *requirement_of(struct arena *a, struct view line)
{
	struct view word = view_cut(&line, ':');
	char *copy = arena_strndup(a, line.p, line.n), *hint = strstr(copy, " -- ");
	struct requirement *r;
	struct err err = { 0 };
	int column;

	if (hint) {
		*hint = '\0';
		hint += 4;
	}
	if (requirement_parse(a, view_trim(view_of(copy)), kind_of(word), hint, &r, &column, &err) < 0)
		fail_msg("%s at %d", err.msg, column);
	assert_string_equal(requirement_text(r), view_trim(view_of(copy)).p);
	return r;
}

/* == config, == kernel, == require, == reasons */
static void golden_match(const struct buf *text)
{
	autoconfig struct kconfig *config = config_of(section(text, "config"));
	autoarena struct arena arena = { 0 };
	autobuf struct buf got = { 0 };
	struct kversion kernel;
	reason_vec reasons = { 0 };
	size_t unmet = 0, said = 0;

	assert_int_equal(kversion_parse(view_trim(section(text, "kernel")), &kernel), 0);
	for (struct view rest = section(text, "require"); rest.n;) {
		const struct requirement *r = requirement_of(&arena, view_cut(&rest, '\n'));

		unmet += !requirement_met(r, config, kernel);
		said += requirements_match(&r, 1, config, kernel, &arena, &reasons);
	}
	assert_int_equal(unmet, said);
	assert_int_equal(said, reasons.n);
	for (size_t i = 0; i < reasons.n; i++) {
		reason_print(&reasons.data[i], &got);
		buf_addc(&got, '\n');
	}
	vec_free(&reasons);
	assert_text(&got, section(text, "reasons"));
}

/* == text, == error: "column: message", or "fine" */
static void golden_requirement(const struct buf *text)
{
	struct view rest = section(text, "text");
	autobuf struct buf got = { 0 };

	assert_true(rest.n);
	while (rest.n) {
		struct view line = view_cut(&rest, '\n');
		autoarena struct arena arena = { 0 };
		struct requirement *r = NULL;
		struct err err = { 0 };
		int column = -1;

		if (requirement_parse(&arena, line, REQUIRE, NULL, &r, &column, &err) < 0) {
			assert_null(r);
			assert_int_equal(err.class, ERR_USER);
			buf_printf(&got, "%d: %s\n", column, err.msg);
		} else {
			buf_adds(&got, "fine\n");
		}
	}
	assert_text(&got, section(text, "error"));
}

static void print_dropped(const json_t *list, struct buf *out)
{
	const json_t *entry;
	size_t i;

	json_array_foreach ((json_t *)list, i, entry) {
		const char *symbol = NULL, *want = NULL, *have = NULL, *why = NULL;

		assert_int_equal(json_unpack((json_t *)entry, "{s:s, s:s, s:s, s:s}", "symbol", &symbol, "want", &want,
					     "have", &have, "why", &why),
				 0);
		buf_printf(out, "%s=%s (%s): %s\n", symbol, want, have, why);
	}
}

/* == requested, == config, == dropped, over the tree of tests/golden/kconfig/tree */
static void golden_dropped(const struct buf *text)
{
	autofree char *tree = mem_printf("%s/golden/kconfig/tree", tests_dir());
	autoconfig struct kconfig *config = config_of(section(text, "config"));
	autobuf struct buf got = { 0 };
	autojson json_t *list = NULL;
	struct err err = { 0 };

	if (kconfig_dropped(section(text, "requested"), config, tree, "fake", &list, &err) < 0)
		buf_printf(&got, "%s\n", err.msg);
	else
		print_dropped(list, &got);
	assert_text(&got, section(text, "dropped"));
}

static const struct {
	const char *dir;
	void (*check)(const struct buf *text);
} goldens[] = {
	{ "parse", golden_parse },
	{ "match", golden_match },
	{ "requirement", golden_requirement },
	{ "dropped", golden_dropped },
};

static void golden_case(void **state)
{
	const char *path = *state;
	autobuf struct buf text = { 0 };
	struct err err = { 0 };

	if (fs_read(AT_FDCWD, path, TEXT_MAX, &text, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < countof(goldens); i++) {
		autofree char *part = mem_printf("/kconfig/%s/", goldens[i].dir);

		if (strstr(path, part))
			goldens[i].check(&text);
	}
}

static void crlf_and_a_missing_last_newline_are_fine(void **state)
{
	autoconfig struct kconfig *config =
		config_of(VIEW("CONFIG_A=y\r\n# CONFIG_B is not set\r\n\r\nCONFIG_C=\"x\""));

	assert_int_equal(kconfig_get(config, VIEW("A"))->type, KCONFIG_YES);
	assert_null(kconfig_get(config, VIEW("B")));
	assert_true(view_is(kconfig_get(config, VIEW("C"))->text, "x"));
	assert_null(kconfig_get(config, VIEW("")));
}

static void an_empty_config_is_one(void **state)
{
	autoconfig struct kconfig *config = config_of((struct view){ NULL, 0 });

	assert_null(kconfig_get(config, VIEW("A")));
}

static void a_nul_byte_is_refused(void **state)
{
	struct kconfig *config = NULL;
	struct err err = { 0 };

	assert_int_equal(kconfig_parse(VIEW("CONFIG_A=y\n\0\n"), &config, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_null(config);
}

static void many_symbols_are_kept_apart(void **state)
{
	autobuf struct buf text = { 0 };
	autoconfig struct kconfig *config = NULL;

	for (int i = 0; i < 50000; i++)
		buf_printf(&text, "CONFIG_S%d=%d\n", i, i);
	config = config_of((struct view){ text.data, text.n });
	for (int i = 0; i < 50000; i++) {
		autofree char *name = mem_printf("S%d", i);
		const struct kconfig_value *value = kconfig_get(config, view_of(name));

		assert_non_null(value);
		assert_true(view_is(value->text, name + 1));
	}
	assert_null(kconfig_get(config, VIEW("S50000")));
}

static void the_head_names_architecture_and_version(void **state)
{
	autoconfig struct kconfig *config = config_of(VIEW("#\n# Automatically generated file; DO NOT EDIT.\n# "
							   "Linux/x86_64 6.1.0-rc3+ Kernel Configuration\n#\n"));
	autoconfig struct kconfig *bare = config_of(VIEW("# Linux is fine\n# Linux/\nCONFIG_A=y\n"));
	struct kversion v = { 9, 9, 9 };
	struct view arch;

	assert_int_equal(kconfig_origin(config, &arch, &v), 0);
	assert_true(view_is(arch, "x86_64"));
	assert_int_equal(kversion_cmp(v, (struct kversion){ 6, 1, 0 }), 0);
	v = (struct kversion){ 9, 9, 9 };
	assert_int_equal(kconfig_origin(bare, &arch, &v), -1);
	assert_int_equal(v.major, 9);
}

static void versions_are_read_and_ordered(void **state)
{
	static const char *const good[] = { "2.6.39", "5.10", "5.10.7", "6.1-rc1", "6.1.0", "6.1.192", "6.10" };
	static const char *const bad[] = { "", "6", "6.", "v6.1", "6.1x", "6.x", "6.1.99999999999", "-1.2" };
	struct kversion before = { 0 }, v;

	for (size_t i = 0; i < countof(good); i++) {
		assert_int_equal(kversion_parse(view_of(good[i]), &v), 0);
		assert_true(i == 4 ? kversion_cmp(before, v) == 0 : kversion_cmp(before, v) < 0);
		before = v;
	}
	for (size_t i = 0; i < countof(bad); i++)
		assert_int_equal(kversion_parse(view_of(bad[i]), &v), -1);
}

static void a_makefile_names_its_release(void **state)
{
	static const struct {
		const char *makefile, *release;
	} cases[] = {
		{ "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION = -rc1\nNAME = x\nVERSION = 7\n",
		  "6.1.192-rc1" },
		{ "VERSION=2\nPATCHLEVEL=6\nSUBLEVEL =\nEXTRAVERSION =", "2.6" },
		{ "VERSION = 6\nPATCHLEVEL = 1\nEXTRAVERSION = \033", "6.1\\x1b" },
		{ "VERSION = 6\nSUBLEVEL = 1\n", NULL },
		{ "MYVERSION = 6\nPATCHLEVEL = 1\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		autofree char *release = kversion_of_makefile(view_of(cases[i].makefile));

		assert_int_equal(!release, !cases[i].release);
		if (release)
			assert_string_equal(release, cases[i].release);
	}
}

static void ranges_include_both_ends(void **state)
{
	static const struct {
		const char *range;
		const char *version;
		bool in;
	} cases[] = {
		{ "5.10..6.6", "5.10.0", true },
		{ "5.10..6.6", "5.9.99", false },
		{ "5.10..6.6", "6.6.42", true },
		{ "5.10..6.6", "6.7", false },
		{ "..5.18", "2.6.39", true },
		{ "..5.18", "5.18.19", true },
		{ "..5.18", "5.19", false },
		{ "6.1..", "6.1-rc1", true },
		{ "6.1..", "6.0.19", false },
		{ "6.1.5..6.1.9", "6.1.10", false },
		{ "6.1", "6.1.192", true },
		{ "6.1", "6.2", false },
		{ "", "1.0", true },
		{ " 5.10 .. 6.6 ", "6.0", false },
		{ "6.1..6.1.9", "6.1.9", true },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		struct kversion_range range;
		struct kversion v;
		struct err err = { 0 };

		assert_int_equal(kversion_parse(view_of(cases[i].version), &v), 0);
		if (kversion_range_parse(view_of(cases[i].range), &range, &err) < 0) {
			assert_string_equal(cases[i].range, " 5.10 .. 6.6 "); /* no blanks inside */
			continue;
		}
		if (kversion_in(v, &range) != cases[i].in)
			fail_msg("%s in %s", cases[i].version, cases[i].range);
	}
	assert_true(kversion_in((struct kversion){ 6, 1, 0 }, &(struct kversion_range){ 0 }));
}

static void probabilities_are_percents(void **state)
{
	static const char *const good[] = { "0", "10", "100", "40:60", "100:50:50" };
	static const char *const bad[] = { "",      "101",     "-1",      "1.5",  "10:", ":10",
					   "60:50", "1:60:50", "1:2:3:4", "1000", "a" };
	struct err err;

	for (size_t i = 0; i < countof(good); i++)
		assert_int_equal(probability_check(good[i], &err), 0);
	for (size_t i = 0; i < countof(bad); i++)
		if (probability_check(bad[i], &err) == 0)
			fail_msg("%s is taken", bad[i]);
}

static void bad_ranges_are_refused(void **state)
{
	static const char *const bad[] = { "..", "6", "6.6..5.10", "6.1...6.2", "6.1-6.2", "6.1..x", "6.1..6.2 y" };

	for (size_t i = 0; i < countof(bad); i++) {
		struct kversion_range range;
		struct err err = { 0 };

		if (kversion_range_parse(view_of(bad[i]), &range, &err) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.class, ERR_USER);
	}
}

static void a_range_is_printed_as_it_is_read(void **state)
{
	static const char *const texts[] = { "5.10..6.6", "6.1..", "..5.18", "5.10.3..6.6.7" };

	for (size_t i = 0; i < countof(texts); i++) {
		autobuf struct buf got = { 0 };
		struct kversion_range range;
		struct err err = { 0 };

		assert_int_equal(kversion_range_parse(view_of(texts[i]), &range, &err), 0);
		kversion_range_print(&range, &got);
		assert_string_equal(got.data, texts[i]);
	}
}

static void a_reason_is_json_too(void **state)
{
	const struct reason reason = { "NR_CPUS", ">=4", "2", REQUIRE_SUITE, NULL };
	autojson json_t *j = reason_json(&reason);
	autofree char *text = json_canonical(j);

	assert_string_equal(
		text, "{\"have\":\"2\",\"hint\":null,\"kind\":\"suite\",\"symbol\":\"NR_CPUS\",\"want\":\">=4\"}");
}

static struct tristate eval(const char *text, const struct kconfig *config)
{
	struct tree t = { .dir = -1 };
	struct view rest = view_of(text);
	const struct expr *e;
	struct tristate v = { -1, -1 };

	tree_read_text(&t, VIEW("config Y\n\tbool\nconfig M\n\ttristate\nconfig N\n\tbool\nconfig I\n\tint\nconfig "
				"S\n\tstring\n"));
	e = expr_parse(&t, &rest);
	if (e)
		v = expr_eval(&t, e, config);
	tree_free(&t);
	return v;
}

static void expressions_have_kconfigs_values(void **state)
{
	autoconfig struct kconfig *config =
		config_of(VIEW("CONFIG_MODULES=y\nCONFIG_Y=y\nCONFIG_M=m\nCONFIG_I=12\nCONFIG_S=\"abc\"\n"));
	static const struct {
		const char *text;
		int low, high;
	} cases[] = {
		{ "Y", 2, 2 },
		{ "M", 1, 1 },
		{ "N", 0, 0 },
		{ "!M", 1, 1 },
		{ "Y && M", 1, 1 },
		{ "N || M", 1, 1 },
		{ "!N && Y", 2, 2 },
		{ "Y && N || M", 1, 1 },
		{ "(N || Y) && M", 1, 1 },
		{ "M = y", 0, 0 },
		{ "M=m", 2, 2 },
		{ "N = n", 2, 2 },
		{ "N != y", 2, 2 },
		{ "I > 9", 2, 2 },
		{ "I <= 11", 0, 0 },
		{ "I = 0xc", 2, 2 },
		{ "S = \"abc\"", 2, 2 },
		{ "S = 'abd'", 0, 0 },
		{ "y", 2, 2 },
		{ "m", 1, 1 },
		{ "Y # note", 2, 2 },
		{ "!!M", 1, 1 },
		{ "Y if N", 2, 2 },
		{ "$(cc-option,-a) && Y", 0, 2 },
		{ "$(x) && N", 0, 0 },
		{ "!$(x,(y))", 0, 2 },
		{ "Y || $(x)", 2, 2 },
		{ "\"$(x)\" = \"1\"", 0, 2 },
		{ "NONE", 0, 0 },
		{ "NONE = \"\"", 0, 0 },
		{ "NONE = NONE", 2, 2 },
	};
	static const char *const broken[] = { "",  "&&",  "Y &&",   "(Y",   "Y)",       "Y M",
					      "!", "Y =", "\"open", "if Y", "Y || || M" };

	for (size_t i = 0; i < countof(cases); i++) {
		struct tristate v = eval(cases[i].text, config);

		if (v.low != cases[i].low || v.high != cases[i].high)
			fail_msg("%s: %d..%d", cases[i].text, v.low, v.high);
	}
	for (size_t i = 0; i < countof(broken); i++)
		if (eval(broken[i], config).low != -1)
			fail_msg("%s was taken", broken[i]);
}

static void hostile_expressions_end(void **state)
{
	autoconfig struct kconfig *config = config_of(VIEW(""));
	autobuf struct buf open = { 0 }, chain = { 0 };

	for (int i = 0; i < 100000; i++) {
		buf_addc(&open, '(');
		buf_adds(&chain, "A && ");
	}
	buf_adds(&chain, "A");
	assert_int_equal(eval(open.data, config).low, -1);
	assert_int_equal(eval(chain.data, config).low, -1);
}

static void a_tree_that_is_not_there_costs_only_the_reasons(void **state)
{
	autoconfig struct kconfig *config = config_of(VIEW(""));
	autojson json_t *list = NULL;
	struct err err = { 0 };

	assert_int_equal(kconfig_dropped(VIEW("CONFIG_A=y\n"), config, "/nonexistent", "fake", &list, &err), 0);
	assert_int_equal(json_array_size(list), 1);
	assert_non_null(strstr(json_string_value(json_object_get(json_array_get(list, 0), "why")), "no Kconfig file"));
}

static const char *real_why(const json_t *list, const char *symbol)
{
	const json_t *entry;
	size_t i;

	json_array_foreach ((json_t *)list, i, entry)
		if (strcmp(json_string_value(json_object_get(entry, "symbol")), symbol) == 0)
			return json_string_value(json_object_get(entry, "why"));
	return "(survived)";
}

/* Only with KILN_TEST_TREE, an unpacked kernel tree from 5.10 on: tests/e2e/kconfig.sh has one. */
static void a_real_tree_gives_its_reasons(void **state)
{
	const char *tree = getenv("KILN_TEST_TREE");
	autoconfig struct kconfig *config = config_of(
		VIEW("# Linux/x86 6.1.192 Kernel Configuration\nCONFIG_64BIT=y\nCONFIG_X86=y\nCONFIG_X86_64=y\n"
		     "CONFIG_DEBUG_INFO_NONE=y\nCONFIG_EXPERT=y\nCONFIG_LOG_BUF_SHIFT=17\nCONFIG_PRINTK=y\n"));
	autojson json_t *list = NULL;
	struct err err = { 0 };

	assert_int_equal(kconfig_dropped(VIEW("CONFIG_EXT4_FS=y\nCONFIG_NO_SUCH_THING=y\nCONFIG_LOG_BUF_SHIFT=99\n"
					      "CONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_VIRTIO_BLK=m\nCONFIG_X86_64=y\n"),
					 config, tree, "x86", &list, &err),
			 0);
	assert_string_equal(real_why(list, "X86_64"), "(survived)");
	assert_string_equal(real_why(list, "EXT4_FS"), "depends on BLOCK, which is not set");
	assert_string_equal(real_why(list, "NO_SUCH_THING"), "no Kconfig file of this source knows it for x86");
	assert_string_equal(real_why(list, "LOG_BUF_SHIFT"), "is outside its range 12..25");
	assert_string_equal(real_why(list, "VIRTIO_BLK"), "cannot be m: MODULES is not set");
	assert_non_null(strstr(real_why(list, "SERIAL_8250_CONSOLE"), "depends on SERIAL_8250=y, which is not set"));
}

static void reasons_that_say_the_same_are_one(void **state)
{
	struct reason data[] = {
		{ "A", "y", "not set", REQUIRE, "set it" },        { "B", "y", "not set", REQUIRE, NULL },
		{ "C", "y", "not set", REQUIRE, "set it" },        { "D", "y", "m", REQUIRE, "set it" },
		{ "E", "y", "not set", PREFER, "set it" },         { "F", "y", "not set", REQUIRE, "set it" },
		{ "G", "y", "not set", REQUIRE_ROOTFS, "set it" },
	};
	const reason_vec reasons = { .data = data, .n = countof(data) };
	autobuf struct buf line = { 0 };

	reasons_print(&reasons, &line);
	assert_string_equal(line.data, "A, C and F are not set, y is required; set it; B is not set, y is required; "
				       "D is m, y is required; set it; "
				       "G is not set, y is required by the rootfs; set it");
}

static const struct CMUnitTest plain_tests[] = {
	cmocka_unit_test(reasons_that_say_the_same_are_one),
	cmocka_unit_test(crlf_and_a_missing_last_newline_are_fine),
	cmocka_unit_test(an_empty_config_is_one),
	cmocka_unit_test(a_nul_byte_is_refused),
	cmocka_unit_test(many_symbols_are_kept_apart),
	cmocka_unit_test(the_head_names_architecture_and_version),
	cmocka_unit_test(versions_are_read_and_ordered),
	cmocka_unit_test(a_makefile_names_its_release),
	cmocka_unit_test(ranges_include_both_ends),
	cmocka_unit_test(probabilities_are_percents),
	cmocka_unit_test(bad_ranges_are_refused),
	cmocka_unit_test(a_range_is_printed_as_it_is_read),
	cmocka_unit_test(a_reason_is_json_too),
	cmocka_unit_test(expressions_have_kconfigs_values),
	cmocka_unit_test(hostile_expressions_end),
	cmocka_unit_test(a_tree_that_is_not_there_costs_only_the_reasons),
};

int main(void)
{
	autofree char *pattern = mem_printf("%s/golden/kconfig/*/*.txt", tests_dir());
	VEC(struct CMUnitTest) tests = { 0 };
	glob_t found = { 0 };
	int failed;

	for (size_t i = 0; i < countof(plain_tests); i++)
		*vec_push(&tests) = plain_tests[i];
	if (getenv("KILN_TEST_TREE"))
		*vec_push(&tests) = (struct CMUnitTest)cmocka_unit_test(a_real_tree_gives_its_reasons);
	if (glob(pattern, 0, NULL, &found) != 0) {
		printf("Bail out! no golden cases at %s: set KILN_TESTS\n", pattern);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *path = found.gl_pathv[i];

		*vec_push(&tests) = (struct CMUnitTest){ strstr(path, "kconfig/"), golden_case, NULL, NULL, path };
	}
	failed = _cmocka_run_group_tests("kconfig", tests.data, tests.n, NULL, NULL);
	vec_free(&tests);
	globfree(&found);
	return failed;
}
