#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "kernel/answers.h"
#include "kernel/buildlog.h"
#include "kernel/kernel.h"
#include "kernel/objects.h"
#include "kernel/sample.h"
#include "kernel/settings.h"
#include "needs_sandbox.h"
#include "step/step.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

/* Where the tests' files are. */
static char *tests_path(const char *name)
{
	const char *dir = getenv("KILN_TESTS");
	autofree char *path = fs_join(dir ? dir : "tests", name);

	return realpath(path, NULL);
}

/* ---- what builds print ---- */

static char *summary(const struct buildlog *log)
{
	const char *reason = buildlog_reason(log);

	return mem_printf("warnings: %lld\nerrors: %lld\nreason: %s\nhost: %s\n", (long long)log->warnings,
			  (long long)log->errors, reason ? reason : "", log->host_fault ? log->host_fault : "");
}

/* Feeds text in pieces and compares with what stands before it. */
static void check_log(const char *name, struct view want, struct view text, size_t piece)
{
	struct buildlog log = { .fd = -1 };
	struct err err = { 0 };
	autofree char *got = NULL;

	for (size_t at = 0; at < text.n; at += piece)
		assert_int_equal(buildlog_add(&log, text.p + at, text.n - at < piece ? text.n - at : piece, &err), 0);
	buildlog_end(&log);
	got = summary(&log);
	if (strlen(got) != want.n || memcmp(got, want.p, want.n) != 0)
		fail_msg("%s, in pieces of %zu:\n%s", name, piece, got);
	buildlog_free(&log);
}

static void logs_are_counted_as_their_golden_files_say(void **state)
{
	autofree char *dir = tests_path("golden/kernel"), *pattern = NULL;
	glob_t files = { 0 };

	assert_non_null(dir);
	pattern = fs_join(dir, "*.log");
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 19);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		autobuf struct buf text = { 0 };
		struct err err = { 0 };
		const char *cut;
		struct view want, log;

		assert_int_equal(fs_read(AT_FDCWD, files.gl_pathv[i], 1u << 20, &text, &err), 0);
		cut = strstr(text.data, "---\n");
		assert_non_null(cut);
		want = (struct view){ text.data, (size_t)(cut - text.data) };
		log = (struct view){ cut + 4, text.n - want.n - 4 };
		check_log(files.gl_pathv[i], want, log, 1u << 20);
		check_log(files.gl_pathv[i], want, log, 1);
		check_log(files.gl_pathv[i], want, log, 7);
	}
	globfree(&files);
}

