#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "qemu/argv.h"
#include "qemu/loop.h"
#include "qemu/outcome.h"
#include "qemu/program.h"
#include "qemu/qemu.h"
#include "qemu/qmp.h"
#include "qemu/screen.h"
#include "qemu/spec.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

/* ---- argument vectors ---- */

/* A case: the spec as JSON, a line "---", then one argument a line, or "error: MESSAGE". */
static void check_case(const char *path)
{
	autobuf struct buf text = { 0 }, got = { 0 };
	autoargv struct qemu_argv argv = { 0 };
	autojson json_t *spec = NULL;
	struct err err = { 0 };
	const char *cut;

	assert_int_equal(fs_read(AT_FDCWD, path, 65536, &text, &err), 0);
	cut = strstr(text.data, "\n---\n");
	assert_non_null(cut);
	spec = json_loadb(text.data, (size_t)(cut - text.data), 0, NULL);
	assert_non_null(spec);
	if (qemu_argv_make(spec, &argv, &err) < 0) {
		assert_int_equal(err.class, ERR_USER);
		buf_printf(&got, "error: %s\n", err.msg);
	}
	for (size_t i = 0; err.class == ERR_NONE && i < argv.n; i++)
		buf_printf(&got, "%s\n", argv.data[i]);
	if (strcmp(got.data, cut + 5) != 0)
		print_message("%s:\n%s", path, got.data);
	assert_string_equal(got.data, cut + 5);
}

static void argv_is_as_in_the_golden_cases(void **state)
{
	const char *tests = getenv("KILN_TESTS");
	autofree char *pattern = mem_printf("%s/golden/qemu/*.txt", tests ? tests : "tests");
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 8);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_case(found.gl_pathv[i]);
	globfree(&found);
}

/* ---- QMP ---- */

static struct qmp_message one_message(const char *text)
{
	struct qmp q = { 0 };
	struct qmp_message m = { 0 }, more;

	qmp_add(&q, text, strlen(text));
	assert_true(qmp_next(&q, &m));
	assert_false(qmp_next(&q, &more));
	qmp_free(&q);
	return m;
}

static void qmp_knows_the_messages_of_a_boot(void **state)
{
	struct qmp_message m =
		one_message("{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}\r\n");

	assert_int_equal(m.kind, QMP_SHUTDOWN);
	assert_int_equal(m.cause, QMP_CAUSE_GUEST_RESET);
	m = one_message("{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"new-in-qemu-99\"}}\n");
	assert_int_equal(m.cause, QMP_CAUSE_NONE);
	m = one_message("{\"return\":{\"running\":false,\"status\":\"internal-error\"}}\n");
	assert_int_equal(m.kind, QMP_STATUS);
	assert_string_equal(m.text, "internal-error");
	m = one_message("{\"error\":{\"class\":\"GenericError\",\"desc\":\"not now\"}}\n");
	assert_int_equal(m.kind, QMP_ERROR);
	assert_string_equal(m.text, "not now");
	assert_int_equal(one_message("{\"QMP\":{}}\n").kind, QMP_GREETING);
	assert_int_equal(one_message("{\"event\":\"GUEST_PANICKED\"}\n").kind, QMP_PANICKED);
	assert_int_equal(one_message("{\"event\":\"RTC_CHANGE\"}\n").kind, QMP_OTHER);
	assert_int_equal(one_message("{\"event\":7,\"data\":[]}\n").kind, QMP_OTHER);
	assert_int_equal(one_message("[]\n").kind, QMP_BAD);
	assert_int_equal(one_message("qemu: fatal\n").kind, QMP_BAD);
}

static void qmp_takes_any_cut(void **state)
{
	static const char text[] = "{\"event\":\"STOP\"}\r\n\r\n{\"event\":\"RESUME\"}\n";
	const enum qmp_kind want[] = { QMP_STOP, QMP_RESUME };
	struct qmp q = { 0 };
	struct qmp_message m;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		qmp_add(&q, text + i, 1);
		while (qmp_next(&q, &m))
			assert_int_equal(m.kind, want[n++]);
	}
	assert_int_equal(n, 2);
	qmp_free(&q);
}

