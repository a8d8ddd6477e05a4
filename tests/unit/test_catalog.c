#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/*
 * A golden case is a text of sections, each behind a line "--- WHAT":
 *	--- DIR/KIND/FILE	a file of the catalogue; DIR is a (searched first), b or c
 *	--- std			the entries of the file std, in the directory c
 *	--- faults		what loading must say, nothing for a good catalogue
 *	--- show KIND NAME	the entry as canonical JSON
 */
struct world {
	char *golden; /* absolute */
	char *work;   /* the directory the cases are laid out in; also ours */
};

static void put(const char *path, struct view text)
{
	autofree char *dir = mem_strdup(path);
	struct err err = { 0 };

	*strrchr(dir, '/') = 0;
	assert_int_equal(fs_mkdirs(AT_FDCWD, dir, 0755, &err), 0);
	assert_int_equal(fs_write(AT_FDCWD, path, text.p, text.n, 0644, &err), 0);
}

static void put_text(const char *path, const char *text)
{
	put(path, view_of(text));
}

static void clear(void)
{
	struct err err;

	for (const char *const *dir = (const char *const[]){ "a", "b", "c", NULL }; *dir; dir++)
		assert_int_equal(fs_remove(AT_FDCWD, *dir, &err), 0);
}

static int load(const struct catalog **c, struct buf *faults, struct err *err)
{
	const char *dirs[] = { "a", "b", "c" };

	return catalog_load(dirs, countof(dirs), c, faults, err);
}

/* Off the front of *rest: the words behind "--- ", and the text up to the next section. */
static bool section_next(struct view *rest, struct view *what, struct view *text)
{
	const char *end;

	if (!rest->n)
		return false;
	assert_true(view_starts(*rest, VIEW("--- ")));
	*what = view_cut(rest, '\n');
	what->p += 4;
	what->n -= 4;
	if (!rest->p || view_starts(*rest, VIEW("--- "))) {
		*text = (struct view){ "", 0 };
		return true;
	}
	end = memmem(rest->p, rest->n, "\n--- ", 5);
	*text = (struct view){ rest->p, end ? (size_t)(end + 1 - rest->p) : rest->n };
	rest->p += text->n;
	rest->n -= text->n;
	return true;
}

static void read_golden(const struct world *w, const char *name, struct buf *out)
{
	autofree char *path = fs_join(w->golden, name);
	struct err err = { 0 };

	if (fs_read(AT_FDCWD, path, 1 << 20, out, &err))
		fail_msg("%s", err.msg);
}

static void lay_out(const struct world *w, struct view sections)
{
	struct view what, text;

	while (section_next(&sections, &what, &text)) {
		if (view_is(what, "std")) {
			autobuf struct buf std = { 0 };

			read_golden(w, "std", &std);
			lay_out(w, (struct view){ std.data, std.n });
		} else if (!view_is(what, "faults") && !view_starts(what, VIEW("show "))) {
			autofree char *path = mem_strndup(what.p, what.n);

			put(path, text);
		}
	}
}

static int show_compare(const char *name, const struct catalog *c, struct view what, struct view want)
{
	struct view rest = what, kind;
	autofree char *kind_name = NULL, *entry_name = NULL, *got = NULL;
	autojson json_t *j = NULL;

	(void)view_cut(&rest, ' ');
	kind = view_cut(&rest, ' ');
	kind_name = mem_strndup(kind.p, kind.n);
	entry_name = mem_strndup(rest.p, rest.n);
	j = catalog_entry_json(c, kind_name, entry_name);
	got = j ? json_canonical(j) : mem_strdup("none");
	if (view_is(view_trim(want), got))
		return 0;
	fprintf(stderr, "%s: " VIEW_FMT "\ngot  %s\nwant " VIEW_FMT "\n", name, VIEW_ARG(what), got, VIEW_ARG(want));
	return 1;
}