static char *scratch_make(void)
{
	char *dir = mem_strdup("/tmp/kiln-test-kernel-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void scratch_remove(char **dir)
{
	struct err err = { 0 };

	if (*dir)
		fs_remove(AT_FDCWD, *dir, &err);
	free(*dir);
}
#define autoscratch __attribute__((cleanup(scratch_remove)))

static void log_copy_is_bounded_and_says_so(void **state)
{
	autoscratch char *dir = scratch_make();
	autofree char *path = fs_join(dir, "log");
	autobuf struct buf text = { 0 };
	struct err err = { 0 };
	struct buildlog log = { .fd = open(path, O_CREAT | O_RDWR, 0600), .room = 100 };

	for (int i = 0; i < 1000; i++)
		assert_int_equal(buildlog_add(&log, "a.c:1:1: warning: w\n", 20, &err), 0);
	buildlog_end(&log);
	assert_int_equal(log.warnings, 1000);
	assert_int_equal(fs_read(AT_FDCWD, path, 1000, &text, &err), 0);
	assert_true(text.n < 200);
	assert_non_null(strstr(text.data, "too long"));
	close(log.fd);
	buildlog_free(&log);
}

static void endless_line_takes_no_memory(void **state)
{
	struct buildlog log = { .fd = -1 };
	struct err err = { 0 };
	static char xs[65536];

	memset(xs, 'x', sizeof(xs));
	for (int i = 0; i < 1600; i++) /* 100 MB */
		assert_int_equal(buildlog_add(&log, xs, sizeof(xs), &err), 0);
	assert_true(log.line.cap <= 4 * BUILDLOG_LINE);
	assert_int_equal(buildlog_add(&log, "\nerror: after it\n", 17, &err), 0);
	assert_int_equal(log.errors, 1);
	assert_string_equal(buildlog_reason(&log), "error: after it");
	buildlog_free(&log);
}

static void only_the_first_errors_are_kept(void **state)
{
	struct buildlog log = { .fd = -1 };
	struct err err = { 0 };

	for (int i = 0; i < 50; i++)
		buildlog_add(&log, "error: one of many\n", 19, &err);
	assert_int_equal(log.errors, 50);
	assert_int_equal(log.first_errors.n, BUILDLOG_FIRST_ERRORS);
	buildlog_free(&log);
}

/* ---- settings ---- */

static void last_setting_of_a_symbol_stands(void **state)
{
	struct settings s = { 0 };
	autobuf struct buf out = { 0 };
	struct err err = { 0 };

	assert_int_equal(
		settings_add(&s, "base", VIEW("# a comment\nCONFIG_A=y\r\n\nCONFIG_AB=\"x=y\"\nCONFIG_N="), &err), 0);
	assert_int_equal(settings_add(&s, "f", VIEW("# CONFIG_A is not set\nCONFIG_B=0x10\nCONFIG_B=3\n"), &err), 0);
	settings_print(&s, &out);
	assert_string_equal(out.data, "CONFIG_AB=\"x=y\"\nCONFIG_N=\n# CONFIG_A is not set\nCONFIG_B=3\n");
	settings_free(&s);
}

static void a_line_that_sets_nothing_is_refused(void **state)
{
	static const char *const bad[] = { "CONFIG_A", "A=y", "CONFIG_=y", "CONFIG_A-B=y", "rm -rf" };

	for (size_t i = 0; i < countof(bad); i++) {
		struct settings s = { 0 };
		struct err err = { 0 };
		autofree char *text = mem_printf("CONFIG_OK=y\n%s\n", bad[i]);

		assert_int_equal(settings_add(&s, "frag", view_of(text), &err), -1);
		assert_int_equal(err.class, ERR_USER);
		assert_non_null(strstr(err.msg, "frag:2:"));
		settings_free(&s);
	}
}

/* ---- build-id ---- */

static void what_is_no_elf_has_no_build_id(void **state)
{
	autoscratch char *dir = scratch_make();
	autofree char *path = fs_join(dir, "file");
	autobuf struct buf self = { 0 };
	struct err err = { 0 };

	assert_null(build_id_read("/nonexistent"));
	assert_null(build_id_read("/dev/null"));
	assert_int_equal(fs_write(AT_FDCWD, path, "\177ELF", 4, 0600, &err), 0);
	assert_null(build_id_read(path));
	/* Ourselves, cut short at each of many lengths: nothing may be read beyond the end. */
	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/exe", 64u << 20, &self, &err), 0);
	for (size_t n = 1; n < self.n; n += 1 + self.n / 64) {
		assert_int_equal(fs_write(AT_FDCWD, path, self.data, n, 0600, &err), 0);
		free(build_id_read(path));
	}
}

/* ---- toolchains ---- */

/* A PATH of our own: a compiler that notes each of its starts. */
static char *path_of_fakes(const char *dir)
{
	static const struct {
		const char *name, *text;
	} fakes[] = {
		{ "toy-gcc", "echo x >>\"$(dirname \"$0\")/starts\"\n"
			     "[ \"$1\" = -print-prog-name=cc1 ] && { echo \"$(dirname \"$0\")/cc1\"; exit; }\n"
			     "echo 'toy-gcc (Toy 1.2-3) 12.2.0'" },
		{ "cc1", "exit 1" },
		{ "toy-as", "echo 'GNU assembler (GNU Binutils) 2.40'" },
		{ "toy-ld", "echo 'GNU ld (GNU Binutils) 2.40'" },
		{ "toy-objcopy", "echo 'GNU objcopy (GNU Binutils) 2.40'" },
	};
	struct err err = { 0 };

	for (size_t i = 0; i < countof(fakes); i++) {
		autofree char *path = fs_join(dir, fakes[i].name);
		autofree char *text = mem_printf("#!/bin/sh\n%s\n", fakes[i].text);

		assert_int_equal(fs_write(AT_FDCWD, path, text, strlen(text), 0755, &err), 0);
	}
	return mem_printf("%s:/usr/bin:/bin", dir);
}

static size_t starts(const char *dir)
{
	autofree char *path = fs_join(dir, "starts");
	autobuf struct buf text = { 0 };
	struct err err = { 0 };

	return fs_read(AT_FDCWD, path, 4096, &text, &err) == 0 ? text.n / 2 : 0;
}

static const char *tool_field(const json_t *tools, const char *name, const char *field)
{
	json_t *tool;
	size_t i;

	json_array_foreach (tools, i, tool)
		if (strcmp(json_str_or(tool, "name", ""), name) == 0)
			return json_str_or(tool, field, NULL);
	return NULL;
}

static void second_look_at_a_toolchain_starts_nothing(void **state)
{
	autoscratch char *dir = scratch_make();
	autofree char *home = fs_join(dir, "home"), *old = mem_strdup(getenv("PATH")), *path = path_of_fakes(dir);
	autofree char *gcc = fs_join(dir, "toy-gcc");
	autojson json_t *first = NULL, *second = NULL, *third = NULL;
	struct err err = { 0 };

	setenv("PATH", path, 1);
	assert_int_equal(toolchain_identify(home, "gcc", "toy-", NULL, &first, &err), 0);
	assert_int_equal(starts(dir), 2);
	assert_int_equal(toolchain_identify(home, "gcc", "toy-", NULL, &second, &err), 0);
	assert_int_equal(starts(dir), 2);
	assert_true(json_equal(first, second));
	assert_string_equal(tool_field(first, "toy-gcc", "version"), "12.2.0");
	assert_string_equal(tool_field(first, "cc1", "version"), "12.2.0");
	assert_string_equal(tool_field(first, "toy-ld", "version"), "2.40");
	assert_non_null(tool_field(first, "hostcc", "digest"));
	assert_non_null(tool_field(first, "make", "version"));
	/* A changed compiler is another one. */
	assert_int_equal(fs_write(AT_FDCWD, gcc, "#!/bin/sh\necho toy-gcc 13.1\n", 27, 0755, &err), 0);
	assert_int_equal(toolchain_identify(home, "gcc", "toy-", "gcc-toy", &third, &err), -1);
	assert_non_null(strstr(err.msg, "toy-gcc 13.1")); /* where it says cc1 is */
	setenv("PATH", old, 1);
}

static void missing_compiler_is_named_with_its_package(void **state)
{
	autoscratch char *home = scratch_make();
	json_t *tools = NULL;
	struct err err = { 0 };

	assert_int_equal(toolchain_identify(home, "gcc", "nonesuch-linux-gnu-", "gcc-nonesuch", &tools, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_string_equal(err.msg,
			    "nonesuch-linux-gnu-gcc is not there; install it with: apt-get install gcc-nonesuch");
	assert_null(tools);
}

/* ---- steps, with the fake tree ---- */

static const struct step_kind kinds[] = {
	{ "configure", STEP_PURE, kernel_configure_step },
	{ "build", STEP_PURE, kernel_build_step },
	{ "build-warm", STEP_OBSERVATION, kernel_build_step },
};

struct home {
	char *dir;
	json_t *toolchain;
	int jobserver[2];
};

static void home_make(struct home *home)
{
	autofree char *tree = tests_path("fake-kernel"), *source = NULL, *link = NULL;
	struct err err = { 0 };
	json_t *tools = NULL;

	assert_non_null(tree);
	home->dir = scratch_make();
	home->jobserver[0] = home->jobserver[1] = -1;
	source = fs_join(home->dir, "sources/fake");
	link = fs_join(source, "tree");
	assert_int_equal(fs_mkdirs(AT_FDCWD, source, 0755, &err), 0);
	assert_int_equal(symlink(tree, link), 0);
	assert_int_equal(toolchain_identify(home->dir, "gcc", "", "gcc", &tools, &err), 0);
	home->toolchain = json_pack("{s:s, s:s, s:s, s:[], s:o}", "name", "gcc", "compiler", "gcc", "prefix", "",
				    "make", "tools", tools);
}

static void home_remove(struct home *home)
{
	json_decref(home->toolchain);
	scratch_remove(&home->dir);
}
#define autohome __attribute__((cleanup(home_remove)))

static json_t *run(const struct home *home, json_t *spec)
{
	const struct step_options options = { .home = home->dir,
					      .jobs = 2,
					      .jobserver_read = home->jobserver[0],
					      .jobserver_write = home->jobserver[1] };
	json_t *record = NULL;
	struct err err = { 0 };

	if (step_run(spec, kinds, countof(kinds), &options, &record, &err) < 0)
		fail_msg("%s", err.msg);
	json_decref(spec);
	return record;
}

static void run_refused(const struct home *home, json_t *spec, const char *part)
{
	const struct step_options options = {
		.home = home->dir, .jobs = 1, .jobserver_read = -1, .jobserver_write = -1
	};
	json_t *record = NULL;
	struct err err = { 0 };

	assert_int_equal(step_run(spec, kinds, countof(kinds), &options, &record, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	if (!strstr(err.msg, part))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, part);
	json_decref(spec);
}

static json_t *configure_spec(const struct home *home, const char *arch, const char *target, const char *fragment)
{
	json_t *spec = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:s, s:[]}, s:O}", "kind", "configure",
				 "source", "id", "fake", "digest", "0", "arch", "name", arch, "kernel", arch, "srcarch",
				 arch, "config", "target", target, "fragments", "toolchain", home->toolchain);

	if (fragment)
		json_array_append_new(json_object_get(json_object_get(spec, "config"), "fragments"),
				      json_pack("{s:s, s:s}", "name", "f", "text", fragment));
	return spec;
}

static json_t *build_spec(const struct home *home, const char *arch, const char *config)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s, s:b}, s:s, s:O, s:[]}", "kind", "build",
			 "source", "id", "fake", "digest", "0", "arch", "name", arch, "kernel", arch, "srcarch", arch,
			 "image_target", "Image", "image_path",
			 strcmp(arch, "x86") == 0 ? "arch/x86/boot/Image" : "arch/arm64/boot/Image", "dtbs", 1,
			 "config", config, "toolchain", home->toolchain, "options");
}

