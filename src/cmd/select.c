#define _GNU_SOURCE
#include "cmd/select.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/follow.h"
#include "depot/depot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Small, so that it can be typed again. */
static int64_t seed_draw(void)
{
	unsigned drawn = 0;

	if (getrandom(&drawn, sizeof(drawn), 0) < 0)
		drawn = (unsigned)getpid();
	return 1 + drawn % 1000000;
}

static int random_check(struct selection *s, struct err *err)
{
	bool given = s->seed >= 0 || s->count > 0;

	if (s->count > SEED_COUNT_MAX)
		return err_user(err, "--count %lld: at most %d", (long long)s->count, SEED_COUNT_MAX);
	if (s->seed > SEED_MAX)
		return err_user(err, "--seed %lld: at most %lld", (long long)s->seed, SEED_MAX);
	if (s->probability && probability_check(s->probability, err) < 0)
		return -1;
	if (given && !s->count)
		s->count = 1;
	if (!given || s->seed >= 0)
		return 0;
	s->seed = seed_draw();
	fprintf(stderr, "kiln: the first seed is %lld: --seed %lld --count %lld makes the same configs again\n",
		(long long)s->seed, (long long)s->seed, (long long)s->count);
	return 0;
}

/* From --seed on, --count of them. Owned. */
static int64_t *seeds_make(const struct selection *s)
{
	int64_t *seeds = mem_alloc((size_t)(s->count + 1) * sizeof(*seeds));

	for (int64_t i = 0; i < s->count; i++)
		seeds[i] = s->seed + i;
	return seeds;
}

static int parse(struct selection *s, int *argc, char **argv, struct err *err)
{
	const struct option options[] = {
		{ "source", OPTION_STRING, &s->source },
		{ "arch", OPTION_LIST, &s->archs },
		{ "config", OPTION_LIST, &s->configs },
		{ "toolchain", OPTION_LIST, &s->toolchains },
		{ "root", OPTION_LIST, &s->roots },
		{ "board", OPTION_LIST, &s->boards },
		{ "runner", OPTION_LIST, &s->runners },
		{ "option", OPTION_LIST, &s->options },
		{ "jobs", OPTION_INT, &s->jobs },
		{ "home", OPTION_STRING, &s->home },
		{ "json", OPTION_FLAG, &s->json },
		{ "fallback", OPTION_FLAG, &s->fallback },
		{ "keep-going", OPTION_FLAG, &s->keep_going },
		{ "seed", OPTION_INT, &s->seed },
		{ "count", OPTION_INT, &s->count },
		{ "probability", OPTION_STRING, &s->probability },
		{ "cpus", OPTION_INT, &s->machine.cpus },
		{ "memory", OPTION_INT, &s->machine.memory_mb },
		{ "cpu", OPTION_STRING, &s->machine.cpu },
		{ "accel", OPTION_STRING, &s->machine.accel },
		{ "modules", OPTION_FLAG, &s->modules },
		{ "warm", OPTION_FLAG, &s->warm },
		{ "reuse-boots", OPTION_FLAG, &s->reuse_boots },
	};

	/* The last one is run's alone: a plan boots nothing. */
	if (options_parse(options, countof(options) - s->plan_only, argc, argv, err) < 0)
		return -1;
	if (*argc > 2)
		return err_user(err, "one matrix at a time: \"%s\" is one too many; see kiln %s --help", argv[2],
				argv[0]);
	if (s->jobs > 4096)
		return err_user(err, "--jobs %lld: at most 4096", (long long)s->jobs);
	return machine_check(&s->machine, err) < 0 ? -1 : random_check(s, err);
}

/* Without --source: the kernel tree that we stand in. */
static int default_source(struct selection *s, struct err *err)
{
	if (s->source)
		return 0;
	if (fs_exists(AT_FDCWD, "Kbuild") && fs_exists(AT_FDCWD, "Kconfig") && fs_exists(AT_FDCWD, "arch")) {
		s->source = ".";
		return 0;
	}
	return err_user(err, "no kernel source: stand in a kernel tree, or give one with --source: a directory, "
			     "DIRECTORY@REVISION, a tarball or deb:PACKAGE such as deb:linux-source-6.1");
}

