/* What comes over each descriptor of a running QEMU, and what it means. */
#define _GNU_SOURCE
#include "qemu/loop_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "qemu/qemu.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { ERRORS_MAX = 65536, READS_AT_ONCE = 16 };

/* Bytes read into scratch, 0 when nothing is there for now, -1 at the end of the stream. */
static ssize_t read_some(struct loop *l, int fd)
{
	for (;;) {
		ssize_t n = read(fd, l->scratch, sizeof(l->scratch));

		if (n > 0)
			return n;
		if (n < 0 && errno == EINTR)
			continue;
		return n < 0 && errno == EAGAIN ? 0 : -1;
	}
}

static void keep_tail(struct loop *l, size_t n)
{
	size_t take = n < sizeof(l->tail) ? n : sizeof(l->tail);
	size_t keep = l->tail_n < sizeof(l->tail) - take ? l->tail_n : sizeof(l->tail) - take;

	memmove(l->tail, l->tail + l->tail_n - keep, keep);
	memcpy(l->tail + keep, l->scratch + n - take, take);
	l->tail_n = keep + take;
}

static bool tail_has(const struct loop *l, const char *words)
{
	return memmem(l->tail, l->tail_n, words, strlen(words)) != NULL;
}

/* What kernel/reboot.c prints last: on a machine that then stays on, nothing else will tell. */
static void hear_last_words(struct loop *l, size_t n)
{
	bool off, restart;

	if (!l->o->poweroff_hangs && !l->o->reboot_hangs)
		return;
	keep_tail(l, n);
	off = tail_has(l, "reboot: Power down") || tail_has(l, "reboot: System halted") ||
	      tail_has(l, "System halted instead");
	restart = tail_has(l, "reboot: Restarting system");
	l->words = (off && l->o->poweroff_hangs) || (restart && l->o->reboot_hangs);
	l->words_end = off ? LOOP_EXIT : LOOP_REBOOT;
}

/* stdout is often the same open file as stdin, which the loop made non-blocking. */
static void show(struct loop *l, size_t n)
{
	struct pollfd screen = { STDOUT_FILENO, POLLOUT, 0 };
	autobuf struct buf out = { 0 };

	screen_filter(&l->screen, l->scratch, n, &out);
	for (size_t done = 0; done < out.n;) {
		ssize_t wrote = write(STDOUT_FILENO, out.data + done, out.n - done);

		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote < 0 && errno == EAGAIN)
			poll(&screen, 1, -1);
		else if (errno != EINTR)
			return;
	}
}

/* Into the log as far as it may grow; false when that was too much. */
static bool keep(struct loop *l, size_t n)
{
	uint64_t room = l->o->max_bytes > l->r->bytes ? l->o->max_bytes - l->r->bytes : 0;
	size_t take = n < room ? n : (size_t)room;

	l->r->bytes += n;
	if (!l->failed && fs_write_all(l->o->log, l->scratch, take, l->err) < 0) {
		l->failed = true;
		loop_broken(l, "the console log cannot be written");
	}
	return take == n;
}

static void console_bytes(struct loop *l, size_t n)
{
	enum judge_state before = l->state;
	bool fits = keep(l, n);

	l->last_output = clock_ms();
	if (l->o->typing)
		show(l, n);
	if (l->ended)
		return;
	hear_last_words(l, n);
	l->state = judge_feed(l->o->judge, l->scratch, n, l->last_output);
	if (l->state == JUDGE_DECIDED)
		loop_finish(l, LOOP_DECIDED);
	else if (!fits)
		loop_finish(l, LOOP_FLOOD);
	else if (l->state != before || l->words)
		loop_arm(l);
}

bool channel_console(struct loop *l)
{
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t n = read_some(l, l->o->console);

		if (n <= 0)
			return n == 0;
		console_bytes(l, (size_t)n);
	}
	return true;
}

bool channel_errors(struct loop *l)
{
	struct buf *kept = &l->r->errors;
	ssize_t n = read_some(l, l->o->errors);

	if (n > 0 && kept->n < ERRORS_MAX)
		buf_add(kept, l->scratch, (size_t)n < ERRORS_MAX - kept->n ? (size_t)n : ERRORS_MAX - kept->n);
	return n >= 0;
}

static void announce(struct loop *l, enum loop_end end)
{
	l->announced = true;
	l->announcement = end;
	l->kill_at = clock_ms() + 2000; /* it ends by itself; flushing may take it a while */
	loop_arm(l);
}

static void shut_down(struct loop *l, enum qmp_cause cause)
{
	switch (cause) {
	case QMP_CAUSE_HOST_ERROR:
		loop_broken(l, "QEMU stopped the machine for an error of its own");
		break;
	case QMP_CAUSE_HOST_SIGNAL:
	case QMP_CAUSE_HOST_UI:
		loop_broken(l, "QEMU was ended from outside");
		break;
	case QMP_CAUSE_GUEST_RESET:
	case QMP_CAUSE_SUBSYSTEM_RESET:
		announce(l, LOOP_REBOOT);
		break;
	case QMP_CAUSE_GUEST_PANIC:
		l->r->panicked = true;
		announce(l, LOOP_EXIT);
		break;
	case QMP_CAUSE_NONE:
	case QMP_CAUSE_HOST_QUIT:
	case QMP_CAUSE_HOST_RESET:
	case QMP_CAUSE_GUEST_SHUTDOWN:
		announce(l, LOOP_EXIT);
		break;
	}
}

/* A machine that QEMU holds for good; a debugger's stops are "debug" and "paused". */
static void status(struct loop *l, const char *text)
{
	if (strcmp(text, "internal-error") == 0 || strcmp(text, "io-error") == 0)
		loop_broken(l, "QEMU stopped the machine: %s", text);
	else if (strcmp(text, "guest-panicked") == 0)
		l->r->panicked = true;
}

static void message(struct loop *l, const struct qmp_message *m)
{
	switch (m->kind) {
	case QMP_RESUME:
		l->r->started = true;
		break;
	case QMP_STOP:
		qmp_send(l->o->qmp, QMP_QUERY_STATUS);
		break;
	case QMP_STATUS:
		status(l, m->text);
		break;
	case QMP_PANICKED:
		l->r->panicked = true;
		break;
	case QMP_SHUTDOWN:
		if (!l->ended)
			shut_down(l, m->cause);
		break;
	case QMP_ERROR:
		if (!l->r->started && !l->o->debugger)
			loop_broken(l, "QEMU does not start the machine: %s", m->text);
		break;
	case QMP_BAD:
		loop_broken(l, "QEMU's control channel speaks no QMP");
		break;
	case QMP_RESET:
	case QMP_GREETING:
	case QMP_OTHER:
		break;
	}
}

bool channel_qmp(struct loop *l)
{
	struct qmp_message m;
	ssize_t n = read_some(l, l->o->qmp);

	if (n <= 0)
		return n == 0;
	qmp_add(&l->qmp, l->scratch, (size_t)n);
	while (qmp_next(&l->qmp, &m))
		message(l, &m);
	return true;
}

bool channel_typing(struct loop *l)
{
	ssize_t n = read_some(l, STDIN_FILENO);
	const char *leave;

	if (n <= 0)
		return n == 0;
	leave = memchr(l->scratch, QEMU_LEAVE_KEY, (size_t)n);
	if (leave)
		n = leave - l->scratch;
	/* What a full line buffer does not take is lost, as on any serial line. */
	(void)!send(l->o->keys, l->scratch, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (leave)
		loop_finish(l, LOOP_LEFT);
	return true;
}
