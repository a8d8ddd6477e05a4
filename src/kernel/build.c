#define _GNU_SOURCE
#include "kernel/kernel.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "kconfig/kconfig.h"
#include "kernel/collect.h"
#include "kernel/hostprogs.h"
#include "kernel/make.h"
#include "kernel/modules.h"
#include "kernel/spec.h"
#include "kernel/toolchain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct building {
	struct step *step;
	struct spec_arch arch;
	const json_t *toolchain;
	const char *config_digest;
	const char *image_target, *image_path;
	bool dtbs;    /* asked for, and the config has what makes them */
	bool modules; /* are built, too */
	bool warm;
	int lock; /* on the output directory of a warm build, or -1 */
	char *src, *out;
	struct kconfig *config;
	struct buildlog log;
	double cpu_seconds;
};

static void building_free(struct building *b)
{
	free(b->src);
	free(b->out);
	if (b->config)
		kconfig_free(b->config);
	if (b->lock >= 0)
		close(b->lock);
	buildlog_free(&b->log);
}

/* Relative, below its directory, without "..": it comes from a spec. */
static bool path_is_inside(const char *path)
{
	struct view rest = view_of(path);

	if (!*path || *path == '/')
		return false;
	while (rest.p) {
		struct view part = view_cut(&rest, '/');

		if (!part.n || view_is(part, "..") || view_is(part, "."))
			return false;
	}
	return true;
}

static int arch_read(struct building *b, struct err *err)
{
	json_t *arch = json_object_get(b->step->spec, "arch");

	if (spec_arch(b->step->spec, &b->arch, err) < 0)
		return -1;
	if (json_field_str(arch, "image_target", &b->image_target, err) < 0 ||
	    json_field_str(arch, "image_path", &b->image_path, err) < 0 ||
	    spec_word("image_target", b->image_target, err) < 0)
		return err_wrap(err, "arch");
	if (!path_is_inside(b->image_path))
		return err_user(err, "arch: image_path: \"%s\" must stay below the output directory", b->image_path);
	b->dtbs = json_bool_or(arch, "dtbs", false);
	b->modules = json_bool_or(b->step->spec, "modules", false);
	return 0;
}

/* Kbuild refuses an output directory of its own for a tree that was built in place; its three signs. */
static int warm_source_check(const struct building *b, struct err *err)
{
	autofree char *config = fs_join(b->src, ".config"), *include = fs_join(b->src, "include/config");
	autofree char *generated = mem_printf("%s/arch/%s/include/generated", b->src, b->arch.srcarch);
	autofree char *makefile = fs_join(b->src, "Makefile");

	if (!fs_exists(AT_FDCWD, makefile))
		return err_user(err, "%s is no kernel source: it has no Makefile", b->src);
	if (fs_exists(AT_FDCWD, config) || fs_exists(AT_FDCWD, include) || fs_exists(AT_FDCWD, generated))
		return err_user(err, "%s was built in place; run there: make ARCH=%s mrproper (keep its .config first)",
				b->src, b->arch.kernel);
	return 0;
}

/* HOME/warm/<digest>: the objects of earlier builds of the same tree, arch, config and toolchain. */
static char *warm_objects(const struct building *b, const char *dir)
{
	autojson json_t *identity =
		json_pack("{s:s, s:O, s:s, s:O}", "dir", dir, "arch", json_object_get(b->step->spec, "arch"), "config",
			  b->config_digest, "toolchain", b->toolchain);
	char key[HASH_HEX];

	json_digest(identity, key);
	return mem_printf("%s/warm/%s", b->step->home, key);
}