static void artefact_read(const struct home *home, const json_t *record, const char *name, struct buf *out)
{
	struct depot *depot = NULL;
	struct err err = { 0 };

	if (!record_artefact(record, name))
		fail_msg("no artefact %s", name);
	assert_int_equal(depot_open(home->dir, &depot, &err), 0);
	assert_int_equal(depot_get(depot, record_artefact(record, name), out, &err), 0);
	depot_free(depot);
}

static void assert_verdict(const struct home *home, const json_t *record, const char *verdict)
{
	autobuf struct buf log = { 0 };

	if (strcmp(json_str_or(record, "verdict", "none"), verdict) == 0)
		return;
	if (record_artefact(record, "log"))
		artefact_read(home, record, "log", &log);
	fail_msg("%s: %s\n%s", json_str_or(record, "verdict", "none"), json_str_or(record, "reason", ""),
		 log.data ? log.data : "");
}

static void assert_reason(const json_t *record, const char *part)
{
	const char *reason = json_str_or(record, "reason", "");

	if (!strstr(reason, part))
		fail_msg("\"%s\" does not say \"%s\"", reason, part);
}

/* Configures the fake tree; the digest of the config is borrowed from the record. */
static json_t *configured(const struct home *home, const char *arch, const char *target, const char *fragment)
{
	json_t *record = run(home, configure_spec(home, arch, target, fragment));

	assert_verdict(home, record, "pass");
	return record;
}

static json_t *built(const struct home *home, const char *arch, const char *fragment)
{
	autojson json_t *config = configured(home, arch, "allnoconfig", fragment);

	return run(home, build_spec(home, arch, record_artefact(config, "config")));
}

static void assert_config(const struct home *home, const json_t *record, const char *line, bool there)
{
	autobuf struct buf text = { 0 };
	autofree char *whole = mem_printf("\n%s\n", line);

	artefact_read(home, record, "config", &text);
	if ((strstr(text.data, whole) != NULL) != there)
		fail_msg("%s is %sin:\n%s", line, there ? "not " : "", text.data);
}