static struct names names_of(const struct option_list *list)
{
	return (struct names){ list->data, list->n };
}

typedef VEC(struct plan_file_config) file_vec;

/* A config with a slash is a file of the user's; in the build's path it is named after its last part. */
static int file_configs(const struct selection *s, const char *home, file_vec *files, struct err *err)
{
	struct depot *depot = NULL;
	int status = 0;

	for (size_t i = 0; i < s->configs.n && status == 0; i++) {
		const char *path = s->configs.data[i], *base = strrchr(path, '/');
		char digest[HASH_HEX];
		int64_t size;

		if (!base)
			continue;
		if (!s->archs.n)
			status = err_user(err, "--config %s is a file: say with --arch which architecture it is for",
					  path);
		else if (!base[1])
			status = err_user(err, "--config %s: is a directory; name the file in it", path);
		else if (!depot && depot_open(home, &depot, err) < 0)
			status = -1;
		else
			status = depot_put_file(depot, path, digest, &size, err);
		if (status < 0)
			break;
		*vec_push(files) = (struct plan_file_config){
			.name = mem_strdup(base[1] == '.' && base[2] ? base + 2 : base + 1),
			.digest = mem_strdup(digest),
		};
		s->configs.data[i] = files->data[files->n - 1].name;
	}
	depot_free(depot);
	return status;
}

static int prepare(struct selection *s, int *argc, char **argv, const char **warm, struct err *err)
{
	if (parse(s, argc, argv, err) < 0 || default_source(s, err) < 0)
		return -1;
	if (!s->warm)
		return 0;
	*warm = realpath(s->source, NULL);
	if (!*warm)
		return err_user(err, "--warm builds a work tree in place: --source %s is no directory", s->source);
	return 0;
}

static void selection_free(struct selection *s)
{
	option_list_free(&s->archs);
	option_list_free(&s->configs);
	option_list_free(&s->toolchains);
	option_list_free(&s->roots);
	option_list_free(&s->boards);
	option_list_free(&s->runners);
	option_list_free(&s->options);
}

int selection_main(int argc, char **argv, bool plan_only)
{
	__attribute__((cleanup(selection_free))) struct selection s = { .plan_only = plan_only,
									.seed = -1,
									.machine = { .cpus = -1, .memory_mb = -1 } };
	autofree char *home = NULL, *data = data_path(), *config = config_path();
	autofree int64_t *seeds = NULL;
	const char *warm = NULL;
	struct err err = { 0 };
	file_vec files = { 0 };
	int status;

	if (prepare(&s, &argc, argv, &warm, &err) < 0)
		return fail(&err);
	home = home_path(s.home);
	seeds = seeds_make(&s);
	if (file_configs(&s, home, &files, &err) < 0) {
		status = fail(&err);
	} else {
		struct run_options run = {
			.home = home,
			.data = data,
			.config = config,
			.source = s.source,
			.plan = { .matrix = argc > 1 ? argv[1] : NULL,
				  .archs = names_of(&s.archs),
				  .configs = names_of(&s.configs),
				  .toolchains = names_of(&s.toolchains),
				  .boards = names_of(&s.boards),
				  .runners = names_of(&s.runners),
				  .roots = names_of(&s.roots),
				  .files = files.data,
				  .n_files = files.n,
				  .options = names_of(&s.options),
				  .seeds = { seeds, (size_t)s.count },
				  .probability = s.probability,
				  .warm = warm,
				  .machine = s.machine,
				  .modules = s.modules },
			.plan_only = plan_only,
			.reuse_boots = s.reuse_boots,
			.fallback = s.fallback,
			.keep_going = s.keep_going,
			.jobs = (int)s.jobs,
		};

		status = follow(&run, s.json, s.home);
	}
	for (size_t i = 0; i < files.n; i++) {
		free((char *)files.data[i].name);
		free((char *)files.data[i].digest);
	}
	vec_free(&files);
	free((char *)warm);
	return status;
}
