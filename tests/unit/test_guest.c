#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpio/cpio.h"
#include "guest/guest.h"
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "needs_sandbox.h"

#define REG (S_IFREG | 0644)
#define CC "gcc"

static char *tests_file(const char *name)
{
	const char *dir = getenv("KILN_TESTS");

	return fs_join(dir ? dir : "tests", name);
}

static char *temporary(void)
{
	char *dir = mem_strdup("/tmp/kiln-guest-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void temporary_remove(char *dir)
{
	struct err err = { 0 };

	assert_int_equal(fs_remove(AT_FDCWD, dir, &err), 0);
	free(dir);
}

static void file_make(const char *dir, const char *name, const char *text)
{
	autofree char *path = fs_join(dir, name), *parent = mem_strdup(path);
	struct err err = { 0 };

	*strrchr(parent, '/') = '\0';
	assert_int_equal(fs_mkdirs(AT_FDCWD, parent, 0755, &err), 0);
	assert_int_equal(fs_write(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
}

/* A reader of newc of its own, after Documentation/driver-api/early-userspace/buffer-format.rst. */
static unsigned long field(const char *header, int n)
{
	char digits[9] = { 0 };

	memcpy(digits, header + 6 + 8 * n, 8);
	assert_int_equal(strspn(digits, "0123456789abcdefABCDEF"), 8);
	return strtoul(digits, NULL, 16);
}

static size_t aligned(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void describe(const struct buf *archive, struct buf *out)
{
	size_t at = 0;

	for (;;) {
		const char *h = archive->data + at;
		size_t name_size, size;

		assert_true(at + 110 <= archive->n);
		assert_memory_equal(h, "070701", 6);
		name_size = field(h, 11);
		size = field(h, 6);
		assert_int_equal(h[110 + name_size - 1], '\0');
		at += aligned(110 + name_size);
		assert_true(at + size <= archive->n);
		if (strcmp(h + 110, "TRAILER!!!") == 0)
			break;
		assert_int_equal(field(h, 12), 0); /* check: 0 for this magic */
		buf_printf(out, "%lu %06lo %lu %lu %lu %lu %zu %lu %lu %s", field(h, 0), field(h, 1), field(h, 4),
			   field(h, 2), field(h, 3), field(h, 5), size, field(h, 9), field(h, 10), h + 110);
		if (size)
			buf_printf(out, " %.*s", (int)size, archive->data + at);
		buf_addc(out, '\n');
		at += aligned(size);
	}
	assert_int_equal(at, archive->n);
}

static void write_and_read(const struct cpio_entry *entries, size_t n, struct buf *out)
{
	char *dir = temporary();
	autofree char *path = fs_join(dir, "initrd");
	struct err err = { 0 };

	if (cpio_initramfs_write(entries, n, path, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, out, &err), 0);
	temporary_remove(dir);
}

static void initramfs_golden(void **state)
{
	char *dir = temporary();
	autofree char *file = fs_join(dir, "abc"), *golden = tests_file("golden/guest/initramfs.txt");
	const struct cpio_entry entries[] = {
		{ .path = "tmp", .mode = S_IFDIR | 0700 },
		{ .path = "suite-a", .mode = S_IFREG | 0755, .file = file },
		{ .path = "suite/empty", .mode = REG },
		{ .path = "init", .mode = S_IFREG | 0755, .data = "hello", .size = 5 },
		{ .path = "linuxrc", .mode = S_IFLNK | 0777, .data = "init", .size = 4 },
		{ .path = "dev/vda", .mode = S_IFBLK | 0640, .major = 254, .minor = 300 },
		{ .path = "dev/console", .mode = S_IFCHR | 0600, .major = 5, .minor = 1 },
	};
	autobuf struct buf archive = { 0 }, got = { 0 }, want = { 0 };
	struct err err = { 0 };
	const char *body;

	file_make(dir, "abc", "abc");
	write_and_read(entries, countof(entries), &archive);
	describe(&archive, &got);
	assert_int_equal(fs_read(AT_FDCWD, golden, 1 << 16, &want, &err), 0);
	for (body = want.data; *body == '#'; body = strchr(body, '\n') + 1)
		;
	assert_string_equal(got.data, body);
	temporary_remove(dir);
}

static void initramfs_same_bytes(void **state)
{
	struct cpio_entry entries[] = {
		{ .path = "b/c", .mode = REG, .data = "x", .size = 1 },
		{ .path = "a", .mode = REG, .data = "y", .size = 1 },
		{ .path = "b", .mode = S_IFDIR | 0755 },
	};
	const struct cpio_entry turned[] = { entries[2], entries[1], entries[0] };
	autobuf struct buf one = { 0 }, two = { 0 }, other = { 0 };

	write_and_read(entries, 3, &one);
	write_and_read(turned, 3, &two);
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.data, two.data, one.n);
	entries[1].data = "z";
	write_and_read(entries, 3, &other);
	assert_memory_not_equal(one.data, other.data, one.n);
}

static void refuse(const struct cpio_entry *entries, size_t n, enum err_class class, const char *says)
{
	char *dir = temporary();
	autofree char *path = fs_join(dir, "initrd");
	struct err err = { 0 };

	assert_int_equal(cpio_initramfs_write(entries, n, path, &err), -1);
	assert_int_equal(err.class, class);
	if (!strstr(err.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
	assert_false(fs_exists(AT_FDCWD, path)); /* nothing half-written stays */
	temporary_remove(dir);
}

static void initramfs_bad_input(void **state)
{
	static const char *const paths[] = { "", "/init", "a//b", "a/", "../a", "a/../b", "a/.", "." };
	autofree char *long_path = mem_alloc(5000);
	const struct cpio_entry twice[] = { { .path = "a", .mode = REG }, { .path = "a", .mode = S_IFDIR | 0755 } };
	const struct cpio_entry below[] = { { .path = "a", .mode = REG },
					    { .path = "a-", .mode = REG },
					    { .path = "a/b", .mode = REG } };

	for (size_t i = 0; i < countof(paths); i++)
		refuse(&(struct cpio_entry){ .path = paths[i], .mode = REG }, 1, ERR_USER, "bad path");
	memset(long_path, 'a', 4999);
	refuse(&(struct cpio_entry){ .path = long_path, .mode = REG }, 1, ERR_USER, "too long");
	refuse(&(struct cpio_entry){ .path = "s", .mode = S_IFSOCK | 0600 }, 1, ERR_USER, "devices can be in it");
	refuse(&(struct cpio_entry){ .path = "l", .mode = S_IFLNK | 0777 }, 1, ERR_USER, "needs a target");
	refuse(&(struct cpio_entry){ .path = "f", .mode = REG, .file = "/dev/null/f" }, 1, ERR_INFRA, "/dev/null/f");
	refuse(&(struct cpio_entry){ .path = "f", .mode = REG, .file = "/tmp" }, 1, ERR_USER, "no regular file");
	refuse(twice, 2, ERR_USER, "there twice");
	refuse(below, 3, ERR_USER, "a/b is below a");
}

static void initramfs_unwritable(void **state)
{
	struct err err = { 0 };

	assert_int_equal(cpio_initramfs_write(NULL, 0, "/dev/null/initrd", &err), -1);
	assert_int_equal(err.class, ERR_INFRA);
	/* A full disk. */
	err = (struct err){ 0 };
	if (access("/dev/full", W_OK) == 0) {
		autofree char *big = mem_alloc(1 << 20);
		const struct cpio_entry entry = { .path = "f", .mode = REG, .data = big, .size = 1 << 20 };
		char *dir = temporary();
		autofree char *link = fs_join(dir, "full");

		assert_int_equal(symlink("/dev/full", link), 0);
		assert_int_equal(cpio_initramfs_write(&entry, 1, link, &err), -1);
		assert_int_equal(err.class, ERR_INFRA);
		temporary_remove(dir);
	}
}

struct taken {
	int n;
	struct buf paths;
};

static void on_file(void *ctx, const char *path)
{
	struct taken *t = ctx;

	t->n++;
	buf_printf(&t->paths, "%s ", path);
}

/* What the first n bytes of an archive give. */
static int unpacked(const struct buf *archive, size_t n, struct taken *t, const char *file, struct buf *content)
{
	char *dir = temporary();
	autofree char *path = fs_join(dir, file);
	autobuf struct buf part = { 0 };
	struct err err = { 0 };
	int status;

	buf_add(&part, archive->data, n);
	status = cpio_unpack(&part, dir, on_file, t, &err);
	if (content && fs_read(AT_FDCWD, path, 1 << 16, content, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(status < 0, err.class != ERR_NONE);
	temporary_remove(dir);
	return status;
}

static void sources_unpacked(void **state)
{
	const struct cpio_entry entries[] = {
		{ .path = "lib", .mode = S_IFDIR | 0755 },
		{ .path = "lib/a.c", .mode = REG, .data = "hello", .size = 5 },
		{ .path = "main.c", .mode = REG, .data = "", .size = 0 },
	};
	const struct cpio_entry up = { .path = "x/y", .mode = REG },
				link = { .path = "l", .mode = S_IFLNK | 0777, .data = "m", .size = 1 };
	autobuf struct buf archive = { 0 }, content = { 0 }, hostile = { 0 }, linked = { 0 };
	struct taken t = { 0 };
	struct err err = { 0 };

	assert_int_equal(cpio_write(entries, 3, &(struct cpio_sink){ .fd = -1, .buf = &archive }, &err), 0);
	assert_int_equal(unpacked(&archive, archive.n, &t, "lib/a.c", &content), 0);
	buf_addc(&content, '\0');
	assert_string_equal(content.data, "hello");
	assert_string_equal(t.paths.data, "lib/a.c main.c ");
	for (size_t n = 0; n < archive.n; n += 3) /* cut anywhere */
		assert_int_equal(unpacked(&archive, n, &t, "", NULL), -1);
	assert_int_equal(cpio_write(&up, 1, &(struct cpio_sink){ .fd = -1, .buf = &hostile }, &err), 0);
	memcpy(memmem(hostile.data, hostile.n, "x/y", 3), "../", 3);
	assert_int_equal(unpacked(&hostile, hostile.n, &t, "", NULL), -1);
	assert_int_equal(cpio_write(&link, 1, &(struct cpio_sink){ .fd = -1, .buf = &linked }, &err), 0);
	assert_int_equal(unpacked(&linked, linked.n, &t, "", NULL), -1);
	memcpy(archive.data + 6 + 6 * 8, "fffffff0", 8); /* a size beyond its end */
	assert_int_equal(unpacked(&archive, archive.n, &t, "", NULL), -1);
	buf_free(&t.paths);
}

static void sources_digest(void **state)
{
	char one[HASH_HEX], two[HASH_HEX];
	char *a = temporary(), *b = temporary();
	struct err err = { 0 };

	file_make(a, "init.c", "int x;\n");
	file_make(a, "lib/sys.h", "");
	file_make(b, "lib/sys.h", "");
	file_make(b, "init.c", "int x;\n");
	file_make(b, "README", "not a source");
	file_make(b, ".init.c.swp", "left by an editor");
	assert_int_equal(guest_sources_digest(a, one, &err), 0);
	assert_int_equal(guest_sources_digest(b, two, &err), 0);
	assert_string_equal(one, two);
	file_make(b, "lib/sys.h", "\n");
	assert_int_equal(guest_sources_digest(b, two, &err), 0);
	assert_string_not_equal(one, two);
	temporary_remove(a);
	temporary_remove(b);
}

static void sources_missing(void **state)
{
	char digest[HASH_HEX];
	char *dir = temporary();
	struct err err = { 0 };

	assert_int_equal(guest_sources_digest("/dev/null/d", digest, &err), -1);
	assert_non_null(strstr(err.msg, "/dev/null/d"));
	assert_int_equal(guest_sources_digest(dir, digest, &err), -1);
	assert_non_null(strstr(err.msg, "no sources"));
	temporary_remove(dir);
}

/* A step as the step module would make it, with the host's own compiler. */
struct fixture {
	char *home, *work;
	struct step step;
	json_t *spec;
};

static const char tiny_init[] = "#include \"lib/a.h\"\nvoid _start(void);\nvoid _start(void) { for (;;) a(); }\n";

static void fixture_make(struct fixture *f, const char *init_source)
{
	char sources[HASH_HEX];
	json_t *tools = NULL;
	struct err err = { 0 };
	char *dir = temporary();

	*f = (struct fixture){ .home = temporary() };
	f->work = fs_join(f->home, "work");
	assert_int_equal(mkdir(f->work, 0755), 0);
	if (depot_open(f->home, &f->step.depot, &err) < 0)
		fail_msg("%s", err.msg);
	file_make(dir, "init.c", init_source);
	file_make(dir, "lib/a.h", "void a(void);\n");
	file_make(dir, "lib/a.c", "#include \"a.h\"\nvoid a(void) {}\n");
	file_make(dir, "suite/t.c", tiny_init);
	file_make(dir, "firmware/f.c", "void _start(void);\nvoid _start(void) { for (;;) FOREVER; }\n");
	assert_int_equal(guest_sources_put(f->step.depot, dir, sources, &err), 0);
	temporary_remove(dir);
	if (toolchain_identify(f->home, CC, "", NULL, &tools, &err) < 0)
		fail_msg("%s", err.msg);
	f->spec = json_pack("{s:s, s:{s:s, s:[s]}, s:{s:s, s:s, s:s, s:[], s:o}, s:s, s:[{s:s, s:s}]}", "kind", "init",
			    "arch", "name", "host", "init_cflags", "-DNOTHING", "toolchain", "name", "gcc", "compiler",
			    CC, "prefix", "", "make", "tools", tools, "sources", sources, "suites", "name", "one",
			    "program", "t");
	assert_non_null(f->spec);
	f->step.spec = f->spec;
	f->step.home = f->home;
	f->step.work = f->work;
	f->step.record = json_object();
	f->step.jobs = 1;
	f->step.jobserver_read = f->step.jobserver_write = -1;
}

static void fixture_free(struct fixture *f)
{
	depot_free(f->step.depot);
	json_decref(f->step.record);
	json_decref(f->spec);
	free(f->work);
	temporary_remove(f->home);
}

static char *initrd_digest(void)
{
	struct fixture f;
	struct err err = { 0 };
	char *digest;

	fixture_make(&f, tiny_init);
	if (guest_init_step(&f.step, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(json_str_or(f.step.record, "verdict", ""), "pass");
	assert_non_null(record_artefact(f.step.record, "init"));
	assert_non_null(record_artefact(f.step.record, "log"));
	assert_non_null(record_artefact(f.step.record, "initrd"));
	digest = mem_strdup(record_artefact(f.step.record, "initrd"));
	fixture_free(&f);
	return digest;
}

static void step_same_bytes(void **state)
{
	autofree char *one = NULL, *two = NULL;

	needs_sandbox();
	one = initrd_digest();
	two = initrd_digest(); /* in another home */
	assert_string_equal(one, two);
}

static void step_contents(void **state)
{
	struct fixture f;
	struct err err = { 0 };
	autobuf struct buf archive = { 0 }, text = { 0 };

	needs_sandbox();
	fixture_make(&f, tiny_init);
	if (guest_init_step(&f.step, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(depot_get(f.step.depot, record_artefact(f.step.record, "initrd"), &archive, &err), 0);
	describe(&archive, &text);
	for (const char *const *want = (const char *const[]){ " dev/console", " dev/null", " init ", " proc",
							      " suite/one ", " sys", NULL };
	     *want; want++)
		if (!memmem(text.data, text.n, *want, strlen(*want)))
			fail_msg("the initramfs has no%s", *want);
	fixture_free(&f);
}

/* A firmware is made of its one file, with flags of its own and no part of guest-init. */
static void step_firmware(void **state)
{
	struct fixture f;
	struct err err = { 0 };

	needs_sandbox();
	fixture_make(&f, tiny_init);
	json_object_set_new(f.spec, "firmware",
			    json_pack("{s:{s:s, s:[s]}}", "fw", "program", "f", "cflags", "-DFOREVER="));
	if (guest_init_step(&f.step, &err) < 0)
		fail_msg("%s", err.msg);
	assert_non_null(record_artefact(f.step.record, "firmware/fw"));
	assert_non_null(record_artefact(f.step.record, "initrd"));
	json_object_set_new(f.spec, "firmware", json_pack("{s:{s:s}}", "../fw", "program", "f"));
	assert_int_equal(guest_init_step(&f.step, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	fixture_free(&f);
}

/* The step fails as infrastructure and says this. */
static void step_refuses(struct fixture *f, enum err_class class, const char *says)
{
	struct err err = { 0 };

	assert_int_equal(guest_init_step(&f->step, &err), -1);
	assert_int_equal(err.class, class);
	if (!strstr(err.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
	fixture_free(f);
}

static void step_compile_error(void **state)
{
	struct fixture f;

	needs_sandbox();
	fixture_make(&f, "#warning first\nint broken(void) { return nothing_of_that_name; }\n");
	step_refuses(&f, ERR_INFRA, "init.c:2:");
	fixture_make(&f, "void b(void);\nvoid _start(void);\nvoid _start(void) { b(); }\n");
	step_refuses(&f, ERR_INFRA, "undefined reference");
}

static void step_bad_spec(void **state)
{
	struct fixture f;
	json_t *suite;

	needs_sandbox();
	fixture_make(&f, tiny_init);
	suite = json_array_get(json_object_get(f.spec, "suites"), 0);
	json_object_set_new(suite, "program", json_string("absent"));
	step_refuses(&f, ERR_USER, "suite/absent.c");

	fixture_make(&f, tiny_init);
	suite = json_array_get(json_object_get(f.spec, "suites"), 0);
	json_object_set_new(suite, "program", json_string("../init"));
	step_refuses(&f, ERR_USER, "letters, digits");

	fixture_make(&f, tiny_init);
	json_object_del(f.spec, "toolchain");
	step_refuses(&f, ERR_USER, "toolchain");

	fixture_make(&f, tiny_init);
	json_object_set_new(f.spec, "sources",
			    json_string("0000000000000000000000000000000000000000000000000000000000000000"));
	step_refuses(&f, ERR_INFRA, "sources of guest-init");
}

/* What the depot holds need not be an archive of ours. */
static void step_hostile_sources(void **state)
{
	static const char header[] =
		"0707010000000100008180000000000000000000000001000000000000000000000000000000000000"
		"0000000000000000000B00000000../../evil\0\0\0";
	struct fixture f;
	struct err err = { 0 };
	char digest[HASH_HEX];

	fixture_make(&f, tiny_init);
	assert_int_equal(depot_put_bytes(f.step.depot, "no archive at all", 17, digest, &err), 0);
	json_object_set_new(f.spec, "sources", json_string(digest));
	step_refuses(&f, ERR_INFRA, "sources of guest-init");

	fixture_make(&f, tiny_init);
	assert_int_equal(depot_put_bytes(f.step.depot, header, sizeof(header), digest, &err), 0);
	json_object_set_new(f.spec, "sources", json_string(digest));
	step_refuses(&f, ERR_INFRA, "bad path");
}

static void step_wrong_tools(void **state)
{
	struct fixture f;
	json_t *tools, *tool;
	size_t i;

	fixture_make(&f, tiny_init);
	tools = json_object_get(json_object_get(f.spec, "toolchain"), "tools");
	assert_true(json_array_size(tools) > 0);
	json_array_foreach (tools, i, tool)
		json_object_set_new(tool, "digest",
				    json_string("1111111111111111111111111111111111111111111111111111111111111111"));
	step_refuses(&f, ERR_INFRA, "is not the one of the request");

	fixture_make(&f, tiny_init);
	json_object_set_new(json_object_get(f.spec, "toolchain"), "prefix", json_string("no-such-machine-"));
	step_refuses(&f, ERR_INFRA, "no-such-machine-" CC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initramfs_golden),     cmocka_unit_test(initramfs_same_bytes),
		cmocka_unit_test(initramfs_bad_input),  cmocka_unit_test(initramfs_unwritable),
		cmocka_unit_test(sources_unpacked),     cmocka_unit_test(sources_digest),
		cmocka_unit_test(sources_missing),      cmocka_unit_test(step_same_bytes),
		cmocka_unit_test(step_contents),        cmocka_unit_test(step_firmware),
		cmocka_unit_test(step_compile_error),   cmocka_unit_test(step_bad_spec),
		cmocka_unit_test(step_hostile_sources), cmocka_unit_test(step_wrong_tools),
	};

	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
