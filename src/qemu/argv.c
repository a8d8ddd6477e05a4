#define _GNU_SOURCE
#include "qemu/argv.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

static void add(struct qemu_argv *argv, const char *arg)
{
	*vec_push(argv) = arena_strdup(&argv->arena, arg);
}

static void add_pair(struct qemu_argv *argv, const char *option, const char *value)
{
	add(argv, option);
	add(argv, value);
}

static void add_number(struct qemu_argv *argv, const char *option, int64_t value)
{
	add_pair(argv, option, arena_printf(&argv->arena, "%" PRId64, value));
}

static int positive(const json_t *board, const char *key, int64_t max, int64_t *out, struct err *err)
{
	int64_t value;

	if (json_field_int(board, key, &value, err) < 0)
		return -1;
	if (value < 1 || value > max)
		return err_user(err, "%s is %" PRId64 ", not 1 to %" PRId64, key, value, max);
	*out = value;
	return 0;
}

static int add_accel(struct qemu_argv *argv, const json_t *spec, const json_t *board, struct err *err)
{
	const char *accel, *cpu = json_str_or(board, "cpu", NULL);

	if (json_field_str(spec, "accel", &accel, err) < 0)
		return -1;
	if (strcmp(accel, "tcg") != 0 && strcmp(accel, "kvm") != 0)
		return err_user(err, "accel is %s, not tcg or kvm", accel);
	if (!cpu && strcmp(accel, "kvm") == 0)
		cpu = "host";
	add_pair(argv, "-accel", accel);
	if (cpu)
		add_pair(argv, "-cpu", cpu);
	return 0;
}

static int add_machine(struct qemu_argv *argv, const json_t *spec, const json_t *board, struct err *err)
{
	const char *machine;
	int64_t cpus = 0, memory = 0;

	if (json_field_str(board, "machine", &machine, err) < 0 || positive(board, "cpus", 4096, &cpus, err) < 0 ||
	    positive(board, "memory_mb", 1 << 24, &memory, err) < 0)
		return err_wrap(err, "board");
	add_pair(argv, "-machine", machine);
	add_number(argv, "-smp", cpus);
	add_pair(argv, "-m", arena_printf(&argv->arena, "%" PRId64 "M", memory));
	return add_accel(argv, spec, board, err);
}

/* The board's own arguments. Those that name the chardev "console" themselves take the place of
 * the serial port: *wired. */
static int add_own(struct qemu_argv *argv, const json_t *board, bool *wired, struct err *err)
{
	const json_t *args = json_object_get(board, "args"), *arg;
	size_t i;

	*wired = false;
	if (args && !json_is_array(args))
		return err_user(err, "args is not a list");
	json_array_foreach (args, i, arg) {
		const char *s = json_string_value(arg);

		if (!s)
			return err_user(err, "args[%zu] is not a string", i);
		if (strstr(s, "chardev:console") || strstr(s, "chardev=console"))
			*wired = true;
		add(argv, s);
	}
	return 0;
}

/* signal=off: a Ctrl-C that a person types belongs to the guest. The machine waits (-S) until QMP
 * is up, so that no event is lost, however soon the guest ends. */
static void add_channels(struct qemu_argv *argv, bool wired)
{
	add_pair(argv, "-chardev", "stdio,id=console,signal=off");
	if (!wired)
		add_pair(argv, "-serial", "chardev:console");
	add_pair(argv, "-chardev", arena_printf(&argv->arena, "socket,id=qmp,fd=%d", QEMU_QMP_FD));
	add_pair(argv, "-mon", "chardev=qmp,mode=control");
	add(argv, "-S");
}

static void append_words(struct buf *line, const char *words)
{
	if (words && *words)
		buf_printf(line, "%s%s", line->n ? " " : "", words);
}

/* panic=-1: a panic resets at once, which -no-reboot turns into QEMU's end. */
static int add_kernel(struct qemu_argv *argv, const json_t *spec, const json_t *board, struct err *err)
{
	autobuf struct buf line = { 0 };
	const char *console;

	if (json_field_str(board, "console", &console, err) < 0)
		return -1;
	buf_printf(&line, "console=%s panic=-1", console);
	append_words(&line, json_str_or(board, "append", NULL));
	append_words(&line, json_str_or(spec, "append", NULL));
	if (json_object_get(spec, "firmware"))
		add_pair(argv, "-bios", QEMU_FIRMWARE);
	add_pair(argv, "-kernel", QEMU_IMAGE);
	if (json_object_get(spec, "initrd") || json_object_get(spec, "modules"))
		add_pair(argv, "-initrd", QEMU_INITRD);
	if (json_object_get(spec, "dtb"))
		add_pair(argv, "-dtb", QEMU_DTB);
	add_pair(argv, "-append", line.data);
	return 0;
}

/* No display, no NIC (its boot ROM costs 0.1 s on machines that have one), nothing of the host's
 * configuration. A board that wants a NIC says -nic itself. */
static void add_fixed(struct qemu_argv *argv)
{
	add(argv, "-no-user-config");
	add(argv, "-no-reboot");
	add_pair(argv, "-display", "none");
	add_pair(argv, "-monitor", "none");
	add_pair(argv, "-parallel", "none");
	add_pair(argv, "-nic", "none");
}

int qemu_argv_make(const json_t *spec, struct qemu_argv *argv, struct err *err)
{
	json_t *board, *qemu;
	const char *path;
	bool wired;

	if (json_field_obj(spec, "board", &board, err) < 0 || json_field_obj(spec, "qemu", &qemu, err) < 0 ||
	    json_field_str(qemu, "path", &path, err) < 0)
		return -1;
	add(argv, path);
	if (add_machine(argv, spec, board, err) < 0)
		return -1;
	add_fixed(argv);
	if (add_own(argv, board, &wired, err) < 0)
		return err_wrap(err, "board");
	add_channels(argv, wired);
	if (json_object_get(spec, "gdb"))
		add_pair(argv, "-gdb", "unix:" QEMU_GDB_DIR "/" QEMU_GDB_SOCKET ",server=on,wait=off");
	if (add_kernel(argv, spec, board, err) < 0)
		return err_wrap(err, "board");
	*vec_push(argv) = NULL;
	argv->n--;
	return 0;
}

void qemu_argv_free(struct qemu_argv *argv)
{
	vec_free(argv);
	arena_free(&argv->arena);
}