static void qmp_drops_an_endless_line_and_goes_on(void **state)
{
	struct qmp q = { 0 };
	struct qmp_message m;
	char piece[4096];
	int bad = 0;

	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 1000; i++) {
		qmp_add(&q, piece, sizeof(piece));
		while (qmp_next(&q, &m))
			bad += m.kind == QMP_BAD;
		assert_true(q.pending.cap <= 4 * QMP_LINE_MAX);
	}
	assert_int_equal(bad, 1);
	qmp_add(&q, "\n{\"event\":\"STOP\"}\n", 18);
	assert_true(qmp_next(&q, &m));
	assert_int_equal(m.kind, QMP_STOP);
	qmp_free(&q);
}

/* ---- the screen ---- */

static void screen_passes_colours_and_drops_what_programs_the_terminal(void **state)
{
	static const char in[] = "a\033[31mred\033[0m\033]0;title\007b\033P1$tx\033\\c\033_q\033q\033\\\033\033[Hd";
	static const char want[] = "a\033[31mred\033[0mbc\033[Hd";
	autobuf struct buf whole = { 0 }, cut = { 0 };
	struct screen s = { 0 }, t = { 0 };

	screen_filter(&s, in, sizeof(in) - 1, &whole);
	for (size_t i = 0; i < sizeof(in) - 1; i++)
		screen_filter(&t, in + i, 1, &cut);
	assert_string_equal(whole.data, want);
	assert_string_equal(cut.data, want);
}

/* ---- what QEMU says of itself ---- */

static void version_is_read_and_compared_by_number(void **state)
{
	assert_true(view_is(program_version(VIEW("QEMU emulator version 7.2.22 (Debian 1:7.2)\n")), "7.2.22"));
	assert_int_equal(program_version(VIEW("not it")).n, 0);
	assert_int_equal(program_version(VIEW("")).n, 0);
	assert_true(program_at_least("7.2.22", "7.2"));
	assert_true(program_at_least("7.2", "7.2.0"));
	assert_true(program_at_least("10.0.1", "9.2"));
	assert_false(program_at_least("7.2.22", "7.3"));
	assert_false(program_at_least("7", "7.1"));
}

static void machines_are_whole_names(void **state)
{
	autojson json_t *facts = json_pack(
		"{s:o}", "machines",
		program_machines(VIEW("Supported machines are:\nvirt-7.2   QEMU 7.2 (alias of x)\nnone  empty\n\n")));

	assert_int_equal(json_array_size(json_object_get(facts, "machines")), 2);
	assert_true(program_has_machine(facts, "virt-7.2,gic-version=3"));
	assert_false(program_has_machine(facts, "virt"));
	assert_false(program_has_machine(facts, "virt-7.2.1"));
	assert_false(program_has_machine(facts, ""));
}

static void hints_say_what_to_do(void **state)
{
	assert_non_null(strstr(outcome_hint("qemu-system-x: unsupported machine type"), "version"));
	assert_non_null(strstr(outcome_hint("qemu: could not load PC BIOS 'bios.bin'"), "package"));
	assert_null(outcome_hint("qemu: something else"));
}

/* ---- the spec ---- */

static void limits_are_the_boards_and_a_tenth_under_kvm(void **state)
{
	autojson json_t *spec =
		json_pack("{s:s, s:{s:i, s:i}}", "accel", "tcg", "board", "limit_ms", 300000, "silence_ms", 40000);
	struct boot_limits limits;
	struct err err = { 0 };

	assert_int_equal(boot_limits(spec, &limits, &err), 0);
	assert_int_equal(limits.total_ms, 300000);
	assert_int_equal(limits.silence_ms, 40000);
	json_object_set_new(spec, "accel", json_string("kvm"));
	assert_int_equal(boot_limits(spec, &limits, &err), 0);
	assert_int_equal(limits.total_ms, 30000);
	assert_int_equal(limits.silence_ms, 10000);
	json_object_set_new(spec, "limit_ms", json_integer(5000));
	assert_int_equal(boot_limits(spec, &limits, &err), 0);
	assert_int_equal(limits.total_ms, 5000);
	json_object_set_new(spec, "limit_ms", json_integer(0));
	assert_int_equal(boot_limits(spec, &limits, &err), 0);
	assert_int_equal(limits.total_ms + limits.silence_ms, 0);
	json_object_set_new(json_object_get(spec, "board"), "limit_ms", json_integer(-1));
	assert_int_equal(boot_limits(spec, &limits, &err), -1);
	assert_int_equal(err.class, ERR_USER);
}

