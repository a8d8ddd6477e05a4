#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "home.h"
#include "lab/budget.h"
#include "lab/devices.h"
#include "lab/flow.h"
#include "lab/holds.h"
#include "lab/log.h"
#include "lab/private.h"

#include <sys/stat.h>

static void assert_flow(const char *text, const char *want)
{
	autojson json_t *value = flow_parse(view_of(text)),
			*expected = json_loads(want, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	assert_non_null(expected);
	if (!value || !json_equal(value, expected))
		fail_msg("%s: %s and not %s", text, value ? json_dumps(value, JSON_ENCODE_ANY) : "refused", want);
}

/* Each is what PyYAML 6.0 writes with default_flow_style and the style '"'. */
static void flow_maps_lists_and_texts(void **state)
{
	assert_flow("{}", "{}");
	assert_flow("[]", "[]");
	assert_flow("\"\"", "\"\"");
	assert_flow("{\"a\": ! \"1\", \"b\": ! \"1.5\", \"c\": ! \"null\", \"d\": ! \"true\"}",
		    "{\"a\":\"1\",\"b\":\"1.5\",\"c\":\"null\",\"d\":\"true\"}");
	assert_flow("{\"size\": ! \"8222656\"}", "{\"size\":\"8222656\"}");
	assert_flow("{! \"5\": ! \"6\"}", "{\"5\":\"6\"}");
	assert_flow("[\"x\", {\"h\": {\"i\": [\"j\"]}}]", "[\"x\",{\"h\":{\"i\":[\"j\"]}}]");
	assert_flow("\"- a: b # c, {d}\"", "\"- a: b # c, {d}\"");
	assert_flow(" { \"a\" : 1 , \"b\" : -20 } ", "{\"a\":1,\"b\":-20}");
	assert_flow("{\"a\": true, \"b\": null, \"c\": 12:00:01, \"d\": 1.5}",
		    "{\"a\":true,\"b\":null,\"c\":\"12:00:01\",\"d\":\"1.5\"}");
}

static void flow_escapes_are_bytes(void **state)
{
	assert_flow("\"\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\/\\\\\"", "\"\\u0007\\b\\t\\n\\u000b\\f\\r\\u001b \\\"/\\\\\"");
	assert_flow("\"a\\0b\"", "\"a\\u0000b\"");
	assert_flow("\"\\N\\_\\L\\P\"", "\"\\u0085\\u00a0\\u2028\\u2029\"");
	assert_flow("\"\\xE9\\x41\"", "\"\\u00e9A\"");
	assert_flow("\"\\uFEFF\\uFFFD\"", "\"\\ufeff\\ufffd\"");
	assert_flow("\"\\U0001F600\"", "\"\\ud83d\\ude00\"");
}

/* A half of a pair that stands alone is no character: it reads as the one for that. */
static void flow_half_a_pair_is_no_loss(void **state)
{
	assert_flow("\"a\\uD83Db\\uDCFF\"", "\"a\\ufffdb\\ufffd\"");
}

static void flow_refuses_what_is_not_written_so(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\": 1,}",
		"[1,]",
		"[1 2",
		"\"a",
		"\"a\\",
		"\"\\q\"",
		"\"\\x4\"",
		"\"\\xzz\"",
		"\"\\u12\"",
		"\"\\U00110000\"",
		"'a'",
		"&a \"b\"",
		"*a",
		"!!int \"3\"",
		"! 3",
		"!t \"a\"",
		"{} {}",
		"{} # comment",
		"\"a\" \"b\"",
		"{a: 1}",
		"{\"a\\0\": 1}",
		"@a",
		"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]",
		"|",
		"> a",
		"%YAML",
		"{\"a\": 1\n}",
	};

	for (size_t i = 0; i < countof(texts); i++) {
		autojson json_t *value = flow_parse(view_of(texts[i]));

		if (value)
			fail_msg("%s is taken", texts[i]);
	}
	assert_null(flow_parse((struct view){ "\"a\0", 3 }));
}

/* Nothing behind the text is read. */
static void flow_ends_with_its_text(void **state)
{
	autojson json_t *value = flow_parse((struct view){ "123", 2 });

	assert_int_equal(json_integer_value(value), 12);
}