static int warm_open(struct building *b, json_t *warm, struct err *err)
{
	const char *dir = NULL, *objects = json_str_or(warm, "objects", NULL);
	autofree char *lock = NULL;

	if (json_field_str(warm, "dir", &dir, err) < 0)
		return err_wrap(err, "warm");
	if (*dir != '/')
		return err_user(err, "warm: dir: \"%s\" must be absolute", dir);
	if (objects && !path_is_inside(objects))
		return err_user(err, "warm: objects: \"%s\" must stay below Kiln's home", objects);
	b->src = mem_strdup(dir);
	b->warm = true;
	if (warm_source_check(b, err) < 0)
		return -1;
	b->out = objects ? fs_join(b->step->home, objects) : warm_objects(b, dir);
	lock = mem_printf("%s.lock", b->out);
	if (fs_mkdirs(AT_FDCWD, b->out, 0755, err) < 0)
		return -1;
	return fs_lock(AT_FDCWD, lock, true, &b->lock, err);
}

static int building_read(struct step *step, struct building *b, struct err *err)
{
	json_t *warm = json_object_get(step->spec, "warm"), *toolchain = NULL;

	b->step = step;
	if (arch_read(b, err) < 0 || json_field_obj(step->spec, "toolchain", &toolchain, err) < 0 ||
	    spec_digest(step->spec, "config", &b->config_digest, err) < 0)
		return -1;
	b->toolchain = toolchain;
	if (warm)
		return warm_open(b, warm, err);
	if (spec_source(step, &b->src, err) < 0)
		return -1;
	b->out = fs_join(step->work, "out");
	return fs_mkdirs(AT_FDCWD, b->out, 0755, err);
}

/* Whether the file says this already. */
static bool has_text(const char *path, const struct buf *text)
{
	autobuf struct buf there = { 0 };
	struct err ignored = { 0 };

	return fs_exists(AT_FDCWD, path) && fs_read(AT_FDCWD, path, text->n + 1, &there, &ignored) == 0 &&
	       view_eq((struct view){ there.data, there.n }, (struct view){ text->data, text->n });
}

/* The config into place. What says the same keeps its date: to make it is the same config. */
static int config_place(struct building *b, struct err *err)
{
	autobuf struct buf text = { 0 };
	autofree char *path = fs_join(b->out, ".config");
	const struct kconfig_value *dtc;

	if (depot_get(b->step->depot, b->config_digest, &text, err) < 0)
		return -1;
	if (kconfig_parse((struct view){ text.data ? text.data : "", text.n }, &b->config, err) < 0)
		return err_wrap(err, "config");
	/* Without OF the tree has the target dtbs and no dtc to make them with. */
	dtc = kconfig_get(b->config, VIEW("DTC"));
	b->dtbs = b->dtbs && dtc && dtc->type == KCONFIG_YES;
	if (has_text(path, &text))
		return 0;
	return fs_write(AT_FDCWD, path, text.data ? text.data : "", text.n, 0644, err);
}

/* What puts new random bytes into each build, by Documentation/kbuild/reproducible-builds.rst. */
static void unreproducible_note(const struct building *b)
{
	static const struct {
		struct view symbol;
		const char *why;
	} random[] = {
		{ VIEW("MODULE_SIG"), "MODULE_SIG: the build makes a signing key of its own" },
		{ VIEW("RANDSTRUCT"), "RANDSTRUCT: the build draws a seed of its own" },
		{ VIEW("GCC_PLUGIN_RANDSTRUCT"), "GCC_PLUGIN_RANDSTRUCT: the build draws a seed of its own" },
		{ VIEW("GCC_PLUGIN_LATENT_ENTROPY"), "GCC_PLUGIN_LATENT_ENTROPY: the compiler draws random numbers" },
	};
	autojson json_t *reasons = json_array();

	for (size_t i = 0; i < countof(random); i++)
		if (kconfig_get(b->config, random[i].symbol))
			json_array_append_new(reasons, json_string(random[i].why));
	if (json_array_size(reasons))
		json_object_set(b->step->record, "unreproducible", reasons);
}