/* The number of sections that are not as they should be. */
static int case_run(const struct world *w, const char *name)
{
	autobuf struct buf sections = { 0 }, faults = { 0 };
	const struct catalog *c = NULL;
	struct view rest, what, text;
	struct err err = { 0 };
	int bad = 0, checked = 0, rc;

	clear();
	read_golden(w, name, &sections);
	rest = (struct view){ sections.data, sections.n };
	lay_out(w, rest);
	rc = load(&c, &faults, &err);
	while (section_next(&rest, &what, &text)) {
		if (view_starts(what, VIEW("show "))) {
			checked++;
			bad += !c || show_compare(name, c, what, text);
		} else if (view_is(what, "faults")) {
			checked++;
			if (!view_is(text, faults.data ? faults.data : "") || (rc != 0) != (text.n != 0)) {
				fprintf(stderr, "%s: got\n%s\nwant\n" VIEW_FMT "\n", name,
					faults.data ? faults.data : err.msg, VIEW_ARG(text));
				bad++;
			}
		}
	}
	catalog_free(c);
	return bad + !checked;
}

static void golden_cases(void **state)
{
	const struct world *w = *state;
	autoclosedir DIR *dir = opendir(w->golden);
	struct dirent *d;
	int bad = 0, n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)))
		if (str_ends(d->d_name, ".txt")) {
			bad += case_run(w, d->d_name);
			n++;
		}
	assert_int_equal(bad, 0);
	assert_true(n >= 20);
}

static void loads_std(const struct world *w, const struct catalog **c)
{
	autobuf struct buf std = { 0 }, faults = { 0 };
	struct err err = { 0 };

	clear();
	read_golden(w, "std", &std);
	lay_out(w, (struct view){ std.data, std.n });
	if (load(c, &faults, &err))
		fail_msg("%s", faults.data);
}

static void structs_hold_what_was_written(void **state)
{
	const struct catalog *c;
	const struct catalog_arch *arch;
	const struct catalog_board *board;

	loads_std(*state, &c);
	arch = catalog_arch(c, "one");
	assert_non_null(arch);
	assert_string_equal(arch->kernel, "ker");
	assert_int_equal(arch->bits, 32);
	assert_true(arch->big_endian);
	assert_int_equal(arch->n_compilers, 1);
	assert_string_equal(arch_compiler(arch, "cc")->prefix, "one-");
	assert_null(arch_compiler(arch, "other"));
	board = catalog_board(c, "plain");
	assert_non_null(board);
	assert_int_equal(board->memory_mb, 128);
	assert_int_equal(board->cpus, 1);
	assert_int_equal(board->limit_ms, 120000);
	assert_int_equal(board->silence_ms, 40000);
	assert_string_equal(board->image, "image");
	assert_null(board->qemu_cpu);
	assert_true(board->ends.poweroff);
	assert_false(board->ends.reboot);
	assert_int_equal(board->require.n, 2);
	assert_string_equal(requirement_text(board->require.data[1]), "!BIG");
	assert_true(kversion_in((struct kversion){ 2, 6, 12 }, &board->kernel));
	assert_null(catalog_board(c, "no-such"));
	assert_null(catalog_board(c, ""));
	assert_int_equal(c->n_patterns, 2);
	assert_string_equal(c->patterns[0].name, "panic");
	assert_int_equal(c->patterns[0].verdict, VERDICT_FAIL);
	assert_true(c->patterns[0].final);
	assert_int_equal(c->patterns[1].verdict, VERDICT_WARN);
	assert_string_equal(c->pattern_origins[1].file, "c/pattern/base.yaml");
	assert_int_equal(c->pattern_origins[1].line, 5);
	catalog_free(c);
}

/* The requirements are of the kind that their place says. */
static void requirements_know_their_kind_and_hint(void **state)
{
	static const char config_text[] = "# CONFIG_CONSOLE is not set\n";
	const struct catalog *c;
	struct kconfig *config = NULL;
	struct arena a = { 0 };
	reason_vec reasons = { 0 };
	struct err err;

	loads_std(*state, &c);
	assert_int_equal(kconfig_parse(view_of(config_text), &config, &err), 0);
	requirements_match(catalog_board(c, "plain")->require.data, 1, config, (struct kversion){ 6, 1, 0 }, &a,
			   &reasons);
	requirements_match(catalog_rootfs(c, "ram")->require.data, 1, config, (struct kversion){ 6, 1, 0 }, &a,
			   &reasons);
	assert_int_equal(reasons.n, 2);
	assert_int_equal(reasons.data[0].kind, REQUIRE);
	assert_string_equal(reasons.data[0].hint, "set it with the fragment small");
	assert_int_equal(reasons.data[1].kind, REQUIRE_ROOTFS);
	vec_free(&reasons);
	arena_free(&a);
	kconfig_free(config);
	catalog_free(c);
}

