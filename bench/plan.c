/* Growth of planning: a catalogue made up in memory is expanded, and each cell is asked for its next steps until
 * it has none. bench-plan [STEPS...] prints a line a size: steps, cells, CPU seconds, microseconds a step, peak MB.
 * The second figure of time has each step's spec and key too, which a run makes one at a time as it submits. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/hash.h"
#include "plan/plan.h"
#include "step/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of the boards of an arch two match, the others each miss one requirement. */
enum { BOARDS = 4, MATCHING = 2, STEPS_OF_CELL = 3 + MATCHING, SYMBOLS = 1500, ROUNDS = 5 };

struct size {
	size_t steps, archs, configs;
};
static const struct size sizes[] = {
	{ 1000, 10, 20 },
	{ 10000, 20, 100 },
	{ 100000, 40, 500 },
	{ 1000000, 80, 2500 },
};

struct world {
	struct arena arena;
	struct catalog catalog;
	struct kconfig *config; /* what every configure gives */
	struct plan_facts facts;
	json_t *source, *toolchains, *machines, *accels;
	json_t *configured, *initrd, *built, *booted;
};

struct figures {
	size_t cells, steps;
	double seconds, with_specs;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int rc, const struct err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench-plan: %s\n", err->msg);
	exit(err_exit_status(err));
}

/* A .config with as many options as a tiny kernel's. */
static struct kconfig *config_make(void)
{
	autobuf struct buf text = { 0 };
	struct kconfig *config;
	struct err err = { 0 };

	for (int i = 0; i < SYMBOLS; i++)
		buf_printf(&text, i % 3 ? "CONFIG_OPTION_NUMBER_%d=y\n" : "# CONFIG_OPTION_NUMBER_%d is not set\n", i);
	must(kconfig_parse((struct view){ text.data, text.n }, &config, &err), &err);
	return config;
}

static const struct requirement *require(struct world *w, const char *text)
{
	struct requirement *r;
	struct err err = { 0 };
	int column;

	must(requirement_parse(&w->arena, view_of(text), REQUIRE, NULL, &r, &column, &err), &err);
	return r;
}

/* Names must come sorted: a catalogue finds its entries by bisection. */
static const char *name_of(struct world *w, const char *kind, size_t i)
{
	return arena_printf(&w->arena, "%s-%06zu", kind, i);
}

static struct names names_make(struct world *w, const char *kind, size_t n)
{
	const char **data = arena_alloc(&w->arena, n * sizeof(*data));

	for (size_t i = 0; i < n; i++)
		data[i] = name_of(w, kind, i);
	return (struct names){ data, n };
}

static void archs_make(struct world *w, const struct names *names)
{
	struct catalog_compiler *gcc = arena_alloc(&w->arena, sizeof(*gcc));
	struct catalog_arch *archs = arena_alloc(&w->arena, names->n * sizeof(*archs));

	*gcc = (struct catalog_compiler){ .toolchain = "cc", .prefix = "", .package = "cc" };
	for (size_t i = 0; i < names->n; i++)
		archs[i] = (struct catalog_arch){ .name = names->data[i],
						  .kernel = names->data[i],
						  .bits = 64,
						  .image_target = "Image",
						  .image_path = "Image",
						  .compilers = gcc,
						  .n_compilers = 1 };
	w->catalog.archs = archs;
	w->catalog.n_archs = names->n;
}

static void configs_make(struct world *w, const struct names *names)
{
	struct catalog_config *configs = arena_alloc(&w->arena, names->n * sizeof(*configs));

	for (size_t i = 0; i < names->n; i++)
		configs[i] = (struct catalog_config){ .name = names->data[i], .target = "defconfig" };
	w->catalog.configs = configs;
	w->catalog.n_configs = names->n;
}

static struct requirements board_requirements(struct world *w, bool match)
{
	static const char *const texts[] = { "OPTION_NUMBER_1=y", "OPTION_NUMBER_4=y|m", "!OPTION_NUMBER_3",
					     "OPTION_NUMBER_700=y || OPTION_NUMBER_701=y",
					     "OPTION_NUMBER_1000=y @ 5.10.." };
	const struct requirement **data = arena_alloc(&w->arena, (countof(texts) + 1) * sizeof(struct requirement *));

	for (size_t i = 0; i < countof(texts); i++)
		data[i] = require(w, texts[i]);
	data[countof(texts)] = require(w, match ? "OPTION_NUMBER_2=y" : "OPTION_NUMBER_6=y");
	return (struct requirements){ data, countof(texts) + 1 };
}