static void allnoconfig_takes_fragments_and_says_what_was_dropped(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;
	json_t *dropped;

	needs_sandbox();
	home_make(&home);
	record = configured(&home, "x86", "allnoconfig",
			    "CONFIG_EMBEDDED=y\nCONFIG_TTY=n\nCONFIG_TTY=y\nCONFIG_SERIAL_8250=y\n"
			    "CONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_VIRTIO_BLK=y\nCONFIG_LOCALVERSION=\"-kiln\"\n");
	assert_config(&home, record, "CONFIG_SERIAL_8250_CONSOLE=y", true);
	assert_config(&home, record, "# CONFIG_PCI is not set", true);
	assert_config(&home, record, "CONFIG_VIRTIO_BLK=y", false);
	assert_string_equal(json_str_or(record, "release", ""), "6.1.99-fake-kiln");
	dropped = json_object_get(record, "dropped");
	assert_int_equal(json_array_size(dropped), 1);
	assert_string_equal(json_str_or(json_array_get(dropped, 0), "symbol", ""), "VIRTIO_BLK");
	assert_non_null(strstr(json_str_or(json_array_get(dropped, 0), "why", ""), "PCI"));
}

static void tinyconfig_honours_fragments(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;

	needs_sandbox();
	home_make(&home);
	record = configured(&home, "x86", "tinyconfig", "CONFIG_KERNEL_GZIP=y\nCONFIG_PCI=y\n");
	assert_config(&home, record, "CONFIG_CC_OPTIMIZE_FOR_SIZE=y", true);
	assert_config(&home, record, "CONFIG_EMBEDDED=y", true);
	assert_config(&home, record, "CONFIG_KERNEL_GZIP=y", true); /* tiny.config says no */
	assert_config(&home, record, "CONFIG_PCI=y", true);
	assert_config(&home, record, "# CONFIG_MODULES is not set", true);
}

static void defconfig_is_merged_and_completed(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL, *plain = NULL;

	needs_sandbox();
	home_make(&home);
	plain = configured(&home, "x86", "x86_64_defconfig", NULL);
	assert_config(&home, plain, "CONFIG_SERIAL_8250=y", true);
	record = configured(&home, "x86", "x86_64_defconfig", "# CONFIG_SERIAL_8250 is not set\nCONFIG_ACPI=y\n");
	assert_config(&home, record, "# CONFIG_SERIAL_8250 is not set", true);
	assert_config(&home, record, "CONFIG_SERIAL_8250_CONSOLE=y", false);
	assert_config(&home, record, "CONFIG_ACPI=y", true);
	assert_config(&home, record, "CONFIG_X86_64=y", true);
	assert_int_equal(json_array_size(json_object_get(record, "dropped")), 0);
}

static void randconfig_follows_its_seed(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	json_t *specs[3];
	static const int seeds[3] = { 11, 11, 12 };

	needs_sandbox();
	home_make(&home);
	for (int i = 0; i < 3; i++) {
		specs[i] = configure_spec(&home, "x86", "randconfig", "CONFIG_TTY=y\nCONFIG_EMBEDDED=y\n");
		json_object_set_new(json_object_get(specs[i], "config"), "seed", json_integer(seeds[i]));
	}
	json_object_set_new(specs[1], "again", json_true()); /* another key */
	a = run(&home, specs[0]);
	b = run(&home, specs[1]);
	c = run(&home, specs[2]);
	assert_verdict(&home, a, "pass");
	assert_string_equal(record_artefact(a, "config"), record_artefact(b, "config"));
	assert_string_not_equal(record_artefact(a, "config"), record_artefact(c, "config"));
	assert_config(&home, c, "CONFIG_TTY=y", true);
	run_refused(&home, configure_spec(&home, "x86", "randconfig", NULL), "seed");
	specs[0] = configure_spec(&home, "x86", "randconfig", NULL);
	json_object_set_new(json_object_get(specs[0], "config"), "seed", json_integer(11));
	specs[1] = json_deep_copy(specs[0]);
	json_object_set_new(json_object_get(specs[0], "config"), "probability", json_string("0"));
	json_object_set_new(json_object_get(specs[1], "config"), "probability", json_string("101"));
	d = run(&home, specs[0]);
	assert_config(&home, d, "CONFIG_PCI=y", false);
	run_refused(&home, specs[1], "probability");
}

static void a_given_file_is_completed(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;
	struct depot *depot = NULL;
	struct err err = { 0 };
	char digest[HASH_HEX];
	json_t *spec;

	needs_sandbox();
	home_make(&home);
	assert_int_equal(depot_open(home.dir, &depot, &err), 0);
	assert_int_equal(depot_put_bytes(depot, "CONFIG_PCI=y\nCONFIG_VIRTIO_BLK=y\n", 33, digest, &err), 0);
	depot_free(depot);
	spec = configure_spec(&home, "x86", "file", "CONFIG_VIRTIO_BLK=m\n");
	json_object_set_new(json_object_get(spec, "config"), "file", json_string(digest));
	record = run(&home, spec);
	assert_verdict(&home, record, "pass");
	assert_config(&home, record, "CONFIG_VIRTIO_BLK=m", true);
	assert_config(&home, record, "CONFIG_PRINTK=y", true);
	run_refused(&home, configure_spec(&home, "x86", "file", NULL), "file");
}

static void unknown_targets_are_verdicts(void **state)
{
	static const char *const names[] = { "nope_defconfig", "nopeconfig" };
	autohome struct home home = { 0 };

	needs_sandbox();
	home_make(&home);
	for (size_t i = 0; i < countof(names); i++) {
		autojson json_t *record = run(&home, configure_spec(&home, "x86", names[i], NULL));
		autofree char *want = mem_printf("this source has no %s for ARCH=x86", names[i]);

		assert_verdict(&home, record, "fail");
		assert_reason(record, want);
		assert_non_null(record_artefact(record, "log"));
	}
}

