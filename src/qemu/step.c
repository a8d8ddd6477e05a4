#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpio/cpio.h"
#include "qemu/argv.h"
#include "qemu/loop.h"
#include "qemu/outcome.h"
#include "qemu/qemu.h"
#include "qemu/spec.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { CONSOLE_MB = 64, CONSOLE_MB_MAX = 1 << 12 };

/* The descriptors of one QEMU: ours, and those it gets. */
struct wires {
	int console[2], errors[2]; /* pipes: [0] ours */
	int keys[2], qmp[2];       /* socket pairs: [0] ours */
	int log;
};

static void wires_close(struct wires *w)
{
	int *all[] = { w->console, w->errors, w->keys, w->qmp };

	for (size_t i = 0; i < countof(all); i++) {
		cleanup_close(&all[i][0]);
		cleanup_close(&all[i][1]);
	}
	cleanup_close(&w->log);
}
#define autowires __attribute__((cleanup(wires_close)))

static int wires_make(struct wires *w, const char *log, struct err *err)
{
	/* keys is a socket so that typing at a QEMU that has ended raises no SIGPIPE. */
	if (pipe2(w->console, O_CLOEXEC) < 0 || pipe2(w->errors, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->keys) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->qmp) < 0)
		return err_infra(err, errno, "cannot make the pipes for QEMU");
	fcntl(w->console[0], F_SETPIPE_SZ, 1 << 20); /* else a flood costs a switch every 64 KiB */
	w->log = open(log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return w->log < 0 ? err_infra(err, errno, "%s: cannot create", log) : 0;
}

static void wires_close_theirs(struct wires *w)
{
	int *theirs[] = { &w->console[1], &w->errors[1], &w->keys[1], &w->qmp[1] };

	for (size_t i = 0; i < countof(theirs); i++) {
		cleanup_close(theirs[i]);
		*theirs[i] = -1;
	}
}

static int bind_part(struct step *step, struct sandbox *sb, const char *field, const char *inside, struct err *err)
{
	const char *digest = json_str_or(step->spec, field, NULL);
	autofree char *path = NULL;

	if (!digest)
		return strcmp(field, "image") ? 0 : err_user(err, "image is missing");
	if (depot_checkout(step->depot, digest, &path, err) < 0)
		return err_wrap(err, "%s", field);
	sandbox_bind(sb, path, inside, SANDBOX_RO);
	return 0;
}

/* The kernel holds the archives and what is in them at once. */
static int memory_check(const json_t *spec, int64_t size, struct err *err)
{
	int64_t have = json_int_or(json_object_get(spec, "board"), "memory_mb", 0), need = (2 * size >> 20) + 48;

	if (have >= need)
		return 0;
	return err_infra(
		err, 0,
		"initrd and modules take %lld MB, too much for a machine with %lld MB: give it %lld MB or more "
		"with --memory or memory_mb of the matrix's row",
		(long long)(size >> 20), (long long)have, (long long)need);
}

static int bind_archives(struct step *step, struct sandbox *sb, struct err *err)
{
	static const char *const fields[] = { "initrd", "modules" };
	autofree char *joined = fs_join(step->work, "initrd"), *first = NULL, *second = NULL;
	char **paths[] = { &first, &second };
	const char *all[2];
	int64_t size = 0;
	size_t n = 0;

	if (!json_object_get(step->spec, "modules"))
		return bind_part(step, sb, "initrd", QEMU_INITRD, err);
	for (size_t i = 0; i < countof(fields); i++) {
		const char *digest = json_str_or(step->spec, fields[i], NULL);

		if (digest && depot_checkout(step->depot, digest, paths[i], err) < 0)
			return err_wrap(err, "%s", fields[i]);
		if (digest)
			all[n++] = *paths[i];
	}
	if (cpio_join(all, n, joined, &size, err) < 0 || memory_check(step->spec, size, err) < 0)
		return -1;
	sandbox_bind(sb, joined, QEMU_INITRD, SANDBOX_RO);
	return 0;
}

/* A QEMU outside /usr comes with the directories that it is installed in or was built in. */
static void bind_program(struct sandbox *sb, const char *path)
{
	static const char *const beside[] = { "../share/qemu", "../lib", "../lib64", "../libexec", "pc-bios" };
	autofree char *real = realpath(path, NULL);
	char *dir;

	if (!real || str_starts(real, "/usr/"))
		return;
	dir = dirname(real);
	sandbox_bind(sb, dir, dir, SANDBOX_RO);
	for (size_t i = 0; i < countof(beside); i++) {
		autofree char *at = fs_join(dir, beside[i]);
		autofree char *whole = realpath(at, NULL);

		if (whole && !str_starts(whole, "/usr/") && !str_starts(whole, "/lib"))
			sandbox_bind(sb, whole, whole, SANDBOX_RO);
	}
}

