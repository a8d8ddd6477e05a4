#define _GNU_SOURCE
/* Most entries of an archive need few of its fields. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "home.h"
#include "small_disk.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "root/listing.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* --- archives --- */

struct item {
	const char *name;
	mode_t mode;      /* with the type */
	const char *text; /* content; target of a symlink */
	const char *link; /* of a hard link */
	const char *xattr;
	int uid;
};

static void item_put(struct archive *a, const struct item *item)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, item->name);
	archive_entry_set_filetype(e, item->mode & S_IFMT);
	archive_entry_set_perm(e, item->mode & 07777);
	archive_entry_set_uid(e, item->uid);
	archive_entry_set_mtime(e, 1000000000, 5);
	if (item->link)
		archive_entry_set_hardlink(e, item->link);
	else if (S_ISLNK(item->mode))
		archive_entry_set_symlink(e, item->text);
	else if (item->text)
		archive_entry_set_size(e, (la_int64_t)strlen(item->text));
	if (S_ISCHR(item->mode)) {
		archive_entry_set_rdevmajor(e, 5);
		archive_entry_set_rdevminor(e, 1);
	}
	if (item->xattr)
		archive_entry_xattr_add_entry(e, item->xattr, "value", 5);
	assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
	if (item->text && !item->link && S_ISREG(item->mode))
		assert_int_equal(archive_write_data(a, item->text, strlen(item->text)), strlen(item->text));
	archive_entry_free(e);
}

