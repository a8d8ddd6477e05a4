#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void sha256_agrees_with_fips_180(void **state)
{
	char hex[HASH_HEX];

	hash_bytes("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void canonical_json_sorts_keys_at_every_depth(void **state)
{
	autojson json_t *j = json_pack("{s:i, s:{s:i, s:i}}", "z", 1, "a", "y", 2, "b", 3);
	autofree char *s = json_canonical(j);

	assert_string_equal(s, "{\"a\":{\"b\":3,\"y\":2},\"z\":1}");
}

static void map_keeps_many_keys(void **state)
{
	struct map m = { 0 };
	int values[1000];

	for (int i = 0; i < 1000; i++) {
		autofree char *key = mem_printf("key-%d", i);

		map_set(&m, view_of(key), &values[i]);
	}
	for (int i = 0; i < 1000; i++) {
		autofree char *key = mem_printf("key-%d", i);

		assert_ptr_equal(map_get(&m, view_of(key)), &values[i]);
	}
	assert_null(map_get(&m, VIEW("key-1000")));
	map_free(&m);
}

static void view_cut_walks_all_fields(void **state)
{
	struct view rest = VIEW("a::b");
	const char *want[] = { "a", "", "b" };
	int n = 0;

	while (rest.p)
		assert_true(view_is(view_cut(&rest, ':'), want[n++]));
	assert_int_equal(n, 3);
}

static void printable_text_hides_controls_and_broken_utf8(void **state)
{
	autobuf struct buf b = { 0 };

	buf_add_printable(&b, VIEW("ok \x1b[31m \xc3\xa9 \xff \xc2\x9b \xe0\x80\x80"));
	assert_string_equal(b.data, "ok \\x1b[31m \xc3\xa9 \\xff \\xc2\\x9b \\xe0\\x80\\x80");
}

static void shell_words_survive_quoting(void **state)
{
	autobuf struct buf b = { 0 };

	buf_add_shell(&b, "plain/path=1");
	buf_addc(&b, ' ');
	buf_add_shell(&b, "it's $HOME");
	buf_addc(&b, ' ');
	buf_add_shell(&b, "");
	assert_string_equal(b.data, "plain/path=1 'it'\\''s $HOME' ''");
}

static void durations_parse(void **state)
{
	int64_t ms = 0;

	assert_int_equal(str_to_ms("90", &ms), 0);
	assert_int_equal(ms, 90000);
	assert_int_equal(str_to_ms("1.5m", &ms), 0);
	assert_int_equal(ms, 90000);
	assert_int_equal(str_to_ms("250ms", &ms), 0);
	assert_int_equal(ms, 250);
	assert_int_equal(str_to_ms("5 parsecs", &ms), -1);
	assert_int_equal(str_to_ms("-1", &ms), -1);
}

static void a_tree_with_read_only_folders_is_removed(void **state)
{
	char dir[] = "/tmp/kiln-test-XXXXXX";
	struct err err = { 0 };
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(fs_mkdirs(fd, "a/b/c", 0755, &err), 0);
	assert_int_equal(fs_write(fd, "a/b/f", "x", 1, 0444, &err), 0);
	assert_int_equal(symlinkat("/etc", fd, "a/link"), 0);
	assert_int_equal(fchmodat(fd, "a/b", 0500, 0), 0);
	close(fd);
	assert_int_equal(fs_remove(AT_FDCWD, dir, &err), 0);
	assert_false(fs_exists(AT_FDCWD, dir));
	assert_true(fs_exists(AT_FDCWD, "/etc/passwd"));
}

static void a_lock_excludes_and_says_so(void **state)
{
	char path[] = "/tmp/kiln-lock-XXXXXX";
	struct err err = { 0 };
	int first = -1, second = -1;

	close(mkstemp(path));
	assert_int_equal(fs_lock(AT_FDCWD, path, false, &first, &err), 0);
	assert_int_equal(fs_lock(AT_FDCWD, path, false, &second, &err), -1);
	assert_int_equal(err.num, EWOULDBLOCK);
	close(first);
	unlink(path);
}

static void a_program_that_fails_tells_its_last_words(void **state)
{
	const char *argv[] = { "sh", "-c", "echo out; echo first >&2; echo why >&2; exit 3", NULL };
	struct err err = { 0 };
	autobuf struct buf out = { 0 };

	assert_int_equal(proc_run(&(struct proc){ .argv = argv }, &out, &err), -1);
	assert_string_equal(out.data, "out\n");
	assert_string_equal(err.msg, "sh: exit status 3: why");
	argv[2] = "yes";
	assert_int_equal(proc_run(&(struct proc){ .argv = argv, .max_output = 1000 }, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "more than"));
}

static void errors_are_wrapped_from_the_outside(void **state)
{
	struct err err = { 0 };

	assert_int_equal(err_infra(&err, ENOENT, "open %s", "x"), -1);
	assert_int_equal(err_wrap(&err, "board %s", "b"), -1);
	assert_string_equal(err.msg, "board b: open x: No such file or directory");
	assert_int_equal(err_exit_status(&err), 3);
}

static void uuids_differ(void **state)
{
	char a[UUID_TEXT], b[UUID_TEXT];

	uuid_make(a);
	uuid_make(b);
	assert_int_equal(strlen(a), 36);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_agrees_with_fips_180),
		cmocka_unit_test(canonical_json_sorts_keys_at_every_depth),
		cmocka_unit_test(map_keeps_many_keys),
		cmocka_unit_test(view_cut_walks_all_fields),
		cmocka_unit_test(printable_text_hides_controls_and_broken_utf8),
		cmocka_unit_test(shell_words_survive_quoting),
		cmocka_unit_test(durations_parse),
		cmocka_unit_test(a_tree_with_read_only_folders_is_removed),
		cmocka_unit_test(a_lock_excludes_and_says_so),
		cmocka_unit_test(a_program_that_fails_tells_its_last_words),
		cmocka_unit_test(errors_are_wrapped_from_the_outside),
		cmocka_unit_test(uuids_differ),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