/* The byte order counts as well: mips calls itself the same in both. */
static void an_arch_is_native_by_uname(void **state)
{
	static const char *const orders[] = { "little", "big" };
	const struct catalog *c;
	struct utsname host;

	loads_std(*state, &c);
	assert_false(arch_is_native(catalog_arch(c, "one")));
	catalog_free(c);
	uname(&host);
	for (int big = 0; big < 2; big++) {
		autofree char *text =
			mem_printf("inherit: one\nendian: %s\nmachines: [other, %s]\n", orders[big], host.machine);

		put_text("a/arch/here.yaml", text);
		assert_int_equal(load(&c, &(struct buf){ 0 }, &(struct err){ 0 }), 0);
		assert_int_equal(arch_is_native(catalog_arch(c, "here")),
				 big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__));
		catalog_free(c);
	}
}

/* Loads what was laid out over std; the faults must be exactly these. */
static void expect_faults(const char *want)
{
	autobuf struct buf faults = { 0 };
	const struct catalog *c = NULL;
	struct err err = { 0 };

	assert_int_equal(load(&c, &faults, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_null(c);
	assert_string_equal(faults.data, want);
}

static void bytes_that_are_no_text(void **state)
{
	clear();
	put("a/toolchain/latin.yaml", VIEW("compiler: a\nmake: [\xe9t\xe9]\n"));
	put("a/toolchain/nul.yaml", VIEW("compiler: a\0b\n"));
	put("a/toolchain/overlong.yaml", VIEW("compiler: \xc0\xaf\n"));
	put("a/toolchain/surrogate.yaml", VIEW("compiler: \xed\xa0\x80\n"));
	put("a/toolchain/escape.yaml", VIEW("compiler: \x1b[31mred\n"));
	put("a/toolchain/short.yaml", VIEW("compiler: \xe2\x82"));
	put("a/fragment/bytes.config", VIEW("CONFIG_X=y\n\xff\n"));
	expect_faults("a/fragment/bytes.config:2:1: byte 0xff; UTF-8 text without control characters is allowed\n"
		      "a/toolchain/escape.yaml:1:11: byte 0x1b; UTF-8 text without control characters is allowed\n"
		      "a/toolchain/latin.yaml:2:8: byte 0xe9; UTF-8 text without control characters is allowed\n"
		      "a/toolchain/nul.yaml:1:12: byte 0x00; UTF-8 text without control characters is allowed\n"
		      "a/toolchain/overlong.yaml:1:11: byte 0xc0; UTF-8 text without control characters is allowed\n"
		      "a/toolchain/short.yaml:1:11: byte 0xe2; UTF-8 text without control characters is allowed\n"
		      "a/toolchain/surrogate.yaml:1:11: byte 0xed; UTF-8 text without control characters is allowed\n");
}

static void files_that_are_none(void **state)
{
	clear();
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("a/toolchain", 0755), 0);
	assert_int_equal(mkdir("a/toolchain/dir.yaml", 0755), 0);
	assert_int_equal(symlink("nowhere", "a/toolchain/link.yaml"), 0);
	assert_int_equal(mkfifo("a/toolchain/pipe.yaml", 0644), 0);
	put_text("a/toolchain/.hidden.swp", "no fault\n");
	put_text("a/toolchain/readme.txt", "a fault\n");
	put_text("a/toolchain/a b.yaml", "compiler: cc\n");
	put_text("a/board", "a file\n");
	assert_int_equal(mkdir("a/boards", 0755), 0);
	expect_faults(
		"a/board:1:1: is a file; a directory is expected\n"
		"a/boards:1:1: no kind of entry is called \"boards\"; did you mean \"board\"? Allowed: arch, "
		"toolchain, fragment, config, firmware, board, rootfs, suite, matrix, known, root, layer, lab, "
		"pattern\n"
		"a/toolchain/a b.yaml:1:1: the name does not fit; NAME.yaml is allowed, NAME of letters, digits "
		"and . _ - +, at most 80\n"
		"a/toolchain/dir.yaml:1:1: is a directory; a file is expected\n"
		"a/toolchain/link.yaml:1:1: cannot be read: No such file or directory\n"
		"a/toolchain/pipe.yaml:1:1: is no regular file; a file is expected\n"
		"a/toolchain/readme.txt:1:1: the name does not fit; NAME.yaml is allowed, NAME of letters, digits "
		"and . _ - +, at most 80\n");
}

static void a_huge_file_is_refused(void **state)
{
	clear();
	put_text("a/toolchain/big.yaml", "compiler: cc\n");
	assert_int_equal(truncate("a/toolchain/big.yaml", (1 << 20) + 1), 0);
	expect_faults("a/toolchain/big.yaml:1:1: is larger than 1048576 bytes\n");
}

static void no_directory_at_all_is_an_error(void **state)
{
	autobuf struct buf faults = { 0 };
	const struct catalog *c = NULL;
	struct err err = { 0 };

	clear();
	assert_int_equal(load(&c, &faults, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, "no catalogue"));
	assert_null(c);
}

/* Nesting that would overrun the stack of a careless reader. */
static void deep_nesting_is_refused(void **state)
{
	autobuf struct buf text = { 0 }, faults = { 0 };
	const struct catalog *c = NULL;
	struct err err = { 0 };

	clear();
	buf_adds(&text, "compiler: ");
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, '[');
	put("a/toolchain/deep.yaml", (struct view){ text.data, text.n });
	assert_int_equal(load(&c, &faults, &err), -1);
	assert_non_null(strstr(faults.data, "a/toolchain/deep.yaml:1:"));
}