static void boards_make(struct world *w, const struct names *archs)
{
	size_t n = archs->n * BOARDS;
	struct catalog_board *boards = arena_alloc(&w->arena, n * sizeof(*boards));
	struct requirements met = board_requirements(w, true), unmet = board_requirements(w, false);

	for (size_t i = 0; i < n; i++)
		boards[i] = (struct catalog_board){ .name = name_of(w, "board", i),
						    .arch = archs->data[i / BOARDS],
						    .qemu_machine = "virt",
						    .memory_mb = 256,
						    .cpus = 1,
						    .console = "ttyS0",
						    .limit_ms = 60000,
						    .silence_ms = 20000,
						    .require = i % BOARDS < MATCHING ? met : unmet };
	w->catalog.boards = boards;
	w->catalog.n_boards = n;
}

static void matrix_make(struct world *w, struct names archs, struct names configs)
{
	static const char *const toolchain[] = { "cc" }, *const suite[] = { "boot" };
	struct catalog_row *row = arena_alloc(&w->arena, sizeof(*row));
	struct catalog_matrix *matrix = arena_alloc(&w->arena, sizeof(*matrix));

	*row = (struct catalog_row){ .archs = archs,
				     .configs = configs,
				     .toolchains = { toolchain, 1 },
				     .rootfs = "init",
				     .suites = { suite, 1 } };
	*matrix = (struct catalog_matrix){ .name = "large", .rows = row, .n_rows = 1 };
	w->catalog.matrixs = matrix;
	w->catalog.n_matrixs = 1;
}

static void facts_make(struct world *w, const struct names *archs)
{
	w->source = json_pack("{s:s, s:s}", "id", "linux-6.1", "digest", "00");
	w->toolchains = json_object();
	w->machines = json_object();
	w->accels = json_object();
	for (size_t i = 0; i < archs->n; i++) {
		autofree char *key = mem_printf("%s/cc", archs->data[i]);

		json_object_set_new(w->toolchains, key,
				    json_pack("[{s:s, s:s}]", "path", "/usr/bin/cc", "digest", "00"));
	}
	for (size_t i = 0; i < w->catalog.n_boards; i++)
		json_object_set_new(w->machines, w->catalog.boards[i].name,
				    json_pack("{s:s, s:s}", "path", "/usr/bin/qemu", "digest", "00"));
	w->facts = (struct plan_facts){ .source = w->source,
					.toolchains = w->toolchains,
					.machines = w->machines,
					.accels = w->accels,
					.init_sources = "00",
					.patterns = "00" };
}

static json_t *record_make(const char *artefact)
{
	return json_pack("{s:s, s:s, s:{s:{s:s}}}", "verdict", "pass", "release", "6.1.192", "artefacts", artefact,
			 "digest", "00");
}

static void world_make(struct world *w, const struct size *size)
{
	static const struct catalog_toolchain cc = { .name = "cc", .compiler = "cc", .where = "cross" };
	static const struct catalog_rootfs init = { .name = "init", .transport = "initrd", .kind = "init" };
	static const struct catalog_suite boot = { .name = "boot", .program = "boot" };
	struct names archs = names_make(w, "arch", size->archs), configs = names_make(w, "config", size->configs);

	w->config = config_make();
	archs_make(w, &archs);
	configs_make(w, &configs);
	boards_make(w, &archs);
	matrix_make(w, archs, configs);
	w->catalog.toolchains = &cc;
	w->catalog.rootfss = &init;
	w->catalog.suites = &boot;
	w->catalog.n_toolchains = w->catalog.n_rootfss = w->catalog.n_suites = 1;
	facts_make(w, &archs);
	w->configured = record_make("config");
	w->initrd = record_make("initrd");
	w->built = record_make("image");
	w->booted = json_pack("[o]", record_make("log"));
}

static void world_free(struct world *w)
{
	json_t *all[] = { w->source,     w->toolchains, w->machines, w->accels,
			  w->configured, w->initrd,     w->built,    w->booted };

	for (size_t i = 0; i < countof(all); i++)
		json_decref(all[i]);
	kconfig_free(w->config);
	arena_free(&w->arena);
}

/* The step has been run and passed. */
static void state_learn(const struct world *w, struct plan_state *state, const struct plan_step *step)
{
	switch (step->kind) {
	case PLAN_CONFIGURE:
		state->configure = w->configured;
		state->config = w->config;
		break;
	case PLAN_INIT:
		state->init = w->initrd;
		break;
	case PLAN_BUILD:
		state->build = w->built;
		break;
	case PLAN_BOOT:
		state->boots[step->place] = w->booted;
		break;
	}
}