struct heard {
	struct buf console;
	int64_t last_ms;
	int results;
	char job[64];
};

static void on_console(struct view text, int64_t at_ms, void *data)
{
	struct heard *h = data;

	buf_add(&h->console, text.p, text.n);
	h->last_ms = at_ms;
}

static void on_result(const json_t *result, void *data)
{
	struct heard *h = data;

	h->results++;
	if (strcmp(json_str_or(result, "case", ""), "job") == 0)
		snprintf(h->job, sizeof(h->job), "%s", json_str_or(result, "error_type", "none"));
}

static const char lines[] =
	"- {\"dt\": \"2026-11-28T20:35:15.692375\", \"lvl\": \"info\", \"msg\": \"start: 1 deploy\"}\n"
	"- {\"dt\": \"2026-11-28T20:35:16.5\", \"lvl\": \"target\", \"msg\": \"[    0.0] Linux\"}\n"
	"no line at all\n"
	"- {\"dt\": \"2026-11-28T20:35:16.6\", \"lvl\": \"target\"}\n"
	"- {\"dt\": \"2026-11-28T20:35:16.7\", \"lvl\": \"feedback\", \"msg\": \"\\e[0mtwo\\x00\"}\n"
	"- {\"dt\": \"2026-11\n"
	"- {\"dt\": \"nonsense\", \"lvl\": \"target\", \"msg\": \"three\"}\n"
	"\n"
	"- [\"a list\"]\n"
	"- {\"dt\": \"2026-11-28T20:35:17\", \"lvl\": \"debug\", \"msg\": [\"a\", {\"b\": \"c\"}]}\n"
	"- {\"dt\": \"2026-11-28T20:35:18\", \"lvl\": \"results\", \"msg\": {\"case\": \"job\", \"definition\": "
	"\"lava\", "
	"\"error_type\": \"Infrastructure\", \"result\": \"fail\"}}\n"
	"- {\"dt\": \"2026-11-28T20:35:19\", \"lvl\": \"results\", \"msg\": \"no map\"}\n";
static const char console[] = "[    0.0] Linux\n\033[0mtwo\0\nthree\n";

static struct lab_log log_of(struct heard *h)
{
	return (struct lab_log){ .console = on_console, .result = on_result, .data = h };
}

static void assert_heard(const struct lab_log *log, const struct heard *h)
{
	assert_int_equal(h->console.n, sizeof(console) - 1);
	assert_memory_equal(h->console.data, console, sizeof(console) - 1);
	assert_int_equal(log->lines, 12);
	assert_int_equal(log->strange, 4);
	assert_int_equal(h->results, 1);
	assert_string_equal(h->job, "Infrastructure");
	assert_int_equal(log->last_ms, 1795898119000);
}

/* However the log is cut, it says the same. */
static void log_says_the_same_however_it_is_cut(void **state)
{
	for (size_t cut = 0; cut < sizeof(lines); cut++) {
		struct heard h = { 0 };
		struct lab_log log = log_of(&h);

		lab_log_add(&log, lines, cut);
		lab_log_add(&log, lines + cut, sizeof(lines) - 1 - cut);
		assert_heard(&log, &h);
		lab_log_free(&log);
		buf_free(&h.console);
	}
}

static void log_by_the_byte(void **state)
{
	struct heard h = { 0 };
	struct lab_log log = log_of(&h);

	for (size_t i = 0; i < sizeof(lines) - 1; i++)
		lab_log_add(&log, lines + i, 1);
	assert_heard(&log, &h);
	lab_log_free(&log);
	buf_free(&h.console);
}

/* Half a line is not counted: the next request begins with it. */
static void log_begins_anew_at_whole_lines(void **state)
{
	static const char half[] =
		"- {\"dt\": \"2026-11-28T20:35:16.123\", \"lvl\": \"target\", \"msg\": \"one\"}\n- {\"dt";
	struct heard h = { 0 };
	struct lab_log log = log_of(&h);

	lab_log_add(&log, half, sizeof(half) - 1);
	lab_log_cut(&log);
	assert_int_equal(log.lines, 1);
	assert_int_equal(h.last_ms % 1000, 123);
	lab_log_add(&log, half, sizeof(half) - 1);
	assert_int_equal(log.lines, 2);
	assert_int_equal(log.strange, 0);
	assert_int_equal(h.console.n, 8);
	lab_log_free(&log);
	buf_free(&h.console);
}

