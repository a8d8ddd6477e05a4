#define _GNU_SOURCE
#include "source_world.h"

#include "source/internal.h"
#include "source/manifest.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* --- specs --- */

static void spec_is(const char *text, enum spec_kind kind, const char *path, const char *revision)
{
	struct spec spec = { 0 };
	struct err err = { 0 };

	if (spec_parse(text, &spec, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	if (spec.kind != kind)
		fail_msg("%s: kind %d, not %d", text, spec.kind, kind);
	assert_string_equal(spec.path, path);
	if (revision)
		assert_string_equal(spec.revision, revision);
	else
		assert_null(spec.revision);
	spec_free(&spec);
}

static void specs_are_told_apart(void **state)
{
	struct world *w = *state;
	autofree char *cwd = getcwd(NULL, 0), *plain = at(w, "linux"), *odd = at(w, "odd@v1");
	autofree char *tar = at(w, "linux@v1.tar.xz"), *url = mem_printf("file://%s@v6.1", plain);

	put_kernel(w, "linux");
	put_kernel(w, "odd@v1");
	put(w, "odd@v1/.git", 0644, "gitdir: elsewhere\n");
	put(w, "linux@v1.tar.xz", 0644, "x");
	assert_int_equal(chdir(w->work), 0);
	spec_is("linux", SPEC_DIR, plain, NULL);
	spec_is("linux/", SPEC_DIR, plain, NULL);
	spec_is("linux@v6.1", SPEC_REVISION, plain, "v6.1");
	spec_is("linux@HEAD@{1}", SPEC_REVISION, plain, "HEAD@{1}");
	spec_is("linux@@{u}", SPEC_REVISION, plain, "@{u}");
	spec_is("linux@a/b~3", SPEC_REVISION, plain, "a/b~3");
	spec_is("git:linux", SPEC_REVISION, plain, "HEAD");
	spec_is("git:odd@v1", SPEC_REVISION, odd, "HEAD");
	spec_is("odd@v1@v2", SPEC_REVISION, odd, "v2");
	spec_is("odd@v1", SPEC_WORKTREE, odd, NULL);
	spec_is(url, SPEC_REVISION, plain, "v6.1");
	spec_is("linux@v1.tar.xz", SPEC_TARBALL, tar, NULL);
	spec_is("deb:linux-source-6.1", SPEC_DEB, "linux-source-6.1", NULL);
	assert_int_equal(chdir(cwd), 0);
}

static void bad_specs_say_what_to_do(void **state)
{
	struct world *w = *state;
	autofree char *cwd = getcwd(NULL, 0);

	put_kernel(w, "linux");
	put(w, "bare/HEAD", 0644, "x");
	put(w, "bare/objects/x", 0644, "x");
	put(w, "bare/refs/x", 0644, "x");
	put(w, "linux.tar", 0644, "x");
	assert_int_equal(chdir(w->work), 0);
	import_fails(w, "", ERR_USER, "the source is empty");
	import_fails(w, "nothing", ERR_USER, "no such file or directory; a source is a directory");
	import_fails(w, "nothing@v6.1", ERR_USER, "no such file or directory; a source is a directory");
	import_fails(w, "linux@", ERR_USER, "a commit, tag or branch must follow");
	import_fails(w, "linux@--output=x", ERR_USER, "a commit, tag or branch must follow");
	import_fails(w, "linux.tar@v6.1", ERR_USER, "is a file and has no revisions");
	import_fails(w, "bare", ERR_USER, "bare@HEAD");
	import_fails(w, "/dev/null", ERR_USER, "neither a directory nor a file");
	import_fails(w, "https://example.org/linux.git@v6.1", ERR_USER, "git clone it first");
	import_fails(w, "git@example.org:linux", ERR_USER, "git clone it first");
	import_fails(w, "deb:", ERR_USER, "is no package name");
	import_fails(w, "deb:../../etc/passwd", ERR_USER, "is no package name");
	import_fails(w, "deb:-o=x", ERR_USER, "is no package name");
	import_fails(w, "deb:linux-source-6.12/../etc", ERR_USER, "is no name of a suite");
	import_fails(w, "deb:linux-source-6.12/", ERR_USER, "is no name of a suite");
	assert_int_equal(chdir(cwd), 0);
}

static void names_are_good_for_a_path(void **state)
{
	static const char *const cases[][2] = {
		{ "linux-6.1", "linux-6.1" }, { "../../x y", "x-y" }, { "", "source" },
		{ "...", "source" },          { "a\n\xffz", "a--z" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		autofree char *got = name_clean(view_of(cases[i][0]));

		assert_string_equal(got, cases[i][1]);
	}
}

/* --- plain directories --- */

static void a_directory_becomes_a_source(void **state)
{
	struct world *w = *state;
	autofree char *dir = at(w, "my linux"), *link = at(w, "my linux/link"), *fifo = at(w, "my linux/fifo");
	autojson json_t *first = NULL, *again = NULL, *changed = NULL;

	put_kernel(w, "my linux");
	put(w, "my linux/run", 0770, "#!/bin/sh\n");
	assert_int_equal(symlink("Makefile", link), 0);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	first = import_ok(w, dir);
	assert_string_equal(text_of(first, "kind"), "dir");
	assert_string_equal(text_of(first, "name"), "my-linux");
	assert_string_equal(text_of(first, "release"), "9.1.2-rc3");
	assert_string_equal(text_of(first, "spec"), dir);
	assert_memory_equal(text_of(first, "id"), "my-linux-", 9);
	assert_int_equal(strlen(text_of(first, "id")), 9 + 12);
	assert_memory_equal(text_of(first, "id") + 9, text_of(first, "digest"), 12);
	assert_int_equal(json_int_or(first, "files", 0), 5);
	assert_int_equal(json_int_or(first, "skipped", 0), 1);
	assert_int_equal(json_int_or(first, "date", -1), 0);
	tree_has(w, first, "run", 0555, "#!/bin/sh\n");
	tree_has(w, first, "link", 0444, makefile);
	tree_lacks(w, first, "fifo");
	again = import_ok(w, dir);
	assert_true(json_equal(first, again));
	put(w, "my linux/run", 0770, "#!/bin/sH\n");
	changed = import_ok(w, dir);
	assert_string_not_equal(text_of(first, "id"), text_of(changed, "id"));
	tree_has(w, changed, "run", 0555, "#!/bin/sH\n");
	tree_has(w, first, "run", 0555, "#!/bin/sh\n");
	assert_int_equal(entries(w, "home/tmp"), 0);
}

/* A file is not read again when its stamp is as it was, and is when the stamp says otherwise. */
static void the_manifest_remembers_old_files_only(void **state)
{
	struct world *w = *state;
	struct manifest seen = { .started = 1000 }, known;
	struct stat old = { .st_size = 5, .st_ino = 7, .st_mtim = { 900, 1 }, .st_ctim = { 901, 2 } }, young = old;
	char a[HASH_HEX], b[HASH_HEX];

	young.st_ctim.tv_sec = 999;
	hash_bytes("a", 1, a);
	hash_bytes("b", 1, b);
	manifest_add(&seen, "old\nname", &old, a);
	manifest_add(&seen, "young", &young, b);
	manifest_save(&seen, w->home, "key");
	manifest_free(&seen);
	manifest_load(&known, w->home, "key");
	assert_string_equal(manifest_find(&known, "old\nname", &old), a);
	assert_null(manifest_find(&known, "young", &young));
	assert_null(manifest_find(&known, "old", &old));
	old.st_mtim.tv_nsec++;
	assert_null(manifest_find(&known, "old\nname", &old));
	manifest_free(&known);
}

static void a_damaged_manifest_is_no_manifest(void **state)
{
	static const char *const texts[] = { "", "x", "no stamp here", "0123456789" };
	struct world *w = *state;
	struct stat st = { 0 };

	for (size_t i = 0; i < countof(texts); i++) {
		struct manifest m;

		put(w, "home/cache/dir/key", 0644, texts[i]);
		manifest_load(&m, w->home, "key");
		assert_null(manifest_find(&m, "x", &st));
		manifest_free(&m);
	}
}

static void a_home_inside_the_directory_is_left_out(void **state)
{
	struct world *w = *state;
	autojson json_t *first = NULL, *again = NULL;

	put_kernel(w, ".");
	first = import_ok(w, w->work);
	again = import_ok(w, w->work);
	tree_lacks(w, first, "home");
	assert_string_equal(text_of(first, "id"), text_of(again, "id"));
}

static void a_file_that_changes_is_noticed(void **state)
{
	struct world *w = *state;
	autofree char *dir = at(w, "linux"), *file = at(w, "linux/big");
	autoclose int fd = -1;
	pid_t pid;

	put_kernel(w, "linux");
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	pid = fork();
	if (pid == 0)
		for (unsigned i = 0;; i++)
			if (pwrite(fd, &i, sizeof(i), 0) < 0)
				_exit(1);
	import_fails(w, dir, ERR_USER, "changes while it is read");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_is_no_kernel_is_refused(void **state)
{
	struct world *w = *state;
	autofree char *empty = at(w, "empty"), *built = at(w, "built");

	put(w, "empty/hello.c", 0644, "int main;\n");
	import_fails(w, empty, ERR_USER, "missing in it: Makefile with VERSION and PATCHLEVEL, Kconfig, arch/");
	put(w, "empty/Makefile", 0644, "all: hello\n");
	put(w, "empty/Kconfig", 0644, "");
	import_fails(w, empty, ERR_USER, "missing in it: Makefile with VERSION and PATCHLEVEL, arch/");
	put_kernel(w, "built");
	put(w, "built/.config", 0644, "");
	import_fails(w, built, ERR_USER, "make mrproper");
}

static void a_damaged_source_is_made_again(void **state)
{
	struct world *w = *state;
	autofree char *dir = at(w, "linux"), *file = NULL, *makefile_path = NULL;
	autojson json_t *first = NULL, *again = NULL;

	put_kernel(w, "linux");
	first = import_ok(w, dir);
	makefile_path = in_tree(w, first, "Makefile");
	file = in_tree(w, first, "../source.json");
	assert_int_equal(unlink(makefile_path), 0);
	assert_int_equal(truncate(file, 10), 0);
	again = import_ok(w, dir);
	assert_string_equal(text_of(first, "id"), text_of(again, "id"));
	tree_has(w, again, "Makefile", 0444, makefile);
	assert_int_equal(entries(w, "home/tmp"), 0);
}

/* --- tarballs --- */

/* \e and \xNN as bytes. Owned. */
static char *unescape(struct view v)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\\' && i + 1 < v.n && v.p[i + 1] == 'e') {
			buf_addc(&b, 27);
			i++;
		} else if (v.p[i] == '\\' && i + 3 < v.n && v.p[i + 1] == 'x') {
			char hex[3] = { v.p[i + 2], v.p[i + 3], '\0' };

			buf_addc(&b, (char)strtol(hex, NULL, 16));
			i += 3;
		} else {
			buf_addc(&b, v.p[i]);
		}
	}
	return buf_steal(&b);
}

static void entry_put(struct archive *a, mode_t type, const char *name, mode_t mode, const char *text)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, mode);
	if (type == AE_IFREG && text)
		archive_entry_set_size(e, (la_int64_t)strlen(text));
	if (type == AE_IFLNK)
		archive_entry_set_symlink(e, text);
	if (type == AE_IFIFO && text)
		archive_entry_set_hardlink(e, text);
	if (type == AE_IFCHR)
		archive_entry_set_rdevmajor(e, 1);
	assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
	if (type == AE_IFREG && text)
		assert_int_equal(archive_write_data(a, text, strlen(text)), strlen(text));
	archive_entry_free(e);
}