static int make_goals(struct building *b, const char *const *goals, const json_t *options, bool *passed,
		      struct err *err)
{
	const struct make make = {
		.src = b->src,
		.out = b->out,
		.arch = b->arch.kernel,
		.toolchain = b->toolchain,
		.options = options,
		.targets = goals,
	};

	return make_run(b->step, &make, &b->log, passed, &b->cpu_seconds, err);
}

#define MODULES_STAGE "kiln-modules"

/* Stripped of what only a debugger reads; their list of dependencies is made later, so that no depmod of the host
 * decides the bytes. */
static int modules_install(struct building *b, bool *passed, struct err *err)
{
	static const char *const goals[] = { "modules_install", NULL };
	autofree char *stage = fs_join(b->out, MODULES_STAGE);
	json_t *given = json_object_get(b->step->spec, "options");
	autojson json_t *options = given ? json_copy(given) : json_array();

	if (fs_exists(AT_FDCWD, stage) && fs_remove(AT_FDCWD, stage, err) < 0)
		return -1;
	json_array_append_new(options, json_string("INSTALL_MOD_PATH=/kiln/out/" MODULES_STAGE));
	json_array_append_new(options, json_string("INSTALL_MOD_STRIP=1"));
	json_array_append_new(options, json_string("DEPMOD=true"));
	return make_goals(b, goals, options, passed, err);
}

static int run(struct building *b, bool *passed, struct err *err)
{
	const char *goals[4] = { b->image_target };
	size_t n = 1;

	if (b->dtbs)
		goals[n++] = "dtbs";
	if (b->modules)
		goals[n++] = "modules";
	if (make_goals(b, goals, json_object_get(b->step->spec, "options"), passed, err) < 0)
		return -1;
	return b->modules && *passed ? modules_install(b, passed, err) : 0;
}

static int collect_all(struct building *b, struct err *err)
{
	autofree char *stage = fs_join(b->out, MODULES_STAGE);

	if (collect(b->step, b->out, b->image_path, b->arch.srcarch, b->dtbs, err) < 0)
		return -1;
	return b->modules ? modules_collect(b->step, stage, err) : 0;
}

static void counts_note(const struct building *b, int64_t started_ms)
{
	json_t *record = b->step->record, *first = json_array();

	for (size_t i = 0; i < b->log.first_errors.n; i++)
		json_array_append_new(first, json_string(b->log.first_errors.data[i]));
	json_object_set_new(record, "warnings", json_integer(b->log.warnings));
	json_object_set_new(record, "errors", json_integer(b->log.errors));
	json_object_set_new(record, "first_errors", first);
	json_object_set_new(record, "cpu_seconds", json_real(b->cpu_seconds));
	json_object_set_new(record, "seconds", json_real((double)(clock_ms() - started_ms) / 1000));
	if (b->warm)
		json_object_set_new(record, "warm", json_true());
}

static int build(struct building *b, struct err *err)
{
	int64_t started = clock_ms();
	bool passed = false;

	if (!b->warm)
		hostprogs_lay(b->step, b->toolchain, b->out);
	if (config_place(b, err) < 0 || run(b, &passed, err) < 0)
		return -1;
	counts_note(b, started);
	unreproducible_note(b);
	if (passed)
		return collect_all(b, err);
	step_verdict(b->step, VERDICT_FAIL,
		     buildlog_reason(&b->log) ? buildlog_reason(&b->log) : "make failed without a word");
	return collect_config(b->step, b->out, err);
}

int kernel_build_step(struct step *step, struct err *err)
{
	__attribute__((cleanup(building_free))) struct building b = { .log.fd = -1, .lock = -1 };
	struct err ignored = { 0 };
	int status;

	if (building_read(step, &b, err) < 0 || toolchain_verify(step->home, b.toolchain, err) < 0 ||
	    make_log_open(step, &b.log, err) < 0)
		return -1;
	status = build(&b, err);
	if (make_log_close(step, &b.log, status < 0 ? &ignored : err) < 0)
		return -1;
	return status;
}