static int world_make(struct step *step, const char *program, int qmp, struct sandbox *sb, struct err *err)
{
	const char *gdb = json_str_or(step->spec, "gdb", NULL);

	sandbox_host_system(sb);
	bind_program(sb, program);
	if (bind_part(step, sb, "image", QEMU_IMAGE, err) < 0 || bind_archives(step, sb, err) < 0 ||
	    bind_part(step, sb, "dtb", QEMU_DTB, err) < 0 || bind_part(step, sb, "firmware", QEMU_FIRMWARE, err) < 0)
		return -1;
	if (gdb)
		sandbox_bind(sb, gdb, QEMU_GDB_DIR, SANDBOX_RW);
	if (strcmp(json_str_or(step->spec, "accel", "tcg"), "kvm") == 0)
		sandbox_bind_device(sb, "/dev/kvm", "/dev/kvm");
	sandbox_fd(sb, qmp, QEMU_QMP_FD);
	return 0;
}

static void record_argv(struct step *step, const struct qemu_argv *argv)
{
	json_t *list = json_array();

	for (size_t i = 0; i < argv->n; i++)
		json_array_append_new(list, json_string(argv->data[i]));
	json_object_set_new(step->record, "argv", list);
	json_object_set(step->record, "accel", json_object_get(step->spec, "accel"));
}

/* Output beyond this many bytes is a flood. */
static size_t console_max(const json_t *board)
{
	int64_t mb = json_int_or(board, "console_mb", CONSOLE_MB);

	return (size_t)(mb > 0 && mb <= CONSOLE_MB_MAX ? mb : CONSOLE_MB) << 20;
}

static struct loop_options watching(const struct step *step, const struct wires *w, const struct boot_limits *limits)
{
	const json_t *board = json_object_get(step->spec, "board"), *ends = json_object_get(board, "ends");

	return (struct loop_options){
		.console = w->console[0],
		.errors = w->errors[0],
		.keys = w->keys[0],
		.qmp = w->qmp[0],
		.log = w->log,
		.max_bytes = console_max(board),
		.limit_ms = limits->total_ms,
		.silence_ms = limits->silence_ms,
		.poweroff_hangs = !json_bool_or(ends, "poweroff", 1),
		.reboot_hangs = !json_bool_or(ends, "reboot", 1),
		.debugger = json_object_get(step->spec, "gdb") != NULL,
		.typing = json_bool_or(step->spec, "console", 0),
	};
}

/* Runs QEMU to its end. On success *status is QEMU's. */
static int run(struct step *step, struct judge *judge, const char *log, struct loop_result *result, int *status,
	       struct err *err)
{
	autowires struct wires w = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, -1 };
	autosandbox struct sandbox *sb = sandbox_new();
	autoargv struct qemu_argv argv = { 0 };
	struct sandbox_child child;
	struct boot_limits limits;
	struct loop_options options;
	struct err late = { 0 };
	int64_t start = clock_ms();
	int rc;

	if (qemu_argv_make(step->spec, &argv, err) < 0 || boot_limits(step->spec, &limits, err) < 0 ||
	    wires_make(&w, log, err) < 0 || world_make(step, argv.data[0], w.qmp[1], sb, err) < 0)
		return -1;
	record_argv(step, &argv);
	if (sandbox_spawn(sb, argv.data, &(struct sandbox_stdio){ w.keys[1], w.console[1], w.errors[1] }, &child, err) <
	    0)
		return err_wrap(err, "cannot start QEMU");
	wires_close_theirs(&w);
	options = watching(step, &w, &limits);
	options.judge = judge;
	options.child = &child;
	rc = loop_run(&options, result, err);
	if (sandbox_wait(&child, status, NULL, rc < 0 ? &late : err) < 0)
		return -1;
	json_object_set_new(step->record, "seconds", json_real((double)(result->ended_at - start) / 1000));
	return rc;
}

static int judge_make(struct step *step, struct judge_rules **rules, struct judge **judge, struct err *err)
{
	autofree char *cache = fs_join(step->home, "cache");
	autobuf struct buf text = { 0 };
	struct boot_limits limits;
	const char *patterns;
	struct judge_options options = {
		.need_marker = json_bool_or(step->spec, "need_marker", 0),
		.cpus = json_int_or(json_object_get(step->spec, "board"), "cpus", 0),
	};

	if (boot_limits(step->spec, &limits, err) < 0 || json_field_str(step->spec, "patterns", &patterns, err) < 0 ||
	    depot_get(step->depot, patterns, &text, err) < 0 ||
	    judge_rules_read((struct view){ text.data, text.n }, cache, rules, err) < 0)
		return -1;
	options.limit_ms = limits.total_ms;
	*judge = judge_new(*rules, &options);
	return 0;
}

int qemu_boot_step(struct step *step, struct err *err)
{
	autofree char *log = fs_join(step->work, "console");
	struct judge_rules *rules = NULL;
	struct judge *judge = NULL;
	struct loop_result result = { 0 };
	int status = 0, rc;

	rc = judge_make(step, &rules, &judge, err);
	if (rc == 0)
		rc = run(step, judge, log, &result, &status, err);
	if (rc == 0) {
		outcome_record(step, judge, &result, status);
		rc = step_artefact(step, "console", log, err);
	}
	loop_result_free(&result);
	judge_free(judge);
	judge_rules_free(rules);
	return rc;
}
