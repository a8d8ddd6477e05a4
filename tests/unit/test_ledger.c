#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "home.h"
#include "ledger/ledger.h"

#include <string.h>

static struct ledger *ledger_at(void **state)
{
	struct ledger *l = NULL;
	struct err err = { 0 };

	if (ledger_open(*state, &l, &err) < 0)
		fail_msg("%s", err.msg);
	return l;
}

static json_t *record(const char *uuid, const char *key, const char *verdict)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "attempt", uuid, "step", key, "kind", "boot", "verdict", verdict,
			 "finished", uuid);
}

static int stop_at_first(const char *id, void *data)
{
	strcpy(data, id);
	return 1;
}

static void an_unfinished_run_is_found_by_its_request(void **state)
{
	struct ledger *l = ledger_at(state);
	autojson json_t *request = json_pack("{s:s}", "matrix", "smoke");
	char digest[HASH_HEX], found[64] = "";
	struct err err = { 0 };

	json_digest(request, digest);
	assert_int_equal(ledger_run_add(l, "1", request, &err), 0);
	assert_int_equal(ledger_run_unfinished(l, digest, stop_at_first, found, &err), 0);
	assert_string_equal(found, "1");
	assert_int_equal(ledger_run_finish(l, "1", &err), 0);
	found[0] = '\0';
	assert_int_equal(ledger_run_unfinished(l, digest, stop_at_first, found, &err), 0);
	assert_string_equal(found, "");
	ledger_free(l);
}

static void attempts_are_kept_and_not_replaced(void **state)
{
	struct ledger *l = ledger_at(state);
	autojson json_t *request = json_object(), *first = record("a", "k", "fail"), *other = record("a", "k", "pass");
	autojson json_t *second = record("b", "k", "pass"), *found = NULL;
	struct err err = { 0 };

	assert_int_equal(ledger_run_add(l, "1", request, &err), 0);
	assert_int_equal(ledger_attempt_start(l, "1", "a", "k", "boot", &err), 0);
	assert_int_equal(ledger_attempts(l, "k", "1", &found, &err), 0);
	assert_int_equal(json_array_size(found), 0);
	json_decref(found);
	assert_int_equal(ledger_attempt_done(l, "1", first, &err), 0);
	assert_int_equal(ledger_attempt_done(l, "1", other, &err), 0);
	assert_int_equal(ledger_attempt_done(l, "1", second, &err), 0);
	assert_int_equal(ledger_attempts(l, "k", NULL, &found, &err), 0);
	assert_int_equal(json_array_size(found), 2);
	assert_string_equal(json_str_or(json_array_get(found, 0), "verdict", ""), "fail");
	assert_string_equal(json_str_or(json_array_get(found, 1), "verdict", ""), "pass");
	ledger_free(l);
}

static void lab_done(struct ledger *l, const char *uuid, const char *lab, int64_t ended, double seconds)
{
	autojson json_t *r = record(uuid, "k", "pass");
	char text[CLOCK_TEXT];
	struct err err = { 0 };

	clock_format(ended, text);
	json_object_set_new(r, "finished", json_string(text));
	if (lab)
		json_object_set_new(r, "lava", json_pack("{s:s, s:f}", "lab", lab, "seconds", seconds));
	assert_int_equal(ledger_attempt_done(l, "1", r, &err), 0);
}

static void how_long_a_lab_was_used(void **state)
{
	struct ledger *l = ledger_at(state);
	autojson json_t *request = json_object(), *use = NULL;
	const int64_t now = clock_unix();
	struct err err = { 0 };

	assert_int_equal(ledger_run_add(l, "1", request, &err), 0);
	lab_done(l, "a", "near", now - 100, 30.5);
	lab_done(l, "b", "far", now - 100, 7);
	lab_done(l, "c", "near", now - 25 * 60 * 60, 1000);
	lab_done(l, "d", NULL, now - 100, 0);
	assert_int_equal(ledger_lab_use(l, "near", &use, &err), 0);
	assert_int_equal(json_array_size(use), 1);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(use, 0), 0)), now - 100);
	assert_true(json_real_value(json_array_get(json_array_get(use, 0), 1)) == 30.5);
	ledger_free(l);
}

static void count_lost(const char *uuid, const char *key, void *data)
{
	assert_string_equal(uuid, "lost");
	++*(int *)data;
}

