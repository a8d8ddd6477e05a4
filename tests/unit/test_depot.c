#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "depot/depot.h"
#include "home.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct depot *depot_at(void **state)
{
	struct depot *d = NULL;
	struct err err = { 0 };

	if (depot_open(*state, &d, &err) < 0)
		fail_msg("%s", err.msg);
	return d;
}

static void put_and_get_agree(void **state)
{
	struct depot *d = depot_at(state);
	char digest[HASH_HEX], again[HASH_HEX];
	autobuf struct buf out = { 0 };
	struct err err = { 0 };
	int64_t size = 0;
	autofree char *path = NULL, *file = fs_join(*state, "file");

	assert_int_equal(depot_put_bytes(d, "abc", 3, digest, &err), 0);
	assert_true(depot_has(d, digest, 3));
	assert_int_equal(depot_get(d, digest, &out, &err), 0);
	assert_string_equal(out.data, "abc");
	assert_int_equal(fs_write(AT_FDCWD, file, "abc", 3, 0644, &err), 0);
	assert_int_equal(depot_put_file(d, file, again, &size, &err), 0);
	assert_string_equal(digest, again);
	assert_int_equal(size, 3);
	assert_int_equal(depot_checkout(d, digest, &path, &err), 0);
	assert_true(fs_exists(AT_FDCWD, path));
	depot_free(d);
}

static void objects_are_read_only(void **state)
{
	struct depot *d = depot_at(state);
	char digest[HASH_HEX];
	struct err err = { 0 };
	struct stat st;

	assert_int_equal(depot_put_bytes(d, "abc", 3, digest, &err), 0);
	autofree char *path = depot_path(d, digest);

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0222, 0);
	depot_free(d);
}

static void spoil(const char *path, const char *text)
{
	FILE *f;

	chmod(path, 0644);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_truncated_object_is_noticed_without_reading(void **state)
{
	struct depot *d = depot_at(state);
	char digest[HASH_HEX];
	struct err err = { 0 };

	assert_int_equal(depot_put_bytes(d, "abcdef", 6, digest, &err), 0);
	autofree char *path = depot_path(d, digest);

	spoil(path, "abc");
	assert_false(depot_has(d, digest, 6));
	assert_false(fs_exists(AT_FDCWD, path));
	depot_free(d);
}

static void a_changed_object_is_noticed_on_read(void **state)
{
	struct depot *d = depot_at(state);
	char digest[HASH_HEX];
	autobuf struct buf out = { 0 };
	autofree char *checked = NULL;
	struct err err = { 0 };

	assert_int_equal(depot_put_bytes(d, "abcdef", 6, digest, &err), 0);
	autofree char *path = depot_path(d, digest);

	spoil(path, "abcdeX");
	assert_true(depot_has(d, digest, 6));
	assert_int_equal(depot_get(d, digest, &out, &err), -1);
	assert_non_null(strstr(err.msg, "damaged"));
	assert_int_equal(out.n, 0);
	assert_false(depot_has(d, digest, 6));
	assert_int_equal(depot_put_bytes(d, "abcdef", 6, digest, &err), 0);
	chmod(path, 0644);
	spoil(path, "other!");
	assert_int_equal(depot_checkout(d, digest, &checked, &err), -1);
	assert_null(checked);
	depot_free(d);
}

static void a_digest_cannot_be_a_path(void **state)
{
	struct depot *d = depot_at(state);
	autobuf struct buf out = { 0 };
	struct err err = { 0 };

	assert_int_equal(depot_get(d, "../../etc/passwd", &out, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_false(depot_has(d, "../../../../../../../../../../../../../../../../../../etc/passwd.", -1));
	depot_free(d);
}

static void gc_keeps_what_is_named_and_what_is_young(void **state)
{
	struct depot *d = depot_at(state);
	char kept[HASH_HEX], dropped[HASH_HEX];
	struct map keep = { 0 };
	struct err err = { 0 };
	int64_t removed, bytes;

	assert_int_equal(depot_put_bytes(d, "keep", 4, kept, &err), 0);
	assert_int_equal(depot_put_bytes(d, "dropped", 7, dropped, &err), 0);
	map_set(&keep, view_of(kept), d);
	assert_int_equal(depot_gc(d, &keep, 3600, &removed, &bytes, &err), 0);
	assert_int_equal(removed, 0);
	assert_int_equal(depot_gc(d, &keep, 0, &removed, &bytes, &err), 0);
	assert_int_equal(removed, 1);
	assert_int_equal(bytes, 7);
	assert_true(depot_has(d, kept, 4));
	assert_false(depot_has(d, dropped, 7));
	map_free(&keep);
	depot_free(d);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, home_make, home_remove)
	const struct CMUnitTest tests[] = {
		TEST(put_and_get_agree),
		TEST(objects_are_read_only),
		TEST(a_truncated_object_is_noticed_without_reading),
		TEST(a_changed_object_is_noticed_on_read),
		TEST(a_digest_cannot_be_a_path),
		TEST(gc_keeps_what_is_named_and_what_is_young),
	};

	return cmocka_run_group_tests_name("depot", tests, NULL, NULL);
}