static void wrong_specs_are_refused(void **state)
{
	autohome struct home home = { 0 };
	json_t *spec;

	needs_sandbox();
	home_make(&home);
	run_refused(&home, configure_spec(&home, "x86", "clean", NULL), "target");
	run_refused(&home, configure_spec(&home, "x86", "-f/etc/xconfig", NULL), "target");
	run_refused(&home, configure_spec(&home, "../..", "defconfig", NULL), "arch");
	run_refused(&home, configure_spec(&home, "x86", "defconfig", "make me a kernel\n"), "f:1");
	spec = configure_spec(&home, "x86", "defconfig", NULL);
	json_object_del(spec, "toolchain");
	run_refused(&home, spec, "toolchain");
	run_refused(&home, build_spec(&home, "x86", "zz"), "config");
	spec = build_spec(&home, "x86", "0000000000000000000000000000000000000000000000000000000000000000");
	json_object_set_new(json_object_get(spec, "arch"), "image_path", json_string("a/../../../etc/passwd"));
	run_refused(&home, spec, "image_path");
}

static void a_build_leaves_its_artefacts(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;
	autobuf struct buf vmlinux = { 0 }, dtb = { 0 };

	needs_sandbox();
	home_make(&home);
	record = built(&home, "arm64", "CONFIG_ARCH_ACME=y\nCONFIG_ARCH_ZETA=y\n");
	assert_verdict(&home, record, "pass");
	artefact_read(&home, record, "vmlinux", &vmlinux);
	assert_memory_equal(vmlinux.data, "\177ELF", 4);
	assert_non_null(record_artefact(record, "image"));
	assert_non_null(record_artefact(record, "System.map"));
	assert_non_null(record_artefact(record, "log"));
	assert_non_null(record_artefact(record, "dtb/acme-two.dtb"));
	artefact_read(&home, record, "dtb/acme-one.dtb", &dtb);
	assert_non_null(memmem(dtb.data, dtb.n, "ACME one", 8));
	assert_non_null(record_artefact(record, "dtb/zeta/acme-one.dtb"));
	assert_int_equal(strlen(json_str_or(record, "build_id", "")), 40);
	assert_string_equal(json_str_or(record, "release", ""), "6.1.99-fake");
	assert_int_equal(json_int_or(record, "warnings", -1), 0);
	assert_int_equal(json_int_or(record, "errors", -1), 0);
	assert_true(json_real_value(json_object_get(record, "cpu_seconds")) > 0);
	assert_non_null(memmem(vmlinux.data, vmlinux.n, "kiln@kiln", 9));
}

static const json_t *named(const json_t *list, const char *name)
{
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		if (strcmp(json_string_value(json_array_get(entry, 0)), name) == 0)
			return entry;
	return NULL;
}

static void a_build_lists_its_objects(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL, *list = NULL;
	autobuf struct buf text = { 0 };
	json_t *objects, *first;
	const json_t *symbol, *section;

	needs_sandbox();
	home_make(&home);
	record = built(&home, "x86", "CONFIG_EMBEDDED=y\nCONFIG_NOISY_BUILD=y\n");
	assert_verdict(&home, record, "pass");
	artefact_read(&home, record, "objects", &text);
	list = json_loadb(text.data, text.n, 0, NULL);
	objects = json_object_get(list, "objects");
	assert_int_equal(json_array_size(objects), 2);
	first = json_array_get(objects, 1);
	assert_string_equal(json_str_or(json_array_get(objects, 0), "path", ""), "drivers/noisy.o");
	assert_string_equal(json_str_or(first, "path", ""), "init/main.o");
	assert_int_equal(strlen(json_str_or(first, "sha256", "")), 64);
	section = named(json_object_get(first, "sections"), ".text");
	assert_string_equal(json_string_value(json_array_get(section, 1)), "x");
	assert_int_equal(strlen(json_string_value(json_array_get(section, 3))), 32);
	assert_non_null(named(json_object_get(first, "sections"), ".comment"));
	symbol = named(json_object_get(first, "symbols"), "start_kernel");
	assert_ptr_equal(json_array_get(json_object_get(first, "sections"),
					(size_t)json_integer_value(json_array_get(symbol, 1))),
			 section);
	assert_int_equal(strlen(json_string_value(json_array_get(symbol, 3))), 16);
}

/* What the host's compiler makes of a text of C, as an entry of the list. */
static json_t *object_of(const char *dir, const char *source)
{
	autofree char *c = fs_join(dir, "a.c"), *o = fs_join(dir, "a.o");
	const char *const argv[] = { "gcc", "-Os", "-fno-pic", "-fno-pie", "-mcmodel=kernel", "-c", "-o", o, c, NULL };
	const char *const plain[] = { "gcc", "-Os", "-c", "-o", o, c, NULL };
	autobuf struct buf bytes = { 0 };
	struct err err = { 0 };

	assert_int_equal(fs_write(AT_FDCWD, c, source, strlen(source), 0600, &err), 0);
	if (proc_run(&(struct proc){ .argv = argv }, NULL, &err) < 0)
		assert_int_equal(proc_run(&(struct proc){ .argv = plain }, NULL, &err), 0);
	assert_int_equal(fs_read(AT_FDCWD, o, 1 << 20, &bytes, &err), 0);
	return object_json("a.o", (struct view){ bytes.data, bytes.n });
}

static bool field_same(const json_t *a, const json_t *b, const char *symbol, size_t field)
{
	const json_t *x = json_array_get(named(json_object_get(a, "symbols"), symbol), field);
	const json_t *y = json_array_get(named(json_object_get(b, "symbols"), symbol), field);

	assert_non_null(x);
	return y && json_equal(x, y);
}