static void patterns_survive_the_way_through_the_spec(void **state)
{
	const struct judge_pattern patterns[] = {
		{ "panic", "^Kernel panic", VERDICT_FAIL, true, true, false },
		{ "warning", "^WARNING: ", VERDICT_WARN, false, true, false },
	};
	autojson json_t *list = judge_patterns_json(patterns, 2);
	autofree char *text = json_canonical(list);
	struct judge_rules *rules = NULL;
	struct err err = { 0 };

	assert_int_equal(judge_rules_read(view_of(text), NULL, &rules, &err), 0);
	judge_rules_free(rules);
	assert_int_equal(judge_rules_read(VIEW("{}"), NULL, &rules, &err), -1);
	assert_int_equal(
		judge_rules_read(VIEW("[{\"name\":\"x\",\"regex\":\"y\",\"verdict\":\"z\"}]"), NULL, &rules, &err), -1);
	assert_non_null(strstr(err.msg, "patterns[0]: x: verdict is z"));
}

static void kvm_needs_a_proof_for_this_qemu(void **state)
{
	char home[] = "/tmp/kiln-test-kvm-XXXXXX";
	autojson json_t *qemu = json_pack("{s:s}", "digest", "aa"), *other = json_pack("{s:s}", "digest", "bb");
	struct err err = { 0 };

	assert_non_null(mkdtemp(home));
	if (qemu_kvm_state(home, qemu) != QEMU_KVM_ABSENT) {
		assert_int_equal(qemu_kvm_state(home, qemu), QEMU_KVM_UNKNOWN);
		assert_int_equal(qemu_kvm_record(home, qemu, false, &err), 0);
		assert_int_equal(qemu_kvm_state(home, qemu), QEMU_KVM_BROKEN);
		assert_int_equal(qemu_kvm_record(home, qemu, true, &err), 0);
		assert_int_equal(qemu_kvm_state(home, qemu), QEMU_KVM_WORKS);
		assert_int_equal(qemu_kvm_state(home, other), QEMU_KVM_UNKNOWN);
	}
	assert_int_equal(fs_remove(AT_FDCWD, home, &err), 0);
}

static void each_accelerator_has_its_cpu(void **state)
{
	const struct catalog_board board = {
		.name = "b", .arch = "a", .qemu_machine = "m", .qemu_cpu = "old", .kvm_cpu = "host", .console = "c"
	};
	const struct {
		const char *asked, *accel, *want;
	} cases[] = {
		{ NULL, "tcg", "old" }, { NULL, "kvm", "host" }, { "own", "kvm", "own" }, { "own", "tcg", "own" }
	};

	for (size_t i = 0; i < countof(cases); i++) {
		const struct catalog_machine machine = { .cpu = cases[i].asked };
		autojson json_t *spec = qemu_board_spec(&board, &machine, cases[i].accel);

		assert_string_equal(json_str_or(spec, "cpu", ""), cases[i].want);
	}
}

static void kvm_is_for_boards_of_this_machines_kind(void **state)
{
	struct utsname host;
	const char *machines[] = { host.machine }, *accel = NULL;
	const struct catalog_arch arch = { .name = "a",
					   .machines = { machines, 1 },
					   .big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };
	const struct catalog_board board = { .name = "b", .tcg_only = true };
	autojson json_t *qemu = json_pack("{s:s}", "digest", "aa");
	struct err err = { 0 };

	assert_int_equal(uname(&host), 0);
	assert_true(arch_is_native(&arch));
	assert_int_equal(qemu_accel("/nonexistent", &arch, &board, qemu, "kvm", &accel, &err), -1);
	assert_non_null(strstr(err.msg, "there is none of the board b"));
	assert_int_equal(qemu_accel("/nonexistent", &arch, &board, qemu, NULL, &accel, &err), 0);
	assert_string_equal(accel, "tcg");
}

