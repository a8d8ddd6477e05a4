/* kiln compare: whether two builds are the same, and if not, why. */
#define _GNU_SOURCE
#include "compare/compare.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cmd/build.h"
#include "cmd/cmd.h"
#include "depot/depot.h"
#include "kernel/kernel.h"
#include "step/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define TEXT_MAX (1u << 30)

/* One side, read. */
struct operand {
	char *vmlinux; /* path */
	void *bytes;
	size_t size;
	char *build_id;
	json_t *record, *objects;
	struct buf config;
};

static void operand_free(struct operand *o)
{
	if (o->bytes)
		munmap(o->bytes, o->size);
	free(o->vmlinux);
	free(o->build_id);
	json_decref(o->record);
	json_decref(o->objects);
	buf_free(&o->config);
}

static int vmlinux_map(struct operand *o, const char *name, struct err *err)
{
	autoclose int fd = open(o->vmlinux, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_user(err, "%s: %s: %s", name, o->vmlinux, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_user(err, "%s: %s is no file of a kernel; give a vmlinux, or a build's name", name,
				o->vmlinux);
	o->bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (o->bytes == MAP_FAILED) {
		o->bytes = NULL;
		return err_infra(err, errno, "%s", o->vmlinux);
	}
	o->size = (size_t)st.st_size;
	o->build_id = build_id_read(o->vmlinux);
	return 0;
}

static int objects_parse(struct operand *o, struct view text, const char *name, struct err *err)
{
	json_error_t error;

	o->objects = json_loadb(text.p ? text.p : "", text.n, 0, &error);
	if (!json_is_array(json_object_get(o->objects, "objects")))
		return err_user(err, "%s: its list of objects is damaged: %s", name, error.text);
	return 0;
}

/* What lies beside a vmlinux in HOME/builds/SOURCE/ARCH/CONFIG/TOOLCHAIN. */
static int directory_read(struct operand *o, const char *dir, struct err *err)
{
	autofree char *objects = fs_join(dir, "objects"), *config = fs_join(dir, "config");
	autofree char *record = fs_join(dir, "record.json");
	autobuf struct buf text = { 0 };

	o->vmlinux = fs_join(dir, "vmlinux");
	if (!fs_exists(AT_FDCWD, o->vmlinux))
		return err_user(err, "%s has no vmlinux; give the directory of a build, HOME/builds/.../TOOLCHAIN",
				dir);
	if (fs_exists(AT_FDCWD, record) && json_read(AT_FDCWD, record, &o->record, err) < 0)
		return -1;
	if (fs_exists(AT_FDCWD, config) && fs_read(AT_FDCWD, config, TEXT_MAX, &o->config, err) < 0)
		return -1;
	if (!fs_exists(AT_FDCWD, objects))
		return 0;
	return fs_read(AT_FDCWD, objects, TEXT_MAX, &text, err) < 0
		       ? -1
		       : objects_parse(o, (struct view){ text.data, text.n }, dir, err);
}

static int record_read(struct operand *o, const char *home, const char *name, struct err *err)
{
	const char *vmlinux, *objects, *config;
	autobuf struct buf text = { 0 };
	struct depot *depot = NULL;
	int status;

	if (build_find(home, name, &o->record, NULL, err) < 0)
		return -1;
	vmlinux = record_artefact(o->record, "vmlinux");
	objects = record_artefact(o->record, "objects");
	config = record_artefact(o->record, "config");
	if (!vmlinux)
		return err_user(err, "%s has no vmlinux: %s; kiln log %s shows why", name,
				json_str_or(o->record, "reason", "it is no build"), name);
	status = depot_open(home, &depot, err);
	if (status == 0)
		status = depot_checkout(depot, vmlinux, &o->vmlinux, err);
	if (status == 0 && objects)
		status = depot_get(depot, objects, &text, err);
	if (status == 0 && config)
		status = depot_get(depot, config, &o->config, err);
	depot_free(depot);
	if (status == 0 && objects)
		status = objects_parse(o, (struct view){ text.data, text.n }, name, err);
	return status;
}

/* A path is what begins as one, or is there as a file; all else is a build's name. */
static int operand_read(struct operand *o, const char *home, const char *name, struct err *err)
{
	struct stat st;
	bool path = *name == '/' || *name == '.', there = stat(name, &st) == 0;
	int status;

	if (there && S_ISDIR(st.st_mode) && path)
		status = directory_read(o, name, err);
	else if (path || (there && S_ISREG(st.st_mode)))
		status = (o->vmlinux = mem_strdup(name), 0);
	else
		status = record_read(o, home, name, err);
	return status < 0 ? -1 : vmlinux_map(o, name, err);
}

static struct compare_side side_of(const struct operand *o, const char *name)
{
	return (struct compare_side){
		.name = name,
		.vmlinux = { o->bytes, o->size },
		.build_id = o->build_id,
		.objects = o->objects,
		.spec = json_object_get(o->record, "spec"),
		.config = { o->config.data, o->config.n },
	};
}

static void result_print(const json_t *result, bool json)
{
	autobuf struct buf text = { 0 };

	if (json) {
		json_print(result);
		return;
	}
	compare_print(result, &text);
	fputs(text.data, stdout);
}

static int compare_builds(const char *home, char **names, bool json, struct err *err)
{
	CLEANUP(operand_free) struct operand first = { 0 };
	CLEANUP(operand_free) struct operand second = { 0 };
	autojson json_t *result = NULL;
	struct compare_side a, b;

	if (operand_read(&first, home, names[0], err) < 0 || operand_read(&second, home, names[1], err) < 0)
		return -1;
	a = side_of(&first, names[0]);
	b = side_of(&second, names[1]);
	if (compare(&a, &b, &result, err) < 0)
		return -1;
	result_print(result, json);
	return json_is_true(json_object_get(result, "equal")) ? 0 : 1;
}

int cmd_compare(int argc, char **argv)
{
	const char *home_option = NULL;
	bool json = false;
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "json", OPTION_FLAG, &json },
	};
	autofree char *home = NULL;
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc != 3) {
		err_user(&err,
			 "name two builds (SOURCE/ARCH/CONFIG/TOOLCHAIN or its end, with RUN: in front for one of an "
			 "earlier run), or two vmlinux files; see kiln compare --help");
		return fail(&err);
	}
	home = home_path(home_option);
	status = compare_builds(home, argv + 1, json, &err);
	return status < 0 ? fail(&err) : status;
}