static void kernel_put(struct archive *a, const char *dir)
{
	autofree char *m = fs_join(dir, "Makefile"), *k = fs_join(dir, "Kconfig"), *z = fs_join(dir, "arch/z/Kconfig");

	entry_put(a, AE_IFREG, m, 0644, makefile);
	entry_put(a, AE_IFREG, k, 0644, "# nothing\n");
	entry_put(a, AE_IFREG, z, 0644, "# nothing\n");
}

static void line_put(struct archive *a, struct view line)
{
	static const struct {
		const char *word;
		mode_t type;
	} words[] = { { "dir", AE_IFDIR }, { "symlink", AE_IFLNK }, { "fifo", AE_IFIFO }, { "device", AE_IFCHR } };
	struct view rest = line, word = view_cut(&rest, ' '), name = view_cut(&rest, ' ');
	autofree char *path = unescape(name), *target = mem_strndup(rest.p ? rest.p : "", rest.n);

	if (view_is(word, "kernel"))
		kernel_put(a, path);
	if (view_is(word, "hardlink")) {
		struct archive_entry *e = archive_entry_new();

		archive_entry_set_pathname(e, path);
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_perm(e, 0644);
		archive_entry_set_hardlink(e, target);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		archive_entry_free(e);
	}
	if (view_is(word, "file")) {
		char *text;
		mode_t mode = (mode_t)strtol(target, &text, 8);

		entry_put(a, AE_IFREG, path, mode, text + (*text == ' '));
	}
	for (size_t i = 0; i < countof(words); i++)
		if (view_is(word, words[i].word))
			entry_put(a, words[i].type, path, 0755, *target ? target : NULL);
}