static void log_of_an_endless_line(void **state)
{
	autofree char *much = mem_alloc(1 << 20);
	struct heard h = { 0 };
	struct lab_log log = log_of(&h);

	memset(much, 'x', 1 << 20);
	for (int i = 0; i < 40; i++)
		lab_log_add(&log, much, 1 << 20);
	assert_true(log.piece.n <= 2 << 20);
	lab_log_add(&log, "\n", 1);
	assert_int_equal(log.strange, 1);
	lab_log_free(&log);
}

/* Reads the token from a file of these bytes and mode. */
static int token_from(const char *home, const char *text, size_t n, mode_t mode, char **token, struct err *err)
{
	autofree char *path = fs_join(home, "token");
	struct catalog_lab entry = { .name = "x", .url = "http://lab/", .token_file = path };

	unlink(path);
	assert_int_equal(fs_write(AT_FDCWD, path, text, n, mode, err), 0);
	chmod(path, mode);
	return token_read(&entry, token, err);
}

static void token_file_is_its_owners(void **state)
{
	struct err err = { 0 };
	char *token;

	assert_int_equal(token_from(*state, "abc123 \r\n\n", 10, 0600, &token, &err), 0);
	assert_string_equal(token, "abc123");
	free(token);
	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		assert_int_equal(token_from(*state, "abc123\n", 7, 0600 | bit, &token, &err), -1);
		assert_int_equal(err.class, ERR_USER);
		assert_non_null(strstr(err.msg, "chmod 600"));
		assert_null(strstr(err.msg, "abc123"));
	}
}

static void token_that_is_not_there(void **state)
{
	struct catalog_lab entry = { .name = "x", .url = "http://lab/", .token_file = "/nonexistent/token" };
	struct err err = { 0 };
	char *token;

	assert_int_equal(token_from(*state, " \n", 2, 0600, &token, &err), -1);
	assert_non_null(strstr(err.msg, "holds no token"));
	assert_int_equal(token_from(*state, "a\0b", 3, 0600, &token, &err), -1);
	assert_int_equal(token_read(&entry, &token, &err), -1);
	assert_non_null(strstr(err.msg, "http://lab/api/tokens/"));
	entry.token_file = *state;
	assert_int_equal(token_read(&entry, &token, &err), -1);
	assert_non_null(strstr(err.msg, "is not a file"));
}

static void token_of_a_variable(void **state)
{
	struct catalog_lab entry = { .name = "x", .url = "http://lab/", .token_env = "KILN_TEST_TOKEN" };
	struct err err = { 0 };
	char *token;

	unsetenv("KILN_TEST_TOKEN");
	assert_int_equal(token_read(&entry, &token, &err), -1);
	assert_non_null(strstr(err.msg, "KILN_TEST_TOKEN"));
	setenv("KILN_TEST_TOKEN", "abc", 1);
	assert_int_equal(token_read(&entry, &token, &err), 0);
	assert_string_equal(token, "abc");
	free(token);
	unsetenv("KILN_TEST_TOKEN");
}