enum { DIGEST = 3, TEXTS = 4 };

/* What moved is not what changed: references count by their names. */
static void a_function_that_moved_has_its_digest(void **state)
{
	autoscratch char *dir = scratch_make();
	static const char head[] = "void out(const char *); void other(const char *);";
	static const char filler[] = "int filler(int a) { return a * 3 + 1; }\n"
				     "void more(void) { out(\"more of it\"); }";
	autofree char *plain = mem_printf("%s void f(void) { out(\"text one\"); }", head);
	autofree char *moved = mem_printf("%s %s void f(void) { out(\"text one\"); }", head, filler);
	autofree char *text = mem_printf("%s void f(void) { out(\"text two\"); }", head);
	autofree char *callee = mem_printf("%s void f(void) { other(\"text one\"); }", head);
	autojson json_t *a = object_of(dir, plain), *b = object_of(dir, moved), *c = object_of(dir, text);
	autojson json_t *d = object_of(dir, callee);

	assert_true(field_same(a, b, "f", DIGEST));
	assert_true(field_same(a, b, "f", TEXTS));
	assert_true(field_same(a, c, "f", DIGEST));
	assert_false(field_same(a, c, "f", TEXTS));
	assert_false(field_same(a, d, "f", DIGEST));
	assert_true(field_same(a, d, "f", TEXTS));
}

static void an_object_that_is_no_elf_has_no_parts(void **state)
{
	autojson json_t *object = object_json("a\033.o", VIEW("\177ELF"));

	assert_string_equal(json_str_or(object, "path", ""), "a\\x1b.o");
	assert_int_equal(json_int_or(object, "size", -1), 4);
	assert_null(json_object_get(object, "sections"));
}

static void dtbs_are_not_asked_for_where_the_config_has_no_dtc(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;

	needs_sandbox();
	home_make(&home);
	record = built(&home, "x86", "CONFIG_PCI=y\n"); /* the tree's dtbs target fails there */
	assert_verdict(&home, record, "pass");
}

static void two_homes_give_the_same_bytes(void **state)
{
	autohome struct home a = { 0 }, b = { 0 };
	autojson json_t *first = NULL, *second = NULL;
	static const char *const names[] = { "image", "vmlinux", "System.map", "objects", "config" };

	needs_sandbox();
	home_make(&a);
	home_make(&b);
	first = built(&a, "x86", "CONFIG_PCI=y\n");
	second = built(&b, "x86", "CONFIG_PCI=y\n");
	for (size_t i = 0; i < countof(names); i++)
		assert_string_equal(record_artefact(first, names[i]), record_artefact(second, names[i]));
	assert_string_equal(json_str_or(first, "build_id", "a"), json_str_or(second, "build_id", "b"));
}

static void compile_errors_are_the_verdict_fail(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *broken = NULL, *unlinked = NULL;

	needs_sandbox();
	home_make(&home);
	broken = built(&home, "x86", "CONFIG_EMBEDDED=y\nCONFIG_BROKEN_BUILD=y\nCONFIG_NOISY_BUILD=y\n");
	assert_verdict(&home, broken, "fail");
	assert_reason(broken, "drivers/broken.c:5:");
	assert_int_equal(json_int_or(broken, "errors", -1), 1);
	assert_true(json_int_or(broken, "warnings", -1) >= 1);
	assert_int_equal(json_array_size(json_object_get(broken, "first_errors")), 1);
	assert_null(record_artefact(broken, "image"));
	assert_non_null(record_artefact(broken, "config"));
	unlinked = built(&home, "x86", "CONFIG_EMBEDDED=y\nCONFIG_BROKEN_LINK=y\n");
	assert_verdict(&home, unlinked, "fail");
	assert_reason(unlinked, "nowhere_defined");
}

static void options_reach_make(void **state)
{
	static const char *const bad[] = { "--eval=x", "O=/etc", "mrproper", "ARCH=z", "=1", "1A=2", "CC=true", "W" };
	autohome struct home home = { 0 };
	autojson json_t *config = NULL, *plain = NULL, *loud = NULL;
	json_t *spec;

	needs_sandbox();
	home_make(&home);
	config = configured(&home, "x86", "allnoconfig", "CONFIG_EMBEDDED=y\nCONFIG_NOISY_BUILD=y\n");
	plain = run(&home, build_spec(&home, "x86", record_artefact(config, "config")));
	spec = build_spec(&home, "x86", record_artefact(config, "config"));
	json_array_append_new(json_object_get(spec, "options"), json_string("W=1"));
	loud = run(&home, spec);
	assert_verdict(&home, loud, "pass");
	assert_int_equal(json_int_or(plain, "warnings", -1), 2);
	assert_int_equal(json_int_or(loud, "warnings", -1), 3);
	for (size_t i = 0; i < countof(bad); i++) {
		spec = build_spec(&home, "x86", record_artefact(config, "config"));
		json_array_append_new(json_object_get(spec, "options"), json_string(bad[i]));
		run_refused(&home, spec, "no option of a build");
	}
}

static void faults_of_the_machine_are_infra(void **state)
{
	static const struct {
		const char *fragment, *reason;
	} faults[] = {
		{ "CONFIG_EMBEDDED=y\nCONFIG_KILLED_COMPILER=y\n", "Killed signal terminated program cc1" },
		{ "CONFIG_EMBEDDED=y\nCONFIG_MISSING_PROGRAM=y\n", "no-such-program-of-the-host" },
		{ "CONFIG_EMBEDDED=y\nCONFIG_FULL_DISK=y\n", "No space left on device" },
	};
	autohome struct home home = { 0 };

	needs_sandbox();
	home_make(&home);
	for (size_t i = 0; i < countof(faults); i++) {
		autojson json_t *record = built(&home, "x86", faults[i].fragment);

		assert_verdict(&home, record, "infra");
		assert_reason(record, faults[i].reason);
		assert_non_null(record_artefact(record, "log"));
	}
}