static void specs_make(const struct world *w, const struct plan *plan, size_t cell, const struct plan_state *state,
		       const plan_step_vec *steps, size_t from)
{
	for (size_t i = from; i < steps->n; i++) {
		autojson json_t *spec = plan_spec(plan, cell, &w->facts, state, &steps->data[i]);
		char key[HASH_HEX];

		step_key(spec, key);
	}
}

/* All cells as far as they go, round by round as a run does: each keeps its state to the end. */
static void follow(const struct world *w, const struct plan *plan, struct plan_state *states, bool specs,
		   plan_step_vec *steps)
{
	size_t before;

	do {
		before = steps->n;
		for (size_t c = 0; c < plan->n; c++) {
			size_t first = steps->n;

			plan_next(plan, c, &w->facts, &states[c], steps);
			if (specs)
				specs_make(w, plan, c, &states[c], steps, first);
			for (size_t i = first; i < steps->n; i++)
				state_learn(w, &states[c], &steps->data[i]);
		}
	} while (steps->n > before);
}

static double plan_once(const struct world *w, bool specs, struct figures *f)
{
	const struct plan_request request = { .matrix = "large" };
	double start = now();
	plan_step_vec steps = { 0 };
	struct plan_state *states;
	struct plan *plan;
	struct err err = { 0 };

	must(plan_expand(&w->catalog, &request, &plan, &err), &err);
	states = mem_alloc(plan->n * sizeof(*states));
	for (size_t i = 0; i < plan->n; i++)
		states[i].boots = mem_alloc(plan->cells[i].n_places * sizeof(*states[i].boots));
	follow(w, plan, states, specs, &steps);
	f->cells = plan->n;
	f->steps = steps.n;
	for (size_t i = 0; i < plan->n; i++)
		free(states[i].boots);
	free(states);
	vec_free(&steps);
	plan_free(plan);
	return now() - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct figures size_measure(const struct size *size)
{
	struct world w = { 0 };
	struct figures f = { 0 };
	double seconds[ROUNDS];

	world_make(&w, size);
	plan_once(&w, false, &f); /* warms the caches */
	for (int i = 0; i < ROUNDS; i++)
		seconds[i] = plan_once(&w, false, &f);
	qsort(seconds, ROUNDS, sizeof(seconds[0]), by_value);
	f.seconds = seconds[ROUNDS / 2];
	f.with_specs = plan_once(&w, true, &f);
	world_free(&w);
	return f;
}

/* In a process of its own, whose peak is that of this size alone. */
static struct figures size_run(const struct size *size, long *peak_kb)
{
	struct figures f = { 0 };
	struct rusage usage;
	int ends[2], status;
	pid_t pid;

	if (pipe(ends) < 0 || (pid = fork()) < 0)
		exit(3);
	if (pid == 0) {
		f = size_measure(size);
		_exit(write(ends[1], &f, sizeof(f)) != sizeof(f));
	}
	close(ends[1]);
	if (read(ends[0], &f, sizeof(f)) != sizeof(f) || wait4(pid, &status, 0, &usage) < 0 || status)
		exit(3);
	close(ends[0]);
	*peak_kb = usage.ru_maxrss;
	return f;
}

static bool wanted(int argc, char **argv, size_t steps)
{
	for (int i = 1; i < argc; i++)
		if (strtoul(argv[i], NULL, 10) == steps)
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? 2 : 0;

	printf("%9s %8s %10s %8s %12s %8s\n", "steps", "cells", "seconds", "us/step", "with specs", "peak MB");
	for (size_t i = 0; i < countof(sizes); i++) {
		struct figures f;
		long peak_kb;

		if (!wanted(argc, argv, sizes[i].steps))
			continue;
		f = size_run(&sizes[i], &peak_kb);
		if (f.steps != sizes[i].steps || f.cells * STEPS_OF_CELL != f.steps) {
			fprintf(stderr, "bench-plan: %zu steps were planned, not %zu\n", f.steps, sizes[i].steps);
			return 1;
		}
		printf("%9zu %8zu %10.4f %8.3f %12.4f %8.1f\n", f.steps, f.cells, f.seconds,
		       f.seconds / (double)f.steps * 1e6, f.with_specs, (double)peak_kb / 1024);
		fflush(stdout);
		status = status == 2 ? 0 : status;
	}
	if (status)
		fprintf(stderr, "usage: bench-plan [1000|10000|100000|1000000]...\n");
	return status;
}