static void attempts_without_an_end_are_lost(void **state)
{
	struct ledger *l = ledger_at(state);
	autojson json_t *request = json_object(), *done = record("done", "k", "pass");
	struct err err = { 0 };
	int n = 0;

	assert_int_equal(ledger_run_add(l, "1", request, &err), 0);
	assert_int_equal(ledger_attempt_start(l, "1", "lost", "k", "boot", &err), 0);
	assert_int_equal(ledger_attempt_done(l, "1", done, &err), 0);
	assert_int_equal(ledger_attempts_lost(l, "1", count_lost, &n, &err), 0);
	assert_int_equal(n, 1);
	ledger_free(l);
}

static int note_cell(const struct ledger_cell *cell, void *data)
{
	buf_printf(data, "%s %s@%s %s %s\n", cell->run, cell->build, cell->board, verdict_text(cell->verdict),
		   json_str_or(cell->record, "attempt", "-"));
	return 0;
}

static void cells_are_found_by_the_end_of_their_name(void **state)
{
	struct ledger *l = ledger_at(state);
	autojson json_t *request = json_object(), *r = record("a", "k", "pass");
	autobuf struct buf out = { 0 };
	struct err err = { 0 };
	struct ledger_cell cell = { "1", "s/arm64/tiny/gcc", "virt", "local", VERDICT_PASS, NULL, "a", NULL };

	assert_int_equal(ledger_run_add(l, "1", request, &err), 0);
	assert_int_equal(ledger_run_add(l, "2", request, &err), 0);
	assert_int_equal(ledger_attempt_done(l, "1", r, &err), 0);
	assert_int_equal(ledger_cell_set(l, &cell, &err), 0);
	cell.run = "2";
	assert_int_equal(ledger_cell_set(l, &cell, &err), 0);
	cell.build = "s/notarm64/tiny/gcc";
	assert_int_equal(ledger_cell_set(l, &cell, &err), 0);
	assert_int_equal(ledger_cells_find(l, "arm64/tiny/gcc", "virt", note_cell, &out, &err), 0);
	assert_string_equal(out.data, "2 s/arm64/tiny/gcc@virt pass a\n1 s/arm64/tiny/gcc@virt pass a\n");
	buf_clear(&out);
	assert_int_equal(ledger_cells_find(l, "m64/tiny/gcc", "virt", note_cell, &out, &err), 0);
	assert_int_equal(out.n, 0);
	ledger_free(l);
}

static void a_damaged_ledger_is_refused_with_the_way_back(void **state)
{
	autofree char *path = fs_join(*state, "ledger.db");
	struct ledger *l = ledger_at(state);
	autojson json_t *request = json_object();
	struct err err = { 0 };

	assert_int_equal(ledger_run_add(l, "1", request, &err), 0);
	assert_int_equal(ledger_backup(l, &err), 0);
	ledger_free(l);
	assert_int_equal(
		fs_write(AT_FDCWD, path, "this is no database, it is a text that is long enough", 53, 0644, &err), 0);
	assert_int_equal(ledger_open(*state, &l, &err), -1);
	assert_int_equal(err.class, ERR_INFRA);
	assert_non_null(strstr(err.msg, "To restore"));
	assert_non_null(strstr(err.msg, "ledger.backup.db"));
	/* The way back works. */
	autofree char *backup = fs_join(*state, "ledger.backup.db");

	assert_int_equal(rename(backup, path), 0);
	l = ledger_at(state);
	assert_int_equal(ledger_run_finish(l, "1", &err), 0);
	ledger_free(l);
}

static void a_newer_ledger_is_not_touched(void **state)
{
	autofree char *command = mem_printf("sqlite3 %s/ledger.db 'PRAGMA user_version = 999'", (char *)*state);
	struct ledger *l = ledger_at(state);
	struct err err = { 0 };
	FILE *p;

	ledger_free(l);
	p = popen(command, "r");
	assert_non_null(p);
	if (pclose(p) != 0) {
		skip();
		return;
	}
	assert_int_equal(ledger_open(*state, &l, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, "newer Kiln"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, home_make, home_remove)
	const struct CMUnitTest tests[] = {
		TEST(how_long_a_lab_was_used),
		TEST(an_unfinished_run_is_found_by_its_request),
		TEST(attempts_are_kept_and_not_replaced),
		TEST(attempts_without_an_end_are_lost),
		TEST(cells_are_found_by_the_end_of_their_name),
		TEST(a_damaged_ledger_is_refused_with_the_way_back),
		TEST(a_newer_ledger_is_not_touched),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
