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

json_t *qemu_patterns_spec(const struct judge_pattern *patterns, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:b, s:b}", "name", patterns[i].name,
						      "regex", patterns[i].regex, "verdict",
						      verdict_text(patterns[i].verdict), "final", patterns[i].final,
						      "trace", patterns[i].trace, "last", patterns[i].last));
	return list;
}

static int read_pattern(const json_t *j, struct judge_pattern *pattern, struct err *err)
{
	const char *verdict;

	if (json_field_str(j, "name", &pattern->name, err) < 0 ||
	    json_field_str(j, "regex", &pattern->regex, err) < 0 || json_field_str(j, "verdict", &verdict, err) < 0)
		return -1;
	pattern->verdict = verdict_from_text(verdict);
	if (pattern->verdict == VERDICT_COUNT)
		return err_user(err, "%s: verdict is %s, which is none", pattern->name, verdict);
	pattern->final = json_bool_or(j, "final", 0);
	pattern->trace = json_bool_or(j, "trace", 0);
	pattern->last = json_bool_or(j, "last", 0);
	return 0;
}

int boot_rules(const char *home, struct view patterns, struct judge_rules **rules, struct err *err)
{
	autojson json_t *list = json_loadb(patterns.p, patterns.n, 0, NULL);
	struct arena arena = { 0 };
	struct judge_pattern *all;
	autofree char *cache = fs_join(home, "cache");
	int rc = 0;

	if (!json_is_array(list))
		return err_user(err, "patterns: not a JSON array");
	all = arena_alloc(&arena, (json_array_size(list) + 1) * sizeof(*all));
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		if (read_pattern(json_array_get(list, i), &all[i], err) < 0)
			rc = err_wrap(err, "patterns[%zu]", i);
	if (rc == 0)
		rc = judge_rules_new(all, json_array_size(list), cache, rules, err);
	arena_free(&arena);
	return rc;
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
