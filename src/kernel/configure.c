#define _GNU_SOURCE
#include "kernel/kernel.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "kconfig/kconfig.h"
#include "kernel/hostprogs.h"
#include "kernel/make.h"
#include "kernel/release.h"
#include "kernel/settings.h"
#include "kernel/spec.h"
#include "kernel/toolchain.h"

#include <fcntl.h>
#include <string.h>

#define CONFIG_MAX (16u << 20) /* bytes; an allyesconfig has 0.3 MB */

/* How the fragments reach the config. */
enum manner {
	BY_ALLCONFIG, /* conf reads them as it makes the config: nothing that they rule out is ever on */
	BY_MERGE,     /* put over the finished config, then one olddefconfig */
};

static const struct {
	const char *name, *make;
	enum manner manner;
} targets[] = {
	{ "allnoconfig", "allnoconfig", BY_ALLCONFIG },
	{ "allmodconfig", "allmodconfig", BY_ALLCONFIG },
	{ "allyesconfig", "allyesconfig", BY_ALLCONFIG },
	{ "randconfig", "randconfig", BY_ALLCONFIG },
	/* Kbuild's tinyconfig sets KCONFIG_ALLCONFIG itself, so ours would be lost; what it does is allnoconfig
	 * with these files (the same bytes, checked with 6.1 on two architectures). */
	{ "tinyconfig", "allnoconfig", BY_ALLCONFIG },
};

/* What the target tinyconfig takes, where the source has it. */
static const char *const tiny_files[] = {
	"kernel/configs/tiny-base.config",
	"kernel/configs/tiny.config",
};

struct configuring {
	struct step *step;
	struct spec_arch arch;
	const json_t *toolchain;
	const char *target; /* the spec's */
	const char *goal;   /* make's; NULL: the config is given as a file */
	enum manner manner;
	const json_t *fragments;
	int64_t seed;
	bool has_seed;
	const char *probability;  /* of a randconfig, or NULL */
	char *src, *out, *config; /* OUT/.config */
	struct buildlog log;
	double cpu_seconds;
};

static void configuring_free(struct configuring *c)
{
	free(c->src);
	free(c->out);
	free(c->config);
	buildlog_free(&c->log);
}

static int target_choose(struct configuring *c, struct err *err)
{
	c->goal = c->target;
	c->manner = BY_MERGE;
	if (strcmp(c->target, "file") == 0) {
		c->goal = NULL;
		return 0;
	}
	if (spec_word("target", c->target, err) < 0)
		return -1;
	for (size_t i = 0; i < countof(targets); i++) {
		if (strcmp(targets[i].name, c->target) != 0)
			continue;
		c->goal = targets[i].make;
		c->manner = targets[i].manner;
	}
	if (!str_ends(c->target, "config"))
		return err_user(err, "target: \"%s\" makes no config; it must be file or end in \"config\"", c->target);
	if (strcmp(c->target, "randconfig") == 0 && !c->has_seed)
		return err_user(err, "a randconfig needs a seed");
	return c->probability ? probability_check(c->probability, err) : 0;
}

static int configuring_read(struct step *step, struct configuring *c, struct err *err)
{
	json_t *config = NULL, *toolchain = NULL;

	if (spec_arch(step->spec, &c->arch, err) < 0 || json_field_obj(step->spec, "config", &config, err) < 0 ||
	    json_field_obj(step->spec, "toolchain", &toolchain, err) < 0)
		return -1;
	c->step = step;
	c->toolchain = toolchain;
	c->fragments = json_object_get(config, "fragments");
	c->has_seed = json_is_integer(json_object_get(config, "seed"));
	c->seed = json_int_or(config, "seed", 0);
	c->probability = json_str_or(config, "probability", NULL);
	if (json_field_str(config, "target", &c->target, err) < 0 || target_choose(c, err) < 0)
		return err_wrap(err, "config");
	if (spec_source(step, &c->src, err) < 0)
		return -1;
	c->out = fs_join(step->work, "out");
	c->config = fs_join(c->out, ".config");
	return fs_mkdirs(AT_FDCWD, c->out, 0755, err);
}

static int fragments_add(struct settings *s, const json_t *fragments, struct err *err)
{
	json_t *fragment;
	size_t i;

	json_array_foreach (fragments, i, fragment) {
		const char *name = NULL, *text = NULL;

		if (json_field_str(fragment, "name", &name, err) < 0 ||
		    json_field_str(fragment, "text", &text, err) < 0)
			return err_wrap(err, "fragment");
		if (settings_add(s, name, view_of(text), err) < 0)
			return -1;
	}
	return 0;
}

/* The fragments alone, merged. */
static int requested(const struct configuring *c, struct buf *out, struct err *err)
{
	__attribute__((cleanup(settings_free))) struct settings s = { 0 };

	if (fragments_add(&s, c->fragments, err) < 0)
		return -1;
	settings_print(&s, out);
	return 0;
}

/* Those base files that are there, then the fragments, into PATH. */
static int merge_into(const struct configuring *c, const char *const *files, size_t n, const char *path,
		      struct err *err)
{
	__attribute__((cleanup(settings_free))) struct settings s = { 0 };
	autobuf struct buf all = { 0 }, out = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (fs_exists(AT_FDCWD, files[i]) && fs_read(AT_FDCWD, files[i], CONFIG_MAX, &all, err) < 0)
			return -1;
		buf_addc(&all, '\n');
	}
	if (settings_add(&s, c->target, (struct view){ all.data ? all.data : "", all.n }, err) < 0 ||
	    fragments_add(&s, c->fragments, err) < 0)
		return -1;
	settings_print(&s, &out);
	return fs_write(AT_FDCWD, path, out.data ? out.data : "", out.n, 0644, err);
}