static void a_hundred_files_load_in_time(void **state)
{
	const struct catalog *c;
	int64_t start = clock_ms(), few;

	loads_std(*state, &c);
	few = clock_ms() - start;
	catalog_free(c);
	for (int i = 0; i < 100; i++) {
		autofree char *path = mem_printf("a/board/board-%d.yaml", i);

		put_text(path,
			 "inherit: plain\nqemu_cpu: fast\nrequire+:\n  - A=y\n  - {require: B=y, hint: set it}\n");
	}
	start = clock_ms();
	assert_int_equal(load(&c, &(struct buf){ 0 }, &(struct err){ 0 }), 0);
	/* 15 ms is the aim; sanitizers and a busy machine take their share, and an emulated one takes longer for the
	 * few, too. */
	assert_in_range(clock_ms() - start, 0, few > 3 ? 100 * few : 300);
	assert_int_equal(catalog_board(c, "board-99")->require.n, 4);
	catalog_free(c);
}

static int world_new(void **state)
{
	const char *tests = getenv("KILN_TESTS");
	struct world *w = mem_alloc(sizeof(*w));
	autofree char *relative = fs_join(tests ? tests : "tests", "golden/catalog");

	w->golden = realpath(relative, NULL);
	w->work = mem_strdup("/tmp/kiln-catalog-XXXXXX");
	*state = w;
	return !w->golden || !mkdtemp(w->work) || chdir(w->work);
}

static int world_free(void **state)
{
	struct world *w = *state;
	struct err err;
	int rc = chdir("/") || fs_remove(AT_FDCWD, w->work, &err);

	free(w->golden);
	free(w->work);
	free(w);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_cases),
		cmocka_unit_test(structs_hold_what_was_written),
		cmocka_unit_test(requirements_know_their_kind_and_hint),
		cmocka_unit_test(an_arch_is_native_by_uname),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(a_huge_file_is_refused),
		cmocka_unit_test(no_directory_at_all_is_an_error),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_hundred_files_load_in_time),
	};

	return cmocka_run_group_tests_name("catalog", tests, world_new, world_free);
}