/* A token with what ends a header's line begins another one: refused. */
static void token_of_two_lines(void **state)
{
	struct http_options options = { .base = "http://lab/", .token = "a\r\nX-Evil: b" };
	struct err err = { 0 };
	struct http *h;

	assert_int_equal(http_new(&options, &h, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_null(strstr(err.msg, "Evil"));
}

static json_t *device(const char *name, const char *health, bool available, const char *tags)
{
	json_t *d = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "health", health, "available", available,
			      "state", "Idle", "tags", json_loads(tags, 0, NULL));

	if (!available)
		json_object_set_new(d, "why", json_string("it is so"));
	return d;
}

/* One type; takes over the devices. */
static json_t *types_of(json_t *devices)
{
	return json_pack("[{s:s, s:o}]", "type", "t", "devices", devices);
}

static void assert_choice(json_t *devices, const char *avoid, const char *want)
{
	autojson json_t *types = types_of(devices), *lava = json_pack("{s:s, s:[s]}", "type", "t", "tags", "own"),
			*avoided = json_loads(avoid, 0, NULL), *said = NULL;
	autofree char *text = NULL;
	struct choice c;

	devices_choose(types, lava, avoided, &c);
	said = json_pack("[O, O, i, b]", c.tags, c.unwanted, (int)c.wanted, c.again);
	text = json_dumps(said, JSON_COMPACT);
	choice_free(&c);
	assert_string_equal(text, want);
}

static void devices_are_told_apart_by_tags(void **state)
{
	const char *own = "[\"own\"]", *red = "[\"own\",\"red\"]", *blue = "[\"own\",\"blue\"]";

	/* All are wanted. */
	assert_choice(json_pack("[o, o]", device("a", "Good", true, own), device("b", "Good", true, red)), "[]",
		      "[[\"own\"],[],2,false]");
	/* One is to be avoided, and lacks a tag that the other has. */
	assert_choice(json_pack("[o, o]", device("a", "Good", true, own), device("b", "Good", true, red)), "[\"a\"]",
		      "[[\"own\",\"red\"],[],1,false]");
	/* The other way round nothing keeps it off. */
	assert_choice(json_pack("[o, o]", device("a", "Good", true, own), device("b", "Good", true, red)), "[\"b\"]",
		      "[[\"own\"],[\"b\"],1,false]");
	/* LAVA gives jobs to devices whose health is Unknown, but not to Bad ones. */
	assert_choice(json_pack("[o, o]", device("a", "Unknown", false, red), device("b", "Good", true, blue)), "[]",
		      "[[\"own\",\"blue\"],[],1,false]");
	assert_choice(json_pack("[o, o]", device("a", "Bad", false, red), device("b", "Good", true, blue)), "[\"a\"]",
		      "[[\"own\"],[],1,false]");
	/* One whose health is Unknown may be Good by then: it is no reason to leave. */
	assert_choice(json_pack("[o, o]", device("a", "Unknown", false, own), device("b", "Good", true, own)), "[]",
		      "[[\"own\"],[],1,false]");
	/* There is no other. */
	assert_choice(json_pack("[o, o]", device("a", "Good", true, own), device("b", "Bad", false, own)), "[\"a\"]",
		      "[[\"own\"],[],1,true]");
	/* There is none at all. */
	assert_choice(json_pack("[o, o]", device("a", "Bad", false, own), device("b", "Good", true, "[]")), "[]",
		      "[[\"own\"],[],0,false]");
}

static void devices_say_why_none_is_there(void **state)
{
	autojson json_t *types = types_of(json_pack("[o, o]", device("a", "Bad", false, "[]"),
						    device("b", "Good", true, "[\"x\"]"))),
			*lava = json_pack("{s:s, s:[]}", "type", "t", "tags"),
			*other = json_pack("{s:s, s:[]}", "type", "u", "tags");
	autofree char *why = devices_why(types, lava), *none = devices_why(types, other);

	assert_string_equal(why, "a: it is so");
	assert_string_equal(none, "it has none that is to be seen");
	assert_string_equal(devices_idle(types, lava), "b");
	assert_null(devices_idle(types, other));
	assert_string_equal(json_str_or(devices_find(types, "a"), "health", ""), "Bad");
	assert_null(devices_find(types, "c"));
}

static void a_day_has_so_many_minutes(void **state)
{
	const int64_t now = 1795900000, day = 24 * 60 * 60;
	struct budget b = { .limit = 600 }, any = { 0 };
	int64_t again = 0;

	assert_false(budget_is_up(&b, now, 599, &again));
	assert_true(budget_is_up(&b, now, 600, &again));
	assert_int_equal(again, now + day);
	budget_add(&b, now - 100, 300);
	budget_add(&b, now - 5000, 200);
	budget_add(&b, now - day, 9999); /* yesterday's */
	assert_false(budget_is_up(&b, now, 99, &again));
	budget_add(&b, now - 200, 100);
	assert_true(budget_is_up(&b, now, 0, &again));
	assert_int_equal(again, now - 5000 + day);
	/* With jobs under way, more has to become free. */
	assert_true(budget_is_up(&b, now, 250, &again));
	assert_int_equal(again, now - 200 + day);
	budget_free(&b);
	budget_add(&any, now, 1e9);
	assert_false(budget_is_up(&any, now, 1e9, &again));
	budget_free(&any);
}

static void a_place_names_the_job_that_is_in_it(void **state)
{
	static const char attempt[] = "01234567-89ab-cdef-0123-456789abcdef",
			  other[] = "11234567-89ab-cdef-0123-456789abcdef";
	autofree char *locks = fs_join(*state, "locks"), *second = fs_join(locks, "lab-farm-1");
	struct err err = { 0 };
	int slot;

	assert_false(lab_has_left(*state, "farm", attempt));
	assert_int_equal(fs_mkdirs(AT_FDCWD, locks, 0755, &err), 0);
	for (int i = 0; i < 2; i++) {
		autofree char *path = mem_printf("%s/lab-farm-%d", locks, i);

		assert_int_equal(fs_lock(AT_FDCWD, path, false, &slot, &err), 0);
		slot_note(slot, 1000, other);
		if (i == 1)
			slot_note(slot, 9, attempt); /* shorter than what was there */
		slot_leave(&slot);
		assert_int_equal(slot, -1);
	}
	assert_true(lab_has_left(*state, "farm", attempt));
	assert_true(lab_has_left(*state, "farm", other));
	assert_false(lab_has_left(*state, "farmyard", attempt));
	assert_int_equal(fs_lock(AT_FDCWD, second, false, &slot, &err), 0);
	slot_free(&slot);
	assert_false(lab_has_left(*state, "farm", attempt));
	slot_free(&slot);
	slot_note(slot, 1, attempt);
}

static void holds_know_their_time(void **state)
{
	struct holds h = { 0 };
	autojson json_t *said = NULL;
	autofree char *text = NULL;

	assert_int_equal(holds_busy(&h) + (size_t)holds_ms(&h), 0);
	holds_add(&h, 7, "a", -1);
	holds_add(&h, 8, NULL, -1);
	h.all.data[0].since_ms = 1000;
	h.all.data[0].over_ms = 3500;
	h.all.data[1].since_ms = h.all.data[1].over_ms = 4000;
	assert_int_equal(holds_busy(&h), 0);
	assert_int_equal(holds_ms(&h), 2500);
	h.all.data[1].over_ms = 0;
	assert_int_equal(holds_busy(&h), 1);
	said = holds_json(&h);
	text = json_dumps(said, JSON_COMPACT);
	assert_string_equal(text, "[{\"job\":7,\"device\":\"a\"},{\"job\":8}]");
	holds_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_maps_lists_and_texts),
		cmocka_unit_test(flow_escapes_are_bytes),
		cmocka_unit_test(flow_half_a_pair_is_no_loss),
		cmocka_unit_test(flow_refuses_what_is_not_written_so),
		cmocka_unit_test(flow_ends_with_its_text),
		cmocka_unit_test(log_says_the_same_however_it_is_cut),
		cmocka_unit_test(log_by_the_byte),
		cmocka_unit_test(log_begins_anew_at_whole_lines),
		cmocka_unit_test(log_of_an_endless_line),
		cmocka_unit_test_setup_teardown(token_file_is_its_owners, home_make, home_remove),
		cmocka_unit_test_setup_teardown(token_that_is_not_there, home_make, home_remove),
		cmocka_unit_test(token_of_a_variable),
		cmocka_unit_test(token_of_two_lines),
		cmocka_unit_test(devices_are_told_apart_by_tags),
		cmocka_unit_test(devices_say_why_none_is_there),
		cmocka_unit_test(a_day_has_so_many_minutes),
		cmocka_unit_test_setup_teardown(a_place_names_the_job_that_is_in_it, home_make, home_remove),
		cmocka_unit_test(holds_know_their_time),
	};

	return cmocka_run_group_tests_name("lab", tests, NULL, NULL);
}
