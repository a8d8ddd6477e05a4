#define _GNU_SOURCE
#include "qemu/outcome.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <string.h>
#include <sys/wait.h>

/* Words of QEMU 5 to 9. */
static const struct {
	const char *words;
	const char *hint;
} hints[] = {
	{ "unsupported machine type",
	  "this version of QEMU does not have the machine; the board needs another version" },
	{ "unable to find CPU model", "this QEMU does not have the CPU: its -cpu help lists those it has" },
	{ "Invalid CPU", "this machine does not take the CPU" },
	{ "requires KVM", "this CPU is for KVM alone: ask for another, or for --accel kvm" },
	{ "SMP CPUs", "the machine does not have so many CPUs: ask for fewer" },
	{ "CPUs requested", "the machine does not have so many CPUs: ask for fewer" },
	{ "invalid accelerator", "this QEMU was built without the accelerator" },
	{ "Could not access KVM", "KVM is not usable here: boot with tcg" },
	{ "failed to initialize kvm", "KVM is not usable here: boot with tcg" },
	{ "failed to initialize KVM", "KVM is not usable here: boot with tcg" },
	{ "cannot set up guest memory",
	  "the host has not enough free memory: run fewer boots at once, or ask for less with --memory" },
	{ " RAM", "the machine takes other sizes of memory: ask for one with --memory" },
	{ "RAM size", "the machine takes other sizes of memory: ask for one with --memory" },
	{ "Memory size", "the machine takes other sizes of memory: ask for one with --memory" },
	{ "firmware", "a firmware file is missing: install the package that brings it (kiln doctor names it)" },
	{ "ROM image", "a firmware file is missing: install the package that brings it (kiln doctor names it)" },
	{ "romfile", "a firmware file is missing: install the package that brings it (kiln doctor names it)" },
	{ "could not load PC BIOS",
	  "a firmware file is missing: install the package that brings it (kiln doctor names it)" },
	{ "invalid option", "this version of QEMU does not know an option of the board's" },
	{ "is not a valid device model name", "this version of QEMU lacks a device of the board's" },
};

const char *outcome_hint(const char *line)
{
	for (size_t i = 0; i < countof(hints); i++)
		if (strstr(line, hints[i].words))
			return hints[i].hint;
	return NULL;
}

/* What stands in lines that are not why QEMU ends: it warns, or it misses the sound that nobody asked for. */
static bool is_noise(struct view line)
{
	static const char *const words[] = { "warning: ", "do you want to install", "ALSA lib " };

	for (size_t i = 0; i < countof(words); i++)
		if (memmem(line.p, line.n, words[i], strlen(words[i])))
			return true;
	return false;
}

/* The first line of stderr that is no mere noise, printable. Owned; NULL when there is none. */
static char *complaint(const struct buf *errors)
{
	struct view rest = { errors->data, errors->n };

	while (rest.p) {
		struct view line = view_trim(view_cut(&rest, '\n'));
		struct buf shown = { 0 };

		if (line.n == 0 || is_noise(line))
			continue;
		buf_add_printable(&shown, view_first(line, 400));
		return buf_steal(&shown);
	}
	return NULL;
}

/* The emulated CPU was led where no machine can go (QEMU's cpu_abort): the guest's fault, not the farm's. */
static bool guest_derailed(const struct loop_result *result)
{
	const struct buf *errors = &result->errors;

	return errors->n && memmem(errors->data, errors->n, "qemu: fatal: ", 13) != NULL;
}

/* A guest may choose QEMU's exit status (test devices of several machines end it so): only a complaint,
 * or an end before the machine ran, is QEMU's own failure. */
static char *own_failure(const struct loop_result *result, int status)
{
	autofree char *line = complaint(&result->errors);
	const char *hint = line ? outcome_hint(line) : NULL;

	if (result->end == LOOP_BROKEN)
		return mem_printf("%s%s%s", result->problem, line ? ": " : "", line ? line : "");
	if (result->end != LOOP_EXIT && result->end != LOOP_REBOOT)
		return NULL;
	if (WIFSIGNALED(status))
		return mem_printf("QEMU died of signal %d%s%s", WTERMSIG(status), line ? ": " : "", line ? line : "");
	if (WEXITSTATUS(status) == 0 && result->started)
		return NULL;
	if (line)
		return mem_printf("%s%s%s", line, hint ? ": " : "", hint ? hint : "");
	return result->started ? NULL
			       : mem_printf("QEMU ended with status %d before the machine ran", WEXITSTATUS(status));
}