static int goal_make(struct configuring *c, const char *goal, const char *allconfig, bool *passed, struct err *err)
{
	const char *const goals[] = { goal, NULL };
	const struct make make = {
		.src = c->src,
		.out = c->out,
		.arch = c->arch.kernel,
		.toolchain = c->toolchain,
		.allconfig = allconfig,
		.seed = c->seed,
		.has_seed = c->has_seed,
		.probability = c->probability,
		.targets = goals,
	};

	return make_run(c->step, &make, &c->log, passed, &c->cpu_seconds, err);
}

static int make_by_allconfig(struct configuring *c, bool *passed, struct err *err)
{
	autofree char *path = fs_join(c->step->work, "allconfig"), *base = NULL, *tiny = NULL, *own = NULL;
	const char *files[3];
	size_t n = 0;

	if (strcmp(c->target, c->goal) != 0) { /* tinyconfig */
		base = fs_join(c->src, tiny_files[0]);
		tiny = fs_join(c->src, tiny_files[1]);
		own = mem_printf("%s/arch/%s/configs/tiny.config", c->src, c->arch.srcarch);
		files[n++] = base;
		files[n++] = tiny;
		files[n++] = own;
		if (!fs_exists(AT_FDCWD, tiny)) { /* before 3.17: let make say that it has no such target */
			c->goal = c->target;
			n = 0;
		}
	}
	if (merge_into(c, files, n, path, err) < 0)
		return -1;
	return goal_make(c, c->goal, path, passed, err);
}

static int make_by_merge(struct configuring *c, bool *passed, struct err *err)
{
	const char *files[] = { c->config };

	*passed = true;
	if (c->goal && goal_make(c, c->goal, NULL, passed, err) < 0)
		return -1;
	if (!*passed || (c->goal && json_array_size(c->fragments) == 0))
		return 0;
	if (merge_into(c, files, 1, c->config, err) < 0)
		return -1;
	return goal_make(c, "olddefconfig", NULL, passed, err);
}

/* The given .config into place. */
static int file_checkout(struct configuring *c, struct err *err)
{
	__attribute__((cleanup(buf_free))) struct buf text = { 0 };
	const char *digest = NULL;

	if (spec_digest(json_object_get(c->step->spec, "config"), "file", &digest, err) < 0 ||
	    depot_get(c->step->depot, digest, &text, err) < 0)
		return -1;
	return fs_write(AT_FDCWD, c->config, text.data ? text.data : "", text.n, 0644, err);
}

/* A target that this source does not have shows as a defconfig that conf cannot open, or as a rule that make
 * does not find. */
static void fail(struct configuring *c)
{
	const char *reason = buildlog_reason(&c->log);
	autofree char *better = NULL;

	if (reason && (strstr(reason, "Can't find default configuration") ||
		       (strstr(reason, "No rule to make target") && c->goal && strstr(reason, c->goal))))
		better = mem_printf("this source has no %s for ARCH=%s", c->target, c->arch.kernel);
	step_verdict(c->step, VERDICT_FAIL, better ? better : reason ? reason : "make failed without a word");
}

/* What came of it: release, dropped options, artefact. */
static int result_read(struct configuring *c, struct err *err)
{
	struct kconfig *final = NULL;
	autobuf struct buf wanted = { 0 };
	autofree char *release = NULL;
	json_t *dropped = NULL;
	int status = -1;

	if (kconfig_read(AT_FDCWD, c->config, &final, err) < 0)
		return -1;
	if (requested(c, &wanted, err) == 0 && release_of(c->src, final, &release, err) == 0 &&
	    kconfig_dropped((struct view){ wanted.data ? wanted.data : "", wanted.n }, final, c->src, c->arch.srcarch,
			    &dropped, err) == 0)
		status = step_artefact(c->step, "config", c->config, err);
	kconfig_free(final);
	json_object_set_new(c->step->record, "dropped", dropped ? dropped : json_array());
	if (status == 0)
		json_object_set_new(c->step->record, "release", json_text(view_of(release)));
	return status;
}

static int configure(struct configuring *c, struct err *err)
{
	bool laid = hostprogs_lay(c->step, c->toolchain, c->out), passed = false;

	if (!c->goal && file_checkout(c, err) < 0)
		return -1;
	if ((c->manner == BY_ALLCONFIG ? make_by_allconfig(c, &passed, err) : make_by_merge(c, &passed, err)) < 0)
		return -1;
	json_object_set_new(c->step->record, "cpu_seconds", json_real(c->cpu_seconds));
	if (!passed) {
		fail(c);
		return 0;
	}
	/* Where something was warned of, it may have been by their compiler: then it is said each time. */
	if (!laid && c->log.warnings == 0)
		hostprogs_keep(c->step, c->toolchain, c->out);
	if (result_read(c, err) < 0)
		return -1;
	step_verdict(c->step, VERDICT_PASS, NULL);
	return 0;
}

int kernel_configure_step(struct step *step, struct err *err)
{
	__attribute__((cleanup(configuring_free))) struct configuring c = { .log.fd = -1 };
	struct err ignored = { 0 };
	int status;

	if (configuring_read(step, &c, err) < 0 || toolchain_verify(step->home, c.toolchain, err) < 0 ||
	    make_log_open(step, &c.log, err) < 0)
		return -1;
	status = configure(&c, err);
	if (make_log_close(step, &c.log, status < 0 ? &ignored : err) < 0)
		return -1;
	return status;
}
