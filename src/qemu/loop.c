#define _GNU_SOURCE
#include "qemu/loop_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	QUIT_MS = 500,  /* for QEMU to follow a quit */
	TICK_MS = 100,  /* between the judge's looks at the clock within a trace */
	WORDS_MS = 1000 /* quiet after the kernel's last words */
};

void loop_finish(struct loop *l, enum loop_end end)
{
	if (l->ended)
		return;
	l->ended = true;
	l->r->end = end;
	l->r->ended_at = clock_ms();
	l->kill_at = l->r->ended_at + QUIT_MS;
	channel_send(l, QMP_QUIT);
	loop_arm(l);
}

void loop_broken(struct loop *l, const char *fmt, ...)
{
	va_list args;

	if (l->ended)
		return;
	va_start(args, fmt);
	vsnprintf(l->r->problem, sizeof(l->r->problem), fmt, args);
	va_end(args);
	loop_finish(l, LOOP_BROKEN);
}

/* A machine that never ran cannot be silent: that is QEMU's own failure. */
static void time_is_up(struct loop *l, enum loop_end end)
{
	if (l->r->started)
		loop_finish(l, end);
	else
		loop_broken(l, "QEMU did not start the machine within %" PRId64 " ms", clock_ms() - l->started_at);
}

static void earlier(int64_t *deadline, int64_t at)
{
	if (at < *deadline)
		*deadline = at;
}

static int64_t next_deadline(const struct loop *l, int64_t now)
{
	const struct loop_options *o = l->o;
	int64_t at = INT64_MAX;

	if (l->kill_at)
		earlier(&at, l->kill_at);
	if (l->ended)
		return l->killed ? now + QUIT_MS : at;
	if (o->limit_ms)
		earlier(&at, l->started_at + o->limit_ms);
	if (o->silence_ms)
		earlier(&at, l->last_output + o->silence_ms);
	if (l->words)
		earlier(&at, l->last_output + WORDS_MS);
	if (l->state == JUDGE_TRACE)
		earlier(&at, now + TICK_MS);
	return at;
}

static void look_at_clock(struct loop *l, int64_t now)
{
	const struct loop_options *o = l->o;

	if (l->state == JUDGE_TRACE)
		l->state = judge_tick(o->judge, now);
	if (l->state == JUDGE_DECIDED)
		loop_finish(l, LOOP_DECIDED);
	else if (l->announced)
		; /* it is ending by itself */
	else if (o->limit_ms && now >= l->started_at + o->limit_ms)
		time_is_up(l, LOOP_LIMIT);
	else if (l->words && now >= l->last_output + WORDS_MS)
		loop_finish(l, l->words_end);
	else if (o->silence_ms && now >= l->last_output + o->silence_ms)
		time_is_up(l, LOOP_SILENCE);
}

static void on_timer(uv_timer_t *timer)
{
	struct loop *l = timer->data;

	/* What came while this process did not run counts before the clock does. */
	channel_qmp(l);
	channel_console(l);
	if (!l->ended)
		look_at_clock(l, clock_ms());
	if (l->kill_at && clock_ms() >= l->kill_at && !l->killed) {
		l->killed = true;
		sandbox_kill(l->o->child);
	}
	loop_arm(l);
}

void loop_arm(struct loop *l)
{
	int64_t now = clock_ms(), at = next_deadline(l, now);

	if (uv_is_closing((uv_handle_t *)&l->timer))
		return;
	uv_update_time(&l->uv);
	if (at == INT64_MAX)
		uv_timer_stop(&l->timer);
	else
		uv_timer_start(&l->timer, on_timer, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Nothing more can come: takes what is still in the pipes, then leaves the loop. */
static void on_end(struct loop *l)
{
	size_t before;

	channel_qmp(l);
	channel_errors(l);
	do {
		before = l->r->bytes;
		channel_console(l);
	} while (l->r->bytes != before);
	if (!l->ended)
		loop_finish(l, l->announced ? l->announcement : LOOP_EXIT);
	uv_walk(&l->uv, close_handle, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	static bool (*const reads[HANDLE_COUNT])(struct loop *) = {
		[HANDLE_CONSOLE] = channel_console,
		[HANDLE_ERRORS] = channel_errors,
		[HANDLE_QMP] = channel_qmp,
		[HANDLE_TYPING] = channel_typing,
	};
	struct loop *l = poll->data;
	size_t handle = (size_t)(poll - l->polls);

	if (handle == HANDLE_CHILD)
		on_end(l);
	else if (!reads[handle](l))
		uv_poll_stop(poll);
}

static int watch(struct loop *l, enum loop_handle handle, int fd, struct err *err)
{
	uv_poll_t *poll = &l->polls[handle];
	int rc = uv_poll_init(&l->uv, poll, fd);

	if (rc == 0) {
		poll->data = l;
		rc = uv_poll_start(poll, UV_READABLE, on_readable);
	}
	return rc < 0 ? err_infra(err, -rc, "cannot watch descriptor %d of QEMU", fd) : 0;
}

static int watch_all(struct loop *l, struct err *err)
{
	const struct loop_options *o = l->o;

	uv_timer_init(&l->uv, &l->timer);
	l->timer.data = l;
	if (watch(l, HANDLE_CONSOLE, o->console, err) < 0 || watch(l, HANDLE_ERRORS, o->errors, err) < 0 ||
	    watch(l, HANDLE_QMP, o->qmp, err) < 0 || watch(l, HANDLE_CHILD, o->child->pidfd, err) < 0)
		return -1;
	return o->typing ? watch(l, HANDLE_TYPING, STDIN_FILENO, err) : 0;
}

int loop_run(const struct loop_options *options, struct loop_result *result, struct err *err)
{
	autofree struct loop *l = mem_alloc(sizeof(*l)); /* scratch is too large for a stack */
	int rc;

	l->o = options;
	l->r = result;
	l->err = err;
	l->started_at = l->last_output = clock_ms();
	rc = uv_loop_init(&l->uv);
	if (rc < 0) {
		sandbox_kill(options->child);
		return err_infra(err, -rc, "cannot make an event loop");
	}
	if (watch_all(l, err) < 0) {
		l->failed = true;
		sandbox_kill(options->child);
		uv_walk(&l->uv, close_handle, NULL);
	} else {
		channel_send(l, options->debugger ? QMP_CAPABILITIES : QMP_CAPABILITIES QMP_CONT);
		loop_arm(l);
	}
	uv_run(&l->uv, UV_RUN_DEFAULT);
	uv_loop_close(&l->uv);
	qmp_free(&l->qmp);
	return l->failed ? -1 : 0;
}

void loop_result_free(struct loop_result *result)
{
	buf_free(&result->errors);
}