static const struct {
	const char *text;
	enum judge_end end;
} ends[] = {
	[LOOP_DECIDED] = { "decided", JUDGE_END_LOG },     [LOOP_EXIT] = { "exit", JUDGE_END_EXIT },
	[LOOP_REBOOT] = { "reboot", JUDGE_END_REBOOT },    [LOOP_LIMIT] = { "limit", JUDGE_END_LIMIT },
	[LOOP_SILENCE] = { "silence", JUDGE_END_SILENCE }, [LOOP_FLOOD] = { "flood", JUDGE_END_FLOOD },
	[LOOP_BROKEN] = { "broken", JUDGE_END_LOG },       [LOOP_LEFT] = { "left", JUDGE_END_LOG },
};

/* On a machine where power off does not end QEMU, a reset is how a guest without more to do ends. */
static enum judge_end end_for_judge(const json_t *spec, enum loop_end end)
{
	const json_t *board_ends = json_object_get(json_object_get(spec, "board"), "ends");

	if (end == LOOP_REBOOT && !json_bool_or(spec, "need_marker", 0) && !json_bool_or(board_ends, "poweroff", 1))
		return JUDGE_END_EXIT;
	return ends[end].end;
}

static void fail_for_guest(struct step *step, const char *signature, const char *reason)
{
	json_object_set_new(step->record, "signature", json_string(signature));
	step_verdict(step, VERDICT_FAIL, reason);
}

/* What QEMU says before the machine runs, by the catalogue's patterns: of the image it is the kernel's fault, of all
 * else the farm's. It stands in no line of the console. */
static bool judge_complaints(struct judge *judge, const struct loop_result *result)
{
	struct view rest = { result->errors.data, result->errors.n };

	if (result->started || !rest.n || (result->end != LOOP_EXIT && result->end != LOOP_BROKEN))
		return false;
	while (rest.p) {
		struct view line = view_cut(&rest, '\n');

		if (is_noise(line))
			continue;
		judge_feed(judge, line.p, line.n, clock_ms());
		judge_feed(judge, "\n", 1, clock_ms());
	}
	return true;
}

void outcome_record(struct step *step, struct judge *judge, const struct loop_result *result, int status)
{
	autofree char *failure = own_failure(result, status);
	bool complained = judge_complaints(judge, result);
	const struct judge_result *said;
	autojson json_t *fields = NULL;

	if (result->end != LOOP_DECIDED)
		judge_end(judge, end_for_judge(step->spec, result->end));
	said = judge_result(judge);
	fields = judge_result_json(said);
	json_object_update_missing(step->record, fields); /* the frame has a "started" of its own */
	if (complained)
		json_object_set_new(step->record, "line", json_integer(0));
	judge_add_skipped(json_object_get(step->record, "tests"), json_object_get(step->spec, "skipped_suites"));
	json_object_set_new(step->record, "end", json_string(ends[result->end].text));
	step_verdict(step, said->verdict, said->reason);
	/* What the console names as the cause stands; only then comes how the machine ended. */
	if (said->pattern && !(failure && said->verdict == VERDICT_INFRA))
		return;
	if (result->end != LOOP_DECIDED && guest_derailed(result)) {
		autofree char *line = complaint(&result->errors);

		fail_for_guest(step, "emulated CPU derailed", line);
	} else if (failure) {
		json_object_set_new(step->record, "signature", json_null());
		step_verdict(step, VERDICT_INFRA, failure);
	} else if (result->panicked && said->verdict != VERDICT_FAIL) {
		fail_for_guest(step, "panic without a console",
			       "the guest reported a panic, and its console shows none");
	} else if (result->end == LOOP_LEFT) {
		json_object_set_new(step->record, "signature", json_null());
		step_verdict(step, VERDICT_PASS, "the console was left, without a failure until then");
	}
}