/* ---- the loop: the child process of each test plays the QEMU ---- */

struct play {
	struct loop_result result;
	const struct judge_result *said;
	struct judge_rules *rules;
	struct judge *judge;
	char log[40];
	int64_t told_at; /* clock_ms() when the child wrote its deciding line */
	int status;
};

struct theirs {
	int qmp, stamp;
};

static void say(const char *text)
{
	struct err err = { 0 };

	if (fs_write_all(1, text, strlen(text), &err) < 0)
		_exit(9);
}

static void event(const struct theirs *t, const char *text)
{
	if (send(t->qmp, text, strlen(text), MSG_NOSIGNAL) < 0)
		_exit(9);
}

#define RESUME "{\"event\":\"RESUME\"}\n"

static void await_cont(const struct theirs *t)
{
	char text[4096];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		ssize_t got = read(t->qmp, text + n, sizeof(text) - 1 - n);

		if (got <= 0)
			_exit(9);
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, "\"cont\""))
			break;
	}
	event(t, RESUME);
}

static pid_t start(void (*qemu)(const struct theirs *), int console[2], int errors[2], int keys[2], int qmp[2],
		   int stamp[2])
{
	pid_t pid;

	if (pipe(console) || pipe(errors) || pipe(stamp) || socketpair(AF_UNIX, SOCK_STREAM, 0, keys) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, qmp))
		fail();
	pid = fork();
	if (pid == 0) {
		struct theirs t = { qmp[1], stamp[1] };

		dup2(keys[1], 0);
		dup2(console[1], 1);
		dup2(errors[1], 2);
		close(console[0]);
		close(qmp[0]);
		qemu(&t);
		_exit(0);
	}
	close(console[1]);
	close(errors[1]);
	close(keys[1]);
	close(qmp[1]);
	close(stamp[1]);
	return pid;
}

static struct play *play(void (*qemu)(const struct theirs *), struct loop_options o, bool need_marker)
{
	static const struct judge_pattern patterns[] = {
		{ "panic", "^Kernel panic - not syncing", VERDICT_FAIL, true, true, false },
		{ "rebooting", "^Rebooting in ", VERDICT_FAIL, false, false, true },
	};
	struct play *p = mem_alloc(sizeof(*p));
	int console[2], errors[2], keys[2], qmp[2], stamp[2];
	struct sandbox_child child = { .report = -1 };
	struct err err = { 0 };

	strcpy(p->log, "/tmp/kiln-test-console-XXXXXX");
	assert_int_equal(judge_rules_new(patterns, 2, NULL, &p->rules, &err), 0);
	p->judge = judge_new(p->rules, &(struct judge_options){ .need_marker = need_marker });
	child.pid = start(qemu, console, errors, keys, qmp, stamp);
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	o.judge = p->judge;
	o.child = &child;
	o.console = console[0];
	o.errors = errors[0];
	o.keys = keys[0];
	o.qmp = qmp[0];
	o.log = mkstemp(p->log);
	if (!o.max_bytes)
		o.max_bytes = 1 << 20;
	assert_int_equal(loop_run(&o, &p->result, &err), 0);
	assert_int_equal(waitpid(child.pid, &p->status, 0), child.pid);
	if (read(stamp[0], &p->told_at, sizeof(p->told_at)) < 0)
		fail();
	for (size_t i = 0; i < 5; i++)
		close((int[]){ console[0], errors[0], keys[0], qmp[0], stamp[0] }[i]);
	close(child.pidfd);
	close(o.log);
	return p;
}

static void play_free(struct play *p)
{
	unlink(p->log);
	judge_free(p->judge);
	judge_rules_free(p->rules);
	loop_result_free(&p->result);
	free(p);
}