static struct archive *tar_begin(const char *path, int filter)
{
	struct archive *a = archive_write_new();

	archive_write_set_format_gnutar(a);
	archive_write_add_filter(a, filter);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	return a;
}

static void tar_end(struct archive *a)
{
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void golden_has(const struct world *w, const json_t *record, struct view rest)
{
	struct view name = view_cut(&rest, ' '), mode = view_cut(&rest, ' ');
	autofree char *path = unescape(name), *text = mem_strndup(rest.p ? rest.p : "", rest.n);

	tree_has(w, record, path, (mode_t)strtol(mode.p, NULL, 8), text);
}

/* The archive is three directories below work, where the hostile names aim at. */
static void golden_run(const struct world *w, const char *name, struct view text)
{
	autofree char *dir = at(w, "person"), *path = mem_printf("%s/%s.tar", dir, name), *evil = at(w, "evil");
	struct archive *a;
	autojson json_t *record = NULL;
	struct err err = { 0 };

	fs_mkdirs(AT_FDCWD, dir, 0755, &err);
	a = tar_begin(path, ARCHIVE_FILTER_NONE);
	for (struct view rest = text; rest.p;)
		line_put(a, view_cut(&rest, '\n'));
	tar_end(a);
	while (text.p) {
		struct view line = view_cut(&text, '\n');

		if (view_is(line, "want ok"))
			record = import_ok(w, path);
		if (view_starts(line, VIEW("want error "))) {
			autofree char *want = mem_strndup(line.p + 11, line.n - 11);

			import_fails(w, path, ERR_USER, want);
			record = json_null();
		}
		if (view_starts(line, VIEW("has ")))
			golden_has(w, record, (struct view){ line.p + 4, line.n - 4 });
	}
	if (!record)
		fail_msg("%s: says not what is wanted", name);
	if (fs_exists(AT_FDCWD, evil))
		fail_msg("%s: wrote outside", name);
}

static void tarballs_from_golden_files(void **state)
{
	struct world *w = *state;
	const char *tests = getenv("KILN_TESTS");
	autofree char *dir = fs_join(tests ? tests : "tests", "golden/source");
	autoclosedir DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	put(w, "secret", 0644, makefile);
	while (d && (e = readdir(d))) {
		autobuf struct buf text = { 0 };
		struct err err = { 0 };

		if (*e->d_name == '.')
			continue;
		assert_int_equal(fs_read(dirfd(d), e->d_name, 1 << 20, &text, &err), 0);
		golden_run(w, e->d_name, (struct view){ text.data, text.n });
		n++;
	}
	if (n < 15)
		fail_msg("%s: %d cases, there were more", dir, n);
}

static char *tar_make(const struct world *w, const char *name, int filter, const char *more)
{
	char *path = at(w, name);
	struct archive *a = tar_begin(path, filter);

	kernel_put(a, "linux-9.1");
	if (more)
		entry_put(a, AE_IFREG, "linux-9.1/more", 0644, more);
	tar_end(a);
	return path;
}

static void every_compression_is_read(void **state)
{
	static const struct {
		const char *name;
		int filter;
	} kinds[] = {
		{ "linux.tar", ARCHIVE_FILTER_NONE },      { "linux.tar.gz", ARCHIVE_FILTER_GZIP },
		{ "linux.tar.xz", ARCHIVE_FILTER_XZ },     { "linux.tar.zst", ARCHIVE_FILTER_ZSTD },
		{ "linux.tar.bz2", ARCHIVE_FILTER_BZIP2 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(kinds); i++) {
		autofree char *path = tar_make(w, kinds[i].name, kinds[i].filter, "x");
		autojson json_t *record = import_ok(w, path);

		assert_string_equal(text_of(record, "kind"), "tar");
		assert_string_equal(text_of(record, "name"), "linux");
		assert_int_equal(json_int_or(record, "files", 0), 4);
		tree_has(w, record, "more", 0444, "x");
	}
	assert_int_equal(entries(w, "home/sources"), countof(kinds));
}

/* Text that does not compress away. */
static char *noise(size_t n)
{
	char *text = mem_alloc(n + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (char)('!' + (x >> 24) % 90);
	}
	return text;
}

static void truncated_tarballs_are_noticed(void **state)
{
	static const struct {
		const char *name;
		int filter;
	} kinds[] = {
		{ "a.tar", ARCHIVE_FILTER_NONE },
		{ "a.tar.gz", ARCHIVE_FILTER_GZIP },
		{ "a.tar.xz", ARCHIVE_FILTER_XZ },
		{ "a.tar.zst", ARCHIVE_FILTER_ZSTD },
	};
	struct world *w = *state;
	autofree char *text = noise(300000);

	for (size_t i = 0; i < countof(kinds); i++)
		for (int cut = 1; cut < 8; cut++) {
			autofree char *path = tar_make(w, kinds[i].name, kinds[i].filter, text);
			struct stat st;

			assert_int_equal(stat(path, &st), 0);
			/* From within the last file's data down; a plain tar ends in padding that nothing needs. */
			assert_int_equal(truncate(path, (st.st_size - (i ? 0 : 10240)) * cut / 8), 0);
			import_fails(w, path, ERR_USER, kinds[i].name);
		}
}

/* At the end of an entry libarchive sees nothing amiss. */
static void a_tar_cut_between_entries_is_noticed(void **state)
{
	struct world *w = *state;
	autofree char *path = tar_make(w, "a.tar", ARCHIVE_FILTER_NONE, NULL);

	assert_int_equal(truncate(path, 3 * 1024), 0); /* three headers, each with a block of data */
	import_fails(w, path, ERR_USER, "the mark of the archive's end is missing");
}

static void what_is_no_tarball_is_refused(void **state)
{
	struct world *w = *state;
	autofree char *text = at(w, "text.tar"), *empty = at(w, "empty.tar.gz"), *path = NULL;
	autofree char *bytes = noise(100000);
	autoclose int fd = -1;

	put(w, "text.tar", 0644, bytes);
	import_fails(w, text, ERR_USER, "is no tar archive");
	put(w, "empty.tar.gz", 0644, "");
	import_fails(w, empty, ERR_USER, "empty.tar.gz");
	path = tar_make(w, "flipped.tar.xz", ARCHIVE_FILTER_XZ, bytes);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\xff\x00\xff", 3, 50000), 3);
	import_fails(w, path, ERR_USER, "flipped.tar.xz: is ");
}

static void the_second_import_of_a_tarball_is_quick(void **state)
{
	struct world *w = *state;
	autofree char *path = tar_make(w, "linux-9.1.tar.gz", ARCHIVE_FILTER_GZIP, NULL);
	autojson json_t *first = import_ok(w, path);
	int64_t start = clock_ms();

	for (int i = 0; i < 20; i++) {
		autojson json_t *again = import_ok(w, path);

		assert_true(json_equal(first, again));
	}
	assert_true(clock_ms() - start < 20 * 5 * 4); /* 5 ms each, with room for a busy machine and sanitizers */
}

static void tell_pipe(void *arg, const char *what, int64_t bytes)
{
	if (str_starts(what, "making the source"))
		assert_int_equal(write(*(int *)arg, "w", 1), 1);
}

static void one_of_many_imports_works(void **state)
{
	enum { MANY = 6 };
	struct world *w = *state;
	autofree char *text = noise(400000), *path = tar_make(w, "linux.tar.xz", ARCHIVE_FILTER_XZ, text);
	char works[MANY + 1];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < MANY; i++)
		if (fork() == 0) {
			struct source_progress progress = { tell_pipe, &fds[1] };
			struct err err = { 0 };
			json_t *record = NULL;
			int status = source_import(w->home, path, &progress, &record, &err);

			json_decref(record);
			_exit(status ? 1 : 0);
		}
	for (int i = 0; i < MANY; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], works, sizeof(works)), 1);
	close(fds[0]);
	assert_int_equal(entries(w, "home/sources"), 1);
	assert_int_equal(entries(w, "home/tmp"), 0);
}

/* With arguments it imports one source and prints its record: what tests in shell need. */
static int import_main(const char *home, const char *spec)
{
	struct err err = { 0 };
	json_t *record = NULL;

	if (source_import(home, spec, NULL, &record, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return err_exit_status(&err);
	}
	json_dumpf(record, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(record);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, world_make, world_remove)
		T(specs_are_told_apart),
		T(bad_specs_say_what_to_do),
		T(names_are_good_for_a_path),
		T(a_directory_becomes_a_source),
		T(the_manifest_remembers_old_files_only),
		T(a_damaged_manifest_is_no_manifest),
		T(a_home_inside_the_directory_is_left_out),
		T(a_file_that_changes_is_noticed),
		T(what_is_no_kernel_is_refused),
		T(a_damaged_source_is_made_again),
		T(tarballs_from_golden_files),
		T(every_compression_is_read),
		T(truncated_tarballs_are_noticed),
		T(a_tar_cut_between_entries_is_noticed),
		T(what_is_no_tarball_is_refused),
		T(the_second_import_of_a_tarball_is_quick),
		T(one_of_many_imports_works),
	};

	if (argc == 4 && strcmp(argv[1], "import") == 0)
		return import_main(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