static char *tar_make(const char *home, const struct item *items, size_t n)
{
	char *path = fs_join(home, "root.tar.gz");
	struct archive *a = archive_write_new();

	archive_write_set_format_pax(a);
	archive_write_add_filter_gzip(a);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		item_put(a, &items[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return path;
}

static int unpack_items(const char *home, const struct item *items, size_t n, json_t *notes, struct err *err)
{
	autofree char *tar = tar_make(home, items, n), *tree = fs_join(home, "tree"), *file = fs_join(home, "manifest");

	*err = (struct err){ 0 };
	assert_int_equal(mkdir(tree, 0700), 0);
	return root_unpack(tar, tree, file, notes, err);
}

static char *text_of(const char *home, const char *name)
{
	autofree char *path = fs_join(home, name);
	struct buf text = { 0 };
	struct err err = { 0 };

	if (fs_read(AT_FDCWD, path, 1 << 20, &text, &err) < 0)
		fail_msg("%s", err.msg);
	return buf_steal(&text);
}

static struct stat stat_of(const char *home, const char *name)
{
	autofree char *path = fs_join(home, name);
	struct stat st;

	if (lstat(path, &st) < 0)
		fail_msg("%s is not there", path);
	return st;
}

static bool exists(const char *home, const char *name)
{
	autofree char *path = fs_join(home, name);

	return fs_exists(AT_FDCWD, path);
}

static const struct item root_items[] = {
	{ "./", S_IFDIR | 0755 },
	{ "./etc/", S_IFDIR | 0555 },
	{ "./etc/hosts", S_IFREG | 0644, "127.0.0.1\n" },
	{ "./etc/shadow", S_IFREG | 0, "x" },
	{ "./etc/mail", S_IFREG | 0640, "m", .uid = 8 },
	{ "./usr/bin/su", S_IFREG | 04755, "su" }, /* nothing names its directories */
	{ "./usr/bin/ping", S_IFREG | 0755, "ping", .xattr = "security.capability" },
	{ "./usr/bin/tool", S_IFREG | 0444, "tool", .xattr = "user.note" },
	{ "./usr/bin/hidden", S_IFREG | 0444, "hidden", .xattr = "user.overlay.opaque" },
	{ "./usr/bin/twin", S_IFREG | 0644, .link = "usr/bin/tool" },
	{ "./bin", S_IFLNK | 0777, "usr/bin" },
	{ "./away", S_IFLNK | 0777, "../../../etc/passwd" },
	{ "./tmp/", S_IFDIR | 01777 },
	{ "./dev/console", S_IFCHR | 0600 },
	{ "./run/pipe", S_IFIFO | 0600 },
	{ "./a b#c", S_IFREG | 0600, "first" },
	{ "./a b#c", S_IFREG | 0600, "second" },
};

static char *golden(const char *name)
{
	const char *tests = getenv("KILN_TESTS");
	autofree char *dir = fs_join(tests ? tests : "tests", "golden/root");

	return text_of(dir, name);
}

static void a_root_is_unpacked(void **state)
{
	const char *home = *state;
	autojson json_t *notes = json_object();
	autofree char *manifest = NULL, *want = golden("manifest.txt"), *said = NULL, *twice = NULL;
	struct err err;
	char value[8];
	autofree char *tool = fs_join(home, "tree/usr/bin/tool");

	if (unpack_items(home, root_items, countof(root_items), notes, &err) < 0)
		fail_msg("%s", err.msg);
	said = json_canonical(notes);
	assert_string_equal(said, "{\"device nodes left out\":1,\"owners other than root not set\":1,"
				  "\"setuid and setgid bits dropped\":1,\"xattrs security.capability not set\":1,"
				  "\"xattrs user.overlay.opaque not set\":1}");
	assert_int_equal(stat_of(home, "tree/etc").st_mode, S_IFDIR | 0555);
	assert_int_equal(stat_of(home, "tree/tmp").st_mode, S_IFDIR | 01777);
	assert_int_equal(stat_of(home, "tree/etc/shadow").st_mode, S_IFREG | 0400);
	assert_int_equal(stat_of(home, "tree/etc/mail").st_mode, S_IFREG | 0640);
	assert_int_equal(stat_of(home, "tree/usr/bin/su").st_mode, S_IFREG | 0755);
	assert_int_equal(stat_of(home, "tree/run/pipe").st_mode, S_IFIFO | 0600);
	assert_int_equal(stat_of(home, "tree/bin").st_mode & S_IFMT, S_IFLNK);
	assert_int_equal(stat_of(home, "tree/usr/bin/tool").st_nlink, 2);
	assert_int_equal(stat_of(home, "tree/usr/bin/twin").st_ino, stat_of(home, "tree/usr/bin/tool").st_ino);
	assert_int_equal(stat_of(home, "tree/etc/hosts").st_mtim.tv_sec, 1000000000);
	assert_int_equal(stat_of(home, "tree/etc/hosts").st_mtim.tv_nsec, 5);
	assert_false(exists(home, "tree/dev/console"));
	twice = text_of(home, "tree/a b#c");
	assert_string_equal(twice, "second");
	if (getxattr(tool, "user.note", value, sizeof(value)) != 5 && errno != ENOTSUP)
		fail_msg("user.note was not kept");
	manifest = text_of(home, "manifest");
	assert_string_equal(manifest, want);
}

static void what_leads_outside_is_refused(void **state)
{
	static const struct {
		struct item items[3];
		const char *says;
	} cases[] = {
		{ { { "ok", S_IFREG | 0644, "x" }, { "../evil", S_IFREG | 0644, "x" } }, "\"../evil\" leads out" },
		{ { { "a/../../evil", S_IFREG | 0644, "x" } }, "\"a/../../evil\" leads out" },
		{ { { "/tmp/evil", S_IFREG | 0644, "x" } }, "\"/tmp/evil\" has an absolute path" },
		{ { { "a", S_IFLNK | 0777, ".." }, { "a/evil", S_IFREG | 0644, "x" } },
		  "\"a/evil\" leads through a symlink" },
		{ { { "a", S_IFLNK | 0777, ".." }, { "a/evil", S_IFDIR | 0755 } },
		  "\"a/evil\" leads through a symlink" },
		{ { { "a", S_IFLNK | 0777, "/" }, { "a", S_IFDIR | 0755 } }, "\"a\" leads through a symlink" },
		{ { { "a", S_IFLNK | 0777, ".." }, { "a/evil", S_IFIFO | 0755 } },
		  "\"a/evil\" leads through a symlink" },
		{ { { "a", S_IFREG | 0644, .link = "../manifest" } }, "\"../manifest\" leads out" },
		{ { { "a", S_IFREG | 0644, .link = "/etc/passwd" } }, "\"/etc/passwd\" has an absolute path" },
		{ { { "a", S_IFLNK | 0777, ".." }, { "b", S_IFREG | 0644, .link = "a/root.tar.gz" } },
		  "\"b\" leads through a symlink" },
		{ { { "a", S_IFDIR | 0755 }, { "b", S_IFREG | 0644, .link = "a" } },
		  "\"b\" is a hard link to what is no file" },
		{ { { "a/b", S_IFREG | 0644, "x" }, { "a", S_IFLNK | 0777, ".." } }, "\"a\" replaces a directory" },
		{ { { "a/b", S_IFREG | 0644, "x" }, { "a", S_IFCHR | 0777 } }, "\"a\" replaces a directory" },
		{ { { ".", S_IFREG | 0644, "x" } }, "has no name" },
	};
	const char *home = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		autojson json_t *notes = json_object();
		size_t n = cases[i].items[1].name ? 2 : 1;
		struct err err;

		if (unpack_items(home, cases[i].items, n, notes, &err) == 0)
			fail_msg("%s: was unpacked", cases[i].says);
		if (err.class != ERR_USER || !strstr(err.msg, cases[i].says))
			fail_msg("class %d: %s", err.class, err.msg);
		assert_false(exists(home, "tree"));
		assert_false(exists(home, "manifest"));
		assert_false(exists(home, "evil"));
		assert_false(exists("/tmp", "evil"));
	}
}

static void a_damaged_archive_leaves_nothing(void **state)
{
	const char *home = *state;
	autojson json_t *notes = json_object();
	autofree char *tar = tar_make(home, root_items, countof(root_items)), *tree = fs_join(home, "tree");
	autofree char *file = fs_join(home, "manifest");
	struct err err = { 0 };

	assert_int_equal(truncate(tar, stat_of(home, "root.tar.gz").st_size / 2), 0);
	assert_int_equal(mkdir(tree, 0700), 0);
	assert_int_equal(root_unpack(tar, tree, file, notes, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, "root.tar.gz: is "));
	assert_false(exists(home, "tree"));
	assert_false(exists(home, "manifest"));
}

static int unpack_full(void *arg)
{
	const char *const *paths = arg;
	autojson json_t *notes = json_object();
	struct err err = { 0 };

	if (mkdir(paths[1], 0700) < 0 || root_unpack(paths[0], paths[1], paths[2], notes, &err) == 0)
		return 1;
	fprintf(stderr, "# %s\n", err.msg);
	return err.class != ERR_INFRA || err.num != ENOSPC || !strstr(err.msg, "the disk is full; make room") ||
	       fs_exists(AT_FDCWD, paths[1]) || fs_exists(AT_FDCWD, paths[2]);
}

static void a_full_disk_is_named(void **state)
{
	const char *home = *state;
	autofree char *noise = mem_alloc(300001), *tar = NULL, *disk = fs_join(home, "disk");
	autofree char *tree = fs_join(disk, "tree"), *file = fs_join(disk, "manifest");
	int status;

	memset(noise, 'x', 300000);
	const struct item items[] = { { "a/b", S_IFREG | 0644, "first" }, { "a/c", S_IFREG | 0644, noise } };
	tar = tar_make(home, items, countof(items));
	assert_int_equal(mkdir(disk, 0755), 0);
	status = small_disk(disk, 200, unpack_full, (const char *[]){ tar, tree, file });
	if (status == SMALL_DISK_SKIP)
		skip();
	assert_int_equal(status, 0);
}

/* --- manifests --- */

/* A tree on the disk is listed as the archive that it came from, but for what could not be made. */
static void a_tree_is_listed(void **state)
{
	const char *home = *state;
	autofree char *tree = fs_join(home, "tree"), *file = fs_join(home, "listed"), *got = NULL,
		      *want = golden("tree.txt");
	autojson json_t *notes = json_object();
	struct manifest_sums sums, again;
	struct err err;

	assert_int_equal(unpack_items(home, root_items, countof(root_items), notes, &err), 0);
	if (manifest_of_tree(tree, file, &sums, &err) < 0)
		fail_msg("%s", err.msg);
	got = text_of(home, "listed");
	assert_string_equal(got, want);
	assert_int_equal(sums.files, 9);
	assert_int_equal(sums.bytes, 38);
	assert_int_equal(manifest_of_tree(tree, file, &again, &err), 0);
	assert_string_equal(again.digest, sums.digest);
}

static void a_manifest_is_read_as_it_is_written(void **state)
{
	autofree char *text = golden("manifest.txt");
	CLEANUP(listing_free) struct listing l = { 0 };
	autobuf struct buf again = { 0 };
	struct err err = { 0 };

	if (listing_parse(&l, view_of(text), &err) < 0)
		fail_msg("%s", err.msg);
	listing_print(&l, &again);
	assert_string_equal(again.data, text);
}

static void what_is_no_manifest_is_refused(void **state)
{
	static const char *const lines[] = {
		"a type=dir",
		"/a type=dir",
		"./../a type=dir",
		"./a/../b type=dir",
		"./a//b type=dir",
		"./a\\000 type=dir",
		"./a\\40 type=dir",
		"./a\\",
		"./a",
		"./a type=door",
		"./a type=file",
		"./a type=link",
		"./a type=dir mode=98",
		"./a type=dir uid=-1",
		"./a type=dir uid=99999999999999999999",
		"./a type=dir colour=red",
		"./a type=file sha256digest=00",
		"./a type=char device=native,1",
	};

	for (size_t i = 0; i < countof(lines); i++) {
		autofree char *text = mem_printf("#mtree\n. type=dir\n%s\n", lines[i]);
		CLEANUP(listing_free) struct listing l = { 0 };
		struct err err = { 0 };

		if (listing_parse(&l, view_of(text), &err) == 0)
			fail_msg("%s: was taken", lines[i]);
		assert_string_equal(err.msg, "line 3 is no entry of a manifest");
	}
}

/* --- shared files --- */

static void root_make_at(const char *home, const char *name, const struct item *items, size_t n)
{
	autofree char *dir = fs_join(home, name), *tree = fs_join(dir, "tree"), *file = fs_join(dir, "manifest"),
		      *tar = NULL;
	autojson json_t *notes = json_object();
	struct err err = { 0 };

	assert_int_equal(fs_mkdirs(AT_FDCWD, tree, 0755, &err), 0);
	tar = tar_make(dir, items, n);
	if (root_unpack(tar, tree, file, notes, &err) < 0)
		fail_msg("%s", err.msg);
}

static void share(const char *home, const char *name, const char *pool)
{
	autofree char *tree = mem_printf("%s/%s/tree", home, name), *file = mem_printf("%s/%s/manifest", home, name);
	struct err err = { 0 };

	if (tree_share(tree, file, pool, &err) < 0)
		fail_msg("%s", err.msg);
}

static ino_t inode(const char *home, const char *name)
{
	return stat_of(home, name).st_ino;
}

static const struct item other_items[] = {
	{ "etc/hosts", S_IFREG | 0644, "127.0.0.1\n" },
	{ "etc/mail", S_IFREG | 0644, "m" },
	{ "usr/bin/su", S_IFREG | 04755, "su" },
	{ "usr/bin/tool", S_IFREG | 0444, "tool" },
	{ "usr/bin/twin", S_IFREG | 0444, "tool" },
	{ "empty", S_IFREG | 0644, "" },
	{ "blank", S_IFREG | 0644, "" },
};

static void roots_share_their_files(void **state)
{
	const char *home = *state;
	autofree char *pool = fs_join(home, "pool"), *before = NULL, *after = NULL, *a = fs_join(home, "a/tree");
	autofree char *b = fs_join(home, "b/tree"), *listed = fs_join(home, "listed");
	struct pool_sums sums;
	struct err err = { 0 };

	root_make_at(home, "a", other_items, countof(other_items));
	root_make_at(home, "b", other_items, countof(other_items));
	assert_int_equal(manifest_of_tree(a, listed, NULL, &err), 0);
	before = text_of(home, "listed");
	for (int i = 0; i < 2; i++) {
		share(home, "a", pool);
		share(home, "b", pool);
		assert_int_equal(inode(home, "a/tree/etc/hosts"), inode(home, "b/tree/etc/hosts"));
		assert_int_equal(inode(home, "a/tree/usr/bin/tool"), inode(home, "b/tree/usr/bin/twin"));
		assert_int_not_equal(inode(home, "a/tree/usr/bin/su"), inode(home, "b/tree/usr/bin/su"));
		assert_int_not_equal(inode(home, "a/tree/empty"), inode(home, "b/tree/blank"));
	}
	assert_int_equal(manifest_of_tree(a, listed, NULL, &err), 0);
	after = text_of(home, "listed");
	assert_string_equal(before, after);
	assert_int_equal(pool_sweep(pool, &sums, &err), 0);
	assert_int_equal(sums.files, 0);
	assert_int_equal(fs_remove(AT_FDCWD, a, &err), 0);
	assert_int_equal(fs_remove(AT_FDCWD, b, &err), 0);
	assert_int_equal(pool_sweep(pool, &sums, &err), 0);
	assert_int_equal(sums.files, 3);
	assert_int_equal(sums.bytes, 15);
}

/* What somebody wrote to in a root is not handed on to the next one. */
static void a_shared_file_that_was_changed_is_not_handed_on(void **state)
{
	const char *home = *state;
	autofree char *pool = fs_join(home, "pool"), *changed = fs_join(home, "a/tree/etc/hosts"), *text = NULL;
	autofclose FILE *f = NULL;

	root_make_at(home, "a", other_items, countof(other_items));
	root_make_at(home, "b", other_items, countof(other_items));
	root_make_at(home, "c", other_items, countof(other_items));
	share(home, "a", pool);
	f = fopen(changed, "r+");
	assert_non_null(f);
	assert_int_equal(fputc('9', f), '9');
	assert_int_equal(fclose(steal(&f)), 0);
	share(home, "b", pool);
	share(home, "c", pool);
	text = text_of(home, "b/tree/etc/hosts");
	assert_string_equal(text, "127.0.0.1\n");
	assert_int_not_equal(inode(home, "a/tree/etc/hosts"), inode(home, "b/tree/etc/hosts"));
	assert_int_equal(inode(home, "b/tree/etc/hosts"), inode(home, "c/tree/etc/hosts"));
}

static void without_links_nothing_is_shared(void **state)
{
	const char *home = *state;
	char pool[] = "/dev/shm/kiln-unit-XXXXXX";
	struct stat shm, here = stat_of(home, ".");
	struct err err = { 0 };

	if (!mkdtemp(pool) || lstat(pool, &shm) < 0 || shm.st_dev == here.st_dev)
		skip();
	root_make_at(home, "a", other_items, countof(other_items));
	share(home, "a", pool);
	assert_int_equal(stat_of(home, "a/tree/etc/hosts").st_nlink, 1);
	fs_remove(AT_FDCWD, pool, &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, home_make, home_remove)
		TEST(a_root_is_unpacked),
		TEST(what_leads_outside_is_refused),
		TEST(a_damaged_archive_leaves_nothing),
		TEST(a_full_disk_is_named),
		TEST(a_tree_is_listed),
		TEST(a_manifest_is_read_as_it_is_written),
		TEST(what_is_no_manifest_is_refused),
		TEST(roots_share_their_files),
		TEST(a_shared_file_that_was_changed_is_not_handed_on),
		TEST(without_links_nothing_is_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
