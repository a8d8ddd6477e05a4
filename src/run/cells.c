/* What is known of a cell, and where it is written down. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "run/private.h"
#include "step/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct plan_state cell_state(const struct run_cell *cell)
{
	return (struct plan_state){ cell->configure, cell->init, cell->build, cell->config,
				    (const json_t **)cell->boots };
}

/* All records but the boots: for a cell whose artefacts turned out to be gone. */
void cell_forget(struct run *run, size_t i)
{
	struct run_cell *cell = &run->cells[i];

	json_decref(cell->configure);
	json_decref(cell->init);
	json_decref(cell->build);
	cell->configure = cell->init = cell->build = NULL;
	kconfig_free(cell->config);
	cell->config = NULL;
	memset(cell->awaited, 0, sizeof(cell->awaited));
}

void cell_clear(struct run *run, size_t i)
{
	struct run_cell *cell = &run->cells[i];

	cell_forget(run, i);
	for (size_t b = 0; b < run->plan->cells[i].n_places; b++)
		json_decref(cell->boots[b]);
	free(cell->boots);
	free(cell->name);
}

static int learn_config(struct run *run, struct run_cell *cell, struct err *err)
{
	const char *digest = record_artefact(cell->configure, "config");
	autobuf struct buf text = { 0 };

	if (!digest || strcmp(json_str_or(cell->configure, "verdict", ""), "fail") == 0)
		return 0;
	if (depot_get(run->depot, digest, &text, err) < 0)
		return -1;
	return kconfig_parse((struct view){ text.data, text.n }, &cell->config, err);
}

int cell_learn(struct run *run, size_t i, const struct plan_step *step, json_t *records, struct err *err)
{
	struct run_cell *cell = &run->cells[i];
	json_t *last = json_array_get(records, json_array_size(records) - 1);

	switch (step->kind) {
	case PLAN_CONFIGURE:
		cell->configure = json_incref(last);
		return learn_config(run, cell, err);
	case PLAN_INIT:
		json_decref(cell->init);
		cell->init = json_incref(last);
		return 0;
	case PLAN_BUILD:
		json_decref(cell->build);
		cell->build = json_incref(last);
		return run->ledger ? cell_link(run, i, err) : 0;
	case PLAN_BOOT:
		json_decref(cell->boots[step->place]);
		cell->boots[step->place] = json_incref(records);
		return 0;
	}
	return 0;
}

/* The path from builds/SOURCE/ARCH/CONFIG/TOOLCHAIN[/DIR] to the depot. */
static char *link_target(const char *digest, const char *name)
{
	return mem_printf("../../../../../%sdepot/%.2s/%s", strchr(name, '/') ? "../" : "", digest, digest);
}

static int link_one(int dir, const char *name, const char *digest, struct err *err)
{
	/* In this order: behind UBSan's check of a strchr() gcc would warn of a NULL that cannot be. */
	autofree char *tmp = mem_printf("%s.new", name), *target = link_target(digest, name);

	if (strchr(name, '/')) {
		autofree char *parent = mem_strndup(name, (size_t)(strchr(name, '/') - name));

		if (fs_mkdirs(dir, parent, 0755, err) < 0)
			return -1;
	}
	unlinkat(dir, tmp, 0);
	if (symlinkat(target, dir, tmp) < 0 || renameat(dir, tmp, dir, name) < 0)
		return err_infra(err, errno, "%s: cannot link it into the depot", name);
	return 0;
}

/* For people the image has its own name there, and the log is build.log. */
static const char *link_name(const struct plan_cell *cell, const char *artefact)
{
	const char *slash = cell->arch->image_path ? strrchr(cell->arch->image_path, '/') : NULL;

	if (strcmp(artefact, "log") == 0)
		return "build.log";
	if (strcmp(artefact, "image") == 0 && cell->arch->image_path)
		return slash ? slash + 1 : cell->arch->image_path;
	return artefact;
}

/* Whether the links already stand for this record. */
static bool linked(int dir, const json_t *record)
{
	autojson json_t *there = NULL;
	struct err ignored = { 0 };

	return fs_exists(dir, "record.json") && json_read(dir, "record.json", &there, &ignored) == 0 &&
	       strcmp(json_str_or(there, "attempt", ""), json_str_or(record, "attempt", "-")) == 0;
}

/* Whether the record has an artefact whose link has this name. */
static bool link_wanted(const struct plan_cell *cell, const json_t *record, const char *name)
{
	const char *artefact;
	json_t *unused;

	json_object_foreach (json_object_get(record, "artefacts"), artefact, unused)
		if (strcmp(link_name(cell, artefact), name) == 0)
			return true;
	return false;
}

/* Removes what an earlier build of this name had and this one has not: an image beside the record of a build that
 * failed would be taken for its own. below is a directory in dir, or "". */
static void unlink_stale(int dir, const char *below, const struct plan_cell *cell, const json_t *record)
{
	int fd = openat(dir, *below ? below : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		autofree char *name = *below ? mem_printf("%s/%s", below, entry->d_name) : mem_strdup(entry->d_name);
		struct stat st;

		if (entry->d_name[0] == '.' || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISLNK(st.st_mode) && !link_wanted(cell, record, name))
			unlinkat(dir, name, 0);
		else if (S_ISDIR(st.st_mode) && !*below)
			unlink_stale(dir, name, cell, record);
	}
}

int cell_link(struct run *run, size_t i, struct err *err)
{
	const struct plan_cell *cell = &run->plan->cells[i];
	const json_t *record = run->cells[i].build;
	autofree char *path = mem_printf("%s/builds/%s", run->options->home, run->cells[i].name);
	autoclose int dir = -1;
	const char *name;
	json_t *artefact;

	if (fs_mkdirs(AT_FDCWD, path, 0755, err) < 0)
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX) < 0) /* two runs may link at once; closing unlocks */
		return err_infra(err, errno, "%s", path);
	if (linked(dir, record))
		return 0;
	unlink_stale(dir, "", cell, record);
	json_object_foreach (json_object_get(record, "artefacts"), name, artefact)
		if (link_one(dir, link_name(cell, name), json_str_or(artefact, "digest", ""), err) < 0)
			return err_wrap(err, "%s", path);
	return json_write(dir, "record.json", record, err);
}

static int write_verdict(struct run *run, size_t i, const char *board, const char *runner, const struct plan_verdict *v,
			 struct err *err)
{
	struct ledger_cell cell = {
		.run = run->id,
		.build = run->cells[i].name,
		.board = board,
		.runner = runner,
		.verdict = v->verdict,
		.reason = v->reason,
		.attempt = v->attempt,
	};

	return v->known ? ledger_cell_set(run->ledger, &cell, err) : 0;
}

int cells_to_ledger(struct run *run, size_t i, struct err *err)
{
	const struct plan_cell *cell = &run->plan->cells[i];
	struct plan_state state = cell_state(&run->cells[i]);
	struct arena a = { 0 };
	struct plan_verdict v = plan_build_verdict(run->plan, i, &run->facts, &state, &a);
	int status = write_verdict(run, i, "", "", &v, err);

	for (size_t b = 0; b < cell->n_places && status == 0; b++) {
		autofree char *name = plan_board_name(cell, b), *runner = plan_runner_name(cell, b);

		v = plan_board_verdict(run->plan, i, b, &run->facts, &state, &a);
		status = write_verdict(run, i, name, runner, &v, err);
	}
	arena_free(&a);
	return status;
}
