#define _GNU_SOURCE
#include "qemu/spec.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "qemu/qemu.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

static const char *cpu_of(const struct catalog_board *board, const struct catalog_machine *machine, const char *accel)
{
	if (machine->cpu)
		return machine->cpu;
	return board->kvm_cpu && strcmp(accel, "kvm") == 0 ? board->kvm_cpu : board->qemu_cpu;
}

json_t *qemu_board_spec(const struct catalog_board *board, const struct catalog_machine *machine, const char *accel)
{
	const struct catalog_machine own = { 0 }, *m = machine ? machine : &own;
	int64_t cpus = m->cpus ? m->cpus : board->cpus;

	return json_pack(
		"{s:s, s:s, s:s, s:s*, s:I, s:I, s:o, s:s, s:s*, s:{s:b, s:b}, s:I, s:I, s:I}", "name", board->name,
		"arch", board->arch, "machine", board->qemu_machine, "cpu", cpu_of(board, m, accel), "memory_mb",
		(json_int_t)(m->memory_mb ? m->memory_mb : board->memory_mb), "cpus", (json_int_t)(cpus ? cpus : 1),
		"args", names_json(&board->qemu_args), "console", board->console, "append", board->append, "ends",
		"poweroff", board->ends.poweroff, "reboot", board->ends.reboot, "limit_ms", (json_int_t)board->limit_ms,
		"silence_ms", (json_int_t)board->silence_ms, "console_mb", (json_int_t)board->console_mb);
}

static int64_t tenth(int64_t ms, int64_t floor)
{
	int64_t scaled = ms / 10 > floor ? ms / 10 : floor;

	return ms && scaled > ms ? ms : scaled;
}

static int limit(const json_t *board, const char *key, int64_t *ms, struct err *err)
{
	if (json_field_int(board, key, ms, err) < 0)
		return err_wrap(err, "board");
	return *ms < 0 ? err_user(err, "board: %s is %" PRId64 ", not a number of milliseconds", key, *ms) : 0;
}

int boot_limits(const json_t *spec, struct boot_limits *limits, struct err *err)
{
	const json_t *board = json_object_get(spec, "board");
	struct boot_limits got;
	int64_t literal = json_int_or(spec, "limit_ms", -1);

	if (limit(board, "limit_ms", &got.total_ms, err) < 0 || limit(board, "silence_ms", &got.silence_ms, err) < 0)
		return -1;
	if (strcmp(json_str_or(spec, "accel", "tcg"), "kvm") == 0)
		got = (struct boot_limits){ tenth(got.total_ms, 20000), tenth(got.silence_ms, 10000) };
	if (literal == 0)
		got = (struct boot_limits){ 0 };
	else if (literal > 0)
		got.total_ms = literal;
	*limits = got;
	return 0;
}
