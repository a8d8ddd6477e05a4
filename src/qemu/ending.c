/* How a running QEMU comes to its end: by what was seen, or by the clock. */
#define _GNU_SOURCE
#include "qemu/loop_private.h"

#include "base/clock.h"

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
	qmp_send(l->o->qmp, QMP_QUIT);
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

void loop_look_at_clock(struct loop *l)
{
	const struct loop_options *o = l->o;
	int64_t now = clock_ms();

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

void loop_arm(struct loop *l)
{
	int64_t now = clock_ms(), at = next_deadline(l, now);

	if (uv_is_closing((uv_handle_t *)&l->timer))
		return;
	uv_update_time(&l->uv);
	if (at == INT64_MAX)
		uv_timer_stop(&l->timer);
	else
		uv_timer_start(&l->timer, l->on_timer, at > now ? (uint64_t)(at - now) : 0, 0);
}
