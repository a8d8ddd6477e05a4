#define _GNU_SOURCE
#include "step/step.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "guest/guest.h"
#include "kernel/kernel.h"
#include "qemu/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct step_kind kinds[] = {
	{ "configure", STEP_PURE, kernel_configure_step }, { "init", STEP_PURE, guest_init_step },
	{ "build", STEP_PURE, kernel_build_step },         { "build-warm", STEP_OBSERVATION, kernel_build_step },
	{ "boot", STEP_OBSERVATION, qemu_boot_step },      { "proof", STEP_PURE, kernel_proof_step },
};

/* A step dies with the controller that started it. */
static int die_with(int64_t parent, struct err *err)
{
	if (!parent)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return err_infra(err, 0, "the controller that started this step is gone");
	return 0;
}

static int jobserver_parse(const char *text, struct step_options *options, struct err *err)
{
	options->jobserver_read = options->jobserver_write = -1;
	if (!text)
		return 0;
	if (sscanf(text, "%d,%d", &options->jobserver_read, &options->jobserver_write) != 2 ||
	    fcntl(options->jobserver_read, F_GETFD) < 0 || fcntl(options->jobserver_write, F_GETFD) < 0)
		return err_user(err, "--jobserver %s: must be two open descriptors, R,W", text);
	return 0;
}

static int spec_read(const char *path, json_t **spec, struct err *err)
{
	json_error_t je;

	if (strcmp(path, "-") != 0)
		return json_read(AT_FDCWD, path, spec, err);
	*spec = json_loadf(stdin, 0, &je);
	return *spec ? 0 : err_user(err, "standard input:%d:%d: not JSON: %s", je.line, je.column, je.text);
}

/* On a terminal and in a pipe alike the record is what is printed: JSON. */
static int step_main(const char *path, const struct step_options *options, struct err *err)
{
	autojson json_t *spec = NULL, *record = NULL;

	if (spec_read(path, &spec, err) < 0)
		return -1;
	if (step_run(spec, kinds, countof(kinds), options, &record, err) < 0)
		return -1;
	if (json_dumpf(record, stdout, JSON_SORT_KEYS | JSON_INDENT(2)) < 0 || putchar('\n') == EOF ||
	    fflush(stdout) == EOF)
		return err_infra(err, errno, "cannot print the record");
	return 0;
}

int cmd_step(int argc, char **argv)
{
	const char *home_option = NULL, *jobserver = NULL;
	int64_t jobs = 0, parent = 0;
	struct step_options run = { 0 };
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option }, { "attempt", OPTION_STRING, &run.attempt },
		{ "jobs", OPTION_INT, &jobs },           { "jobserver", OPTION_STRING, &jobserver },
		{ "parent", OPTION_INT, &parent },       { "json", OPTION_FLAG, &(bool){ false } },
	};
	autofree char *home = NULL;
	struct err err = { 0 };

	if (options_parse(options, countof(options), &argc, argv, &err) < 0 || die_with(parent, &err) < 0 ||
	    jobserver_parse(jobserver, &run, &err) < 0)
		return fail(&err);
	if (argc != 2) {
		err_user(&err, "name one spec: a file, or - for standard input");
		return fail(&err);
	}
	home = home_path(home_option);
	run.home = home;
	run.jobs = jobs > 0 ? (int)jobs : (int)sysconf(_SC_NPROCESSORS_ONLN);
	return step_main(argv[1], &run, &err) < 0 ? fail(&err) : 0;
}