static void another_compiler_than_the_requests_is_infra(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;
	json_t *tools;

	needs_sandbox();
	home_make(&home);
	tools = json_object_get(home.toolchain, "tools");
	json_object_set_new(json_array_get(tools, 0), "digest", json_string("0"));
	record = run(&home, configure_spec(&home, "x86", "defconfig", NULL));
	assert_verdict(&home, record, "infra");
	assert_reason(record, "is not the one of the request");
}

static void builds_share_a_jobserver(void **state)
{
	autohome struct home home = { 0 };
	autojson json_t *record = NULL;
	autobuf struct buf log = { 0 };
	char tokens[16];

	needs_sandbox();
	home_make(&home);
	assert_int_equal(pipe2(home.jobserver, O_CLOEXEC), 0);
	assert_int_equal(write(home.jobserver[1], "+++", 3), 3);
	record = built(&home, "x86", "CONFIG_EMBEDDED=y\nCONFIG_NOISY_BUILD=y\n");
	assert_verdict(&home, record, "pass");
	artefact_read(&home, record, "log", &log);
	assert_null(strstr(log.data, "jobserver"));
	assert_null(strstr(log.data, " -j"));
	assert_int_equal(read(home.jobserver[0], tokens, sizeof(tokens)), 3); /* all came back */
	close(home.jobserver[0]);
	close(home.jobserver[1]);
}

static json_t *warm_spec(const struct home *home, const char *dir, const char *config)
{
	json_t *spec = build_spec(home, "x86", config);

	json_object_del(spec, "source");
	json_object_set_new(spec, "kind", json_string("build-warm"));
	json_object_set_new(spec, "warm", json_pack("{s:s}", "dir", dir));
	return spec;
}

static bool log_says(const struct home *home, const json_t *record, const char *text)
{
	autobuf struct buf log = { 0 };

	artefact_read(home, record, "log", &log);
	return strstr(log.data, text) != NULL;
}

static void warm_builds_keep_their_objects(void **state)
{
	autohome struct home home = { 0 };
	autofree char *tree = tests_path("fake-kernel"), *dirty = NULL, *config_file = NULL, *makefile = NULL;
	autojson json_t *config = NULL, *first = NULL, *second = NULL;
	struct err err = { 0 };

	needs_sandbox();
	home_make(&home);
	config = configured(&home, "x86", "allnoconfig", NULL);
	first = run(&home, warm_spec(&home, tree, record_artefact(config, "config")));
	second = run(&home, warm_spec(&home, tree, record_artefact(config, "config")));
	assert_verdict(&home, second, "pass");
	assert_true(json_is_true(json_object_get(second, "warm")));
	assert_true(log_says(&home, first, "CC      init/main.o"));
	assert_false(log_says(&home, second, "CC      init/main.o"));
	dirty = fs_join(home.dir, "dirty");
	config_file = fs_join(dirty, ".config");
	makefile = fs_join(dirty, "Makefile");
	assert_int_equal(fs_mkdirs(AT_FDCWD, dirty, 0755, &err), 0);
	run_refused(&home, warm_spec(&home, dirty, record_artefact(config, "config")), "no kernel source");
	assert_int_equal(fs_write(AT_FDCWD, makefile, "", 0, 0644, &err), 0);
	assert_int_equal(fs_write(AT_FDCWD, config_file, "", 0, 0644, &err), 0);
	run_refused(&home, warm_spec(&home, dirty, record_artefact(config, "config")), "mrproper");
	run_refused(&home, warm_spec(&home, "relative", record_artefact(config, "config")), "absolute");
}

/* "objects": where builds of any config share theirs. */
static json_t *shared_spec(const struct home *home, const char *dir, const char *config, const char *objects)
{
	json_t *spec = warm_spec(home, dir, config);

	json_object_set_new(json_object_get(spec, "warm"), "objects", json_string(objects));
	return spec;
}

static void configs_may_share_their_objects(void **state)
{
	autohome struct home home = { 0 };
	autofree char *tree = tests_path("fake-kernel"), *objects = NULL;
	autojson json_t *none = NULL, *all = NULL, *first = NULL, *second = NULL, *clean = NULL;

	needs_sandbox();
	home_make(&home);
	none = configured(&home, "x86", "allnoconfig", NULL);
	all = configured(&home, "x86", "allyesconfig", NULL);
	first = run(&home, shared_spec(&home, tree, record_artefact(none, "config"), "some/objects"));
	second = run(&home, shared_spec(&home, tree, record_artefact(all, "config"), "some/objects"));
	clean = run(&home, build_spec(&home, "x86", record_artefact(all, "config")));
	assert_verdict(&home, second, "pass");
	assert_verdict(&home, first, "pass");
	assert_string_equal(record_artefact(second, "config"), record_artefact(clean, "config"));
	assert_string_equal(record_artefact(second, "image"), record_artefact(clean, "image"));
	objects = fs_join(home.dir, "some/objects/init");
	assert_true(fs_exists(AT_FDCWD, objects));
	run_refused(&home, shared_spec(&home, tree, record_artefact(none, "config"), "../out"), "below Kiln's home");
	run_refused(&home, shared_spec(&home, tree, record_artefact(none, "config"), "/tmp"), "below Kiln's home");
}