static void marker_then_hang(const struct theirs *t)
{
	struct err err = { 0 };
	int64_t now;

	await_cont(t);
	say(MARK_START " machine=paper cpus=1\n");
	poll(NULL, 0, 50);
	now = clock_ms();
	fs_write_all(t->stamp, &now, sizeof(now), &err);
	say(MARK_DONE " status=0\n");
	pause();
}

static void the_verdict_comes_within_10_ms_and_a_deaf_qemu_is_killed(void **state)
{
	struct play *p = play(marker_then_hang, (struct loop_options){ .limit_ms = 20000, .silence_ms = 10000 }, true);
	int64_t late = p->result.ended_at - p->told_at;

	assert_int_equal(p->result.end, LOOP_DECIDED);
	assert_true(p->told_at > 0);
	assert_true(late >= 0 && late <= 10);
	assert_true(WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGKILL);
	assert_true(clock_ms() - p->result.ended_at < 2000);
	play_free(p);
}

static void says_nothing(const struct theirs *t)
{
	await_cont(t);
	pause();
}

static void silence_ends_a_boot(void **state)
{
	struct play *p = play(says_nothing, (struct loop_options){ .limit_ms = 20000, .silence_ms = 200 }, true);

	assert_int_equal(p->result.end, LOOP_SILENCE);
	play_free(p);
}

static void chatters(const struct theirs *t)
{
	await_cont(t);
	for (;;) {
		say("still here\n");
		poll(NULL, 0, 20);
	}
}

static void the_limit_ends_a_boot_that_talks(void **state)
{
	struct play *p = play(chatters, (struct loop_options){ .limit_ms = 300, .silence_ms = 200 }, true);

	assert_int_equal(p->result.end, LOOP_LIMIT);
	play_free(p);
}

