#define _GNU_SOURCE
#include "guest/guest.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/compile.h"
#include "cpio/cpio.h"
#include "kernel/kernel.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct init {
	const json_t *toolchain, *cflags, *suites;
	const char *sources; /* digest */
	char *src, *out, *log, *initrd;
	struct arena arena;                 /* the strings of the vectors */
	VEC(const char *) main, lib, tests; /* sources of guest-init, of all programs, of suites; paths below src */
};

static void init_free(struct init *init)
{
	free(init->src);
	free(init->out);
	free(init->log);
	free(init->initrd);
	vec_free(&init->main);
	vec_free(&init->lib);
	vec_free(&init->tests);
	arena_free(&init->arena);
}

/* Words that become file names. */
static bool is_word(const char *s)
{
	for (const char *c = s; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	return *s && *s != '-' && strlen(s) <= 64;
}

static int suite_check(const json_t *suite, const char **name, const char **program, struct err *err)
{
	if (json_field_str(suite, "name", name, err) < 0 || json_field_str(suite, "program", program, err) < 0)
		return err_wrap(err, "suite");
	if (!is_word(*name) || !is_word(*program))
		return err_user(err, "suite: name and program must be letters, digits, - and _");
	return 0;
}

static int spec_read(struct step *step, struct init *init, struct err *err)
{
	json_t *arch, *toolchain, *suites, *suite;
	const char *name, *program;
	size_t i;

	if (json_field_obj(step->spec, "arch", &arch, err) < 0 ||
	    json_field_obj(step->spec, "toolchain", &toolchain, err) < 0 ||
	    json_field_arr(step->spec, "suites", &suites, err) < 0 ||
	    json_field_str(step->spec, "sources", &init->sources, err) < 0)
		return err_wrap(err, "init step");
	json_array_foreach (suites, i, suite)
		if (suite_check(suite, &name, &program, err) < 0)
			return err_wrap(err, "init step");
	init->toolchain = toolchain;
	init->suites = suites;
	init->cflags = json_object_get(arch, "init_cflags");
	init->src = fs_join(step->work, "src");
	init->out = fs_join(step->work, "out");
	init->log = fs_join(step->work, "log");
	init->initrd = fs_join(step->work, "initrd");
	return 0;
}

/* guest-init is what stands at the top, lib/ belongs to every program, suite/NAME.c is one program. */
static void source_note(void *ctx, const char *path)
{
	struct init *init = ctx;
	const char *kept;

	if (!str_ends(path, ".c"))
		return;
	kept = arena_strdup(&init->arena, path);
	if (str_starts(path, "lib/"))
		*vec_push(&init->lib) = kept;
	else if (str_starts(path, "suite/"))
		*vec_push(&init->tests) = kept;
	else if (!strchr(path, '/'))
		*vec_push(&init->main) = kept;
}

static int sources_unpack(struct step *step, struct init *init, struct err *err)
{
	autobuf struct buf archive = { 0 };

	if (depot_get(step->depot, init->sources, &archive, err) < 0 || fs_mkdirs(AT_FDCWD, init->src, 0755, err) < 0 ||
	    fs_mkdirs(AT_FDCWD, init->out, 0755, err) < 0 ||
	    cpio_unpack(&archive, init->src, source_note, init, err) < 0)
		return err_wrap(err, "sources of guest-init");
	return 0;
}

static int program_make(const struct init *init, const char *name, const char *const *files, size_t n, struct err *err)
{
	const struct compile compile = { .toolchain = init->toolchain,
					 .cflags = init->cflags,
					 .src = init->src,
					 .out = init->out,
					 .program = name,
					 .log = init->log };
	struct compile c = compile;
	VEC(const char *) all = { 0 };
	int ret;

	for (size_t i = 0; i < n; i++)
		*vec_push(&all) = files[i];
	for (size_t i = 0; i < init->lib.n; i++)
		*vec_push(&all) = init->lib.data[i];
	*vec_push(&all) = NULL;
	c.files = all.data;
	ret = compile_run(&c, err);
	vec_free(&all);
	return ret;
}

static int suite_make(const struct init *init, const json_t *suite, struct err *err)
{
	const char *program = json_str_or(suite, "program", "");
	autofree char *source = mem_printf("suite/%s.c", program), *name = NULL;

	for (size_t i = 0; i < init->tests.n; i++)
		if (strcmp(init->tests.data[i], source) == 0) {
			name = mem_printf("suite-%s", json_str_or(suite, "name", ""));
			return program_make(init, name, (const char *const *)&source, 1, err);
		}
	return err_user(err, "suite %s: there is no %s among the sources of guest-init", json_str_or(suite, "name", ""),
			source);
}

static int programs_make(const struct init *init, struct err *err)
{
	json_t *suite;
	size_t i;

	if (program_make(init, "init", init->main.data, init->main.n, err) < 0)
		return -1;
	json_array_foreach ((json_t *)init->suites, i, suite)
		if (suite_make(init, suite, err) < 0)
			return -1;
	return 0;
}

/* The kernel opens /dev/console before the first process runs; the mount points stand ready for kernels whose
 * root cannot be written to. */
static int initrd_make(struct init *init, const char *program, struct err *err)
{
	static const struct cpio_entry fixed[] = {
		{ .path = "dev/console", .mode = S_IFCHR | 0600, .major = 5, .minor = 1 },
		{ .path = "dev/null", .mode = S_IFCHR | 0666, .major = 1, .minor = 3 },
		{ .path = "proc", .mode = S_IFDIR | 0555 },
		{ .path = "sys", .mode = S_IFDIR | 0555 },
	};
	VEC(struct cpio_entry) entries = { 0 };
	json_t *suite;
	size_t i;
	int ret;

	for (i = 0; i < countof(fixed); i++)
		*vec_push(&entries) = fixed[i];
	*vec_push(&entries) = (struct cpio_entry){ .path = "init", .mode = S_IFREG | 0755, .file = program };
	json_array_foreach ((json_t *)init->suites, i, suite) {
		const char *name = json_str_or(suite, "name", "");

		*vec_push(&entries) = (struct cpio_entry){
			.path = arena_printf(&init->arena, "suite/%s", name),
			.mode = S_IFREG | 0755,
			.file = arena_printf(&init->arena, "%s/suite-%s", init->out, name),
		};
	}
	ret = cpio_initramfs_write(entries.data, entries.n, init->initrd, err);
	vec_free(&entries);
	return ret;
}

static int firmware_make(struct step *step, struct init *init, const char *name, const json_t *firmware,
			 struct err *err)
{
	const char *program;
	autofree char *out = mem_printf("firmware-%s", name), *path = fs_join(init->out, out);
	autofree char *artefact = mem_printf("firmware/%s", name), *source = NULL;
	struct compile c = { .toolchain = init->toolchain,
			     .cflags = json_object_get(firmware, "cflags"),
			     .src = init->src,
			     .out = init->out,
			     .program = out,
			     .log = init->log };

	if (json_field_str(firmware, "program", &program, err) < 0)
		return err_wrap(err, "firmware");
	if (!is_word(name) || !is_word(program))
		return err_user(err, "firmware: name and program must be letters, digits, - and _");
	source = mem_printf("firmware/%s.c", program);
	c.files = (const char *const[]){ source, NULL };
	return compile_run(&c, err) < 0 ? -1 : step_artefact(step, artefact, path, err);
}

static int firmwares_make(struct step *step, struct init *init, struct err *err)
{
	const char *name;
	json_t *firmware;

	json_object_foreach (json_object_get(step->spec, "firmware"), name, firmware)
		if (firmware_make(step, init, name, firmware, err) < 0)
			return -1;
	return 0;
}

static bool tool_is_among(const json_t *tool, const json_t *tools)
{
	json_t *mine;
	size_t i;

	json_array_foreach ((json_t *)tools, i, mine)
		if (strcmp(json_str_or(mine, "name", ""), json_str_or(tool, "name", "")) == 0 &&
		    strcmp(json_str_or(mine, "digest", ""), json_str_or(tool, "digest", "")) == 0)
			return true;
	return false;
}

/* The programs of this machine must be those that the spec names: they decide the bytes. */
static int tools_check(const char *home, const json_t *toolchain, struct err *err)
{
	const char *compiler, *prefix;
	autojson json_t *here = NULL;
	json_t *tool;
	size_t i;

	if (json_field_str(toolchain, "compiler", &compiler, err) < 0 ||
	    json_field_str(toolchain, "prefix", &prefix, err) < 0)
		return err_wrap(err, "toolchain");
	if (toolchain_identify(home, compiler, prefix, NULL, &here, err) < 0) {
		err->class = ERR_INFRA; /* it was there where the spec was made */
		return -1;
	}
	json_array_foreach (json_object_get(toolchain, "tools"), i, tool)
		if (!tool_is_among(tool, here))
			return err_infra(err, 0, "%s of this machine is not the one of the request (%s)",
					 json_str_or(tool, "name", "?"), json_str_or(tool, "version", "?"));
	return 0;
}

static int init_make(struct step *step, struct init *init, struct err *err)
{
	autofree char *program = fs_join(init->out, "init");
	struct err ignored = { 0 };
	int ret;

	if (tools_check(step->home, init->toolchain, err) < 0 || sources_unpack(step, init, err) < 0)
		return -1;
	ret = programs_make(init, err);
	if (ret == 0)
		ret = firmwares_make(step, init, err);
	if (fs_exists(AT_FDCWD, init->log) && step_artefact(step, "log", init->log, ret ? &ignored : err) < 0)
		return -1;
	if (ret < 0 || initrd_make(init, program, err) < 0)
		return -1;
	return step_artefact(step, "init", program, err) < 0 || step_artefact(step, "initrd", init->initrd, err) < 0
		       ? -1
		       : 0;
}

int guest_init_step(struct step *step, struct err *err)
{
	CLEANUP(init_free) struct init init = { 0 };

	if (spec_read(step, &init, err) < 0 || init_make(step, &init, err) < 0)
		return -1;
	step_verdict(step, VERDICT_PASS, NULL);
	return 0;
}