static void the_sample_is_what_every_kernel_compiles(void **state)
{
	static const char makefile[] = "obj-y     = fork.o exec_domain.o \\\n"
				       "\t    panic.o $(gone).o sub/dir.o\n"
				       "obj-$(CONFIG_X) += not.o\n"
				       "lib-y := sort.o\n"
				       "obj-y += last.o";
	static const char *const want[] = { "k/fork.o", "k/exec_domain.o", "k/panic.o", "k/sort.o", "k/last.o" };
	string_vec objects = { 0 };

	sample_parse(view_of(makefile), "k", &objects);
	assert_int_equal(objects.n, countof(want));
	for (size_t i = 0; i < countof(want); i++)
		assert_string_equal(objects.data[i], want[i]);
	string_vec_free(&objects);
}

static void compilers_are_asked_in_their_own_words(void **state)
{
	autobuf struct buf gcc = { 0 }, clang = { 0 }, native = { 0 };

	answers_command(1, "gcc", "one-linux-", &gcc);
	answers_command(1, "clang", "one-linux-", &clang);
	answers_command(0, "clang", "", &native);
	assert_string_equal(gcc.data, "one-linux-gcc -Q --help=target");
	assert_string_equal(clang.data, "clang --target=one-linux -O0 -dM -E -x c /dev/null");
	assert_string_equal(native.data, "clang -v");
	assert_string_equal(answers_name(1), "options");
}

static size_t forbidden(size_t i, const char *a, const char *b, const json_t *allowed, const char *want)
{
	autojson json_t *differences = json_array();
	size_t n = answers_compare(i, view_of(a), view_of(b), allowed, differences);
	autofree char *got = json_dumps(differences, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(got, want);
	return n;
}

static void answers_are_compared(void **state)
{
	static const char of_layer[] = "Debian clang version 19.1.7\nTarget: one\nInstalledDir: /kiln/native/bin\n";
	static const char of_root[] = "Debian clang version 19.1.7\nTarget: one\nInstalledDir: /usr/bin\n";
	static const char older[] = "Debian clang version 19.1.6\nTarget: one\n";
	autojson json_t *none = json_array(), *version = json_pack("[s]", "version");

	assert_int_equal(forbidden(0, of_layer, of_root, none, "[]"), 0);
	assert_int_equal(forbidden(0, of_layer, older, version,
				   "[{\"allowed\":true,\"reference\":\"Debian clang version 19.1.6\",\"toolchain\":"
				   "\"Debian clang version 19.1.7\",\"what\":\"version\"}]"),
			 0);
	assert_int_equal(forbidden(1, "#define A 1\n", "#define A 2\n", version,
				   "[{\"allowed\":false,\"reference\":\"#define A 2\",\"toolchain\":\"#define A 1\","
				   "\"what\":\"options\"}]"),
			 1);
	assert_int_equal(
		forbidden(2, "a\nb", "a", none,
			  "[{\"allowed\":false,\"reference\":\"\",\"toolchain\":\"b\",\"what\":\"optimizers\"}]"),
		1);
}

static void a_sample_of_no_kernel_is_refused(void **state)
{
	string_vec objects = { 0 };
	struct err err = { 0 };

	assert_int_equal(sample_draw("/dev", 8, &objects, &err), -1);
	assert_int_equal(err.class, ERR_USER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_are_counted_as_their_golden_files_say),
		cmocka_unit_test(log_copy_is_bounded_and_says_so),
		cmocka_unit_test(endless_line_takes_no_memory),
		cmocka_unit_test(only_the_first_errors_are_kept),
		cmocka_unit_test(last_setting_of_a_symbol_stands),
		cmocka_unit_test(a_line_that_sets_nothing_is_refused),
		cmocka_unit_test(the_sample_is_what_every_kernel_compiles),
		cmocka_unit_test(compilers_are_asked_in_their_own_words),
		cmocka_unit_test(answers_are_compared),
		cmocka_unit_test(a_sample_of_no_kernel_is_refused),
		cmocka_unit_test(what_is_no_elf_has_no_build_id),
		cmocka_unit_test(second_look_at_a_toolchain_starts_nothing),
		cmocka_unit_test(missing_compiler_is_named_with_its_package),
		cmocka_unit_test(allnoconfig_takes_fragments_and_says_what_was_dropped),
		cmocka_unit_test(tinyconfig_honours_fragments),
		cmocka_unit_test(defconfig_is_merged_and_completed),
		cmocka_unit_test(randconfig_follows_its_seed),
		cmocka_unit_test(a_given_file_is_completed),
		cmocka_unit_test(unknown_targets_are_verdicts),
		cmocka_unit_test(wrong_specs_are_refused),
		cmocka_unit_test(a_build_leaves_its_artefacts),
		cmocka_unit_test(a_build_lists_its_objects),
		cmocka_unit_test(a_function_that_moved_has_its_digest),
		cmocka_unit_test(an_object_that_is_no_elf_has_no_parts),
		cmocka_unit_test(dtbs_are_not_asked_for_where_the_config_has_no_dtc),
		cmocka_unit_test(two_homes_give_the_same_bytes),
		cmocka_unit_test(compile_errors_are_the_verdict_fail),
		cmocka_unit_test(options_reach_make),
		cmocka_unit_test(faults_of_the_machine_are_infra),
		cmocka_unit_test(another_compiler_than_the_requests_is_infra),
		cmocka_unit_test(builds_share_a_jobserver),
		cmocka_unit_test(warm_builds_keep_their_objects),
		cmocka_unit_test(configs_may_share_their_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