static void floods(const struct theirs *t)
{
	await_cont(t);
	for (;;)
		say("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "\n");
}

static void a_flood_is_cut_at_its_bound(void **state)
{
	struct play *p = play(floods, (struct loop_options){ .limit_ms = 20000, .max_bytes = 300000 }, true);
	autobuf struct buf log = { 0 };
	struct err err = { 0 };

	assert_int_equal(p->result.end, LOOP_FLOOD);
	assert_int_equal(fs_read(AT_FDCWD, p->log, 1 << 20, &log, &err), 0);
	assert_int_equal(log.n, 300000);
	play_free(p);
}

static void panics_and_resets(const struct theirs *t)
{
	await_cont(t);
	say("Kernel panic - not syncing: no init\nRebooting in 1 seconds..\n");
	pause();
}

static void the_last_line_of_a_trace_decides(void **state)
{
	struct play *p = play(panics_and_resets, (struct loop_options){ .limit_ms = 20000, .silence_ms = 10000 }, true);

	assert_int_equal(p->result.end, LOOP_DECIDED);
	assert_int_equal(judge_result(p->judge)->verdict, VERDICT_FAIL);
	play_free(p);
}

static void panics_and_falls_silent(const struct theirs *t)
{
	await_cont(t);
	say("Kernel panic - not syncing: no init\n");
	pause();
}

static void two_seconds_of_silence_end_a_trace(void **state)
{
	int64_t start_ms = clock_ms();
	struct play *p =
		play(panics_and_falls_silent, (struct loop_options){ .limit_ms = 20000, .silence_ms = 10000 }, true);

	assert_int_equal(p->result.end, LOOP_DECIDED);
	assert_in_range(p->result.ended_at - start_ms, 1900, 3500);
	play_free(p);
}

static void resets(const struct theirs *t)
{
	await_cont(t);
	say("going down\n");
	event(t, "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}\n");
}

static void a_reset_is_told_from_an_exit(void **state)
{
	struct play *p = play(resets, (struct loop_options){ .limit_ms = 20000 }, true);
	autobuf struct buf log = { 0 };
	struct err err = { 0 };

	assert_int_equal(p->result.end, LOOP_REBOOT);
	assert_int_equal(fs_read(AT_FDCWD, p->log, 1 << 20, &log, &err), 0);
	assert_string_equal(log.data, "going down\n");
	play_free(p);
}

static void stops_for_good(const struct theirs *t)
{
	await_cont(t);
	event(t, "{\"event\":\"STOP\"}\n{\"return\":{\"status\":\"internal-error\"}}\n");
	pause();
}

static void a_stopped_machine_is_qemus_failure(void **state)
{
	struct play *p = play(stops_for_good, (struct loop_options){ .limit_ms = 20000 }, true);

	assert_int_equal(p->result.end, LOOP_BROKEN);
	assert_non_null(strstr(p->result.problem, "internal-error"));
	play_free(p);
}

static void never_starts(const struct theirs *t)
{
	pause();
}

static void a_machine_that_never_runs_is_not_called_silent(void **state)
{
	struct play *p = play(never_starts, (struct loop_options){ .limit_ms = 20000, .silence_ms = 200 }, true);

	assert_int_equal(p->result.end, LOOP_BROKEN);
	assert_non_null(strstr(p->result.problem, "did not start"));
	play_free(p);
}

static void complains(const struct theirs *t)
{
	struct err err = { 0 };

	fs_write_all(2, "fake: unable to find CPU model 'x'\n", 35, &err);
	_exit(1);
}

static void what_qemu_complains_of_is_kept(void **state)
{
	struct play *p = play(complains, (struct loop_options){ .limit_ms = 20000 }, true);

	assert_int_equal(p->result.end, LOOP_EXIT);
	assert_false(p->result.started);
	assert_string_equal(p->result.errors.data, "fake: unable to find CPU model 'x'\n");
	assert_int_equal(WEXITSTATUS(p->status), 1);
	play_free(p);
}

static void powers_off_in_vain(const struct theirs *t)
{
	await_cont(t);
	say("reboot: Po");
	poll(NULL, 0, 20);
	say("wer down\n");
	pause();
}

static void last_words_end_a_machine_that_cannot_power_off(void **state)
{
	struct play *p =
		play(powers_off_in_vain, (struct loop_options){ .limit_ms = 20000, .poweroff_hangs = true }, false);

	assert_int_equal(p->result.end, LOOP_EXIT);
	play_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(argv_is_as_in_the_golden_cases),
		cmocka_unit_test(qmp_knows_the_messages_of_a_boot),
		cmocka_unit_test(qmp_takes_any_cut),
		cmocka_unit_test(qmp_drops_an_endless_line_and_goes_on),
		cmocka_unit_test(screen_passes_colours_and_drops_what_programs_the_terminal),
		cmocka_unit_test(version_is_read_and_compared_by_number),
		cmocka_unit_test(machines_are_whole_names),
		cmocka_unit_test(hints_say_what_to_do),
		cmocka_unit_test(limits_are_the_boards_and_a_tenth_under_kvm),
		cmocka_unit_test(patterns_survive_the_way_through_the_spec),
		cmocka_unit_test(kvm_needs_a_proof_for_this_qemu),
		cmocka_unit_test(each_accelerator_has_its_cpu),
		cmocka_unit_test(kvm_is_for_boards_of_this_machines_kind),
		cmocka_unit_test(the_verdict_comes_within_10_ms_and_a_deaf_qemu_is_killed),
		cmocka_unit_test(silence_ends_a_boot),
		cmocka_unit_test(the_limit_ends_a_boot_that_talks),
		cmocka_unit_test(a_flood_is_cut_at_its_bound),
		cmocka_unit_test(the_last_line_of_a_trace_decides),
		cmocka_unit_test(two_seconds_of_silence_end_a_trace),
		cmocka_unit_test(a_reset_is_told_from_an_exit),
		cmocka_unit_test(a_stopped_machine_is_qemus_failure),
		cmocka_unit_test(a_machine_that_never_runs_is_not_called_silent),
		cmocka_unit_test(what_qemu_complains_of_is_kept),
		cmocka_unit_test(last_words_end_a_machine_that_cannot_power_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
