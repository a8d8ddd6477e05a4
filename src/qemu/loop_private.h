/* What the parts of the loop share: loop.c owns the handles, channel.c reads, ending.c knows the end and the clock. */
#ifndef QEMU_LOOP_PRIVATE_H
#define QEMU_LOOP_PRIVATE_H

#include "qemu/loop.h"
#include "qemu/qmp.h"
#include "qemu/screen.h"

#include <uv.h>

enum loop_handle { HANDLE_CONSOLE, HANDLE_ERRORS, HANDLE_QMP, HANDLE_CHILD, HANDLE_TYPING, HANDLE_COUNT };

struct loop {
	const struct loop_options *o;
	struct loop_result *r;
	struct err *err;
	uv_loop_t uv;
	uv_poll_t polls[HANDLE_COUNT];
	uv_timer_t timer;
	uv_timer_cb on_timer;
	struct qmp qmp;
	struct screen screen;
	enum judge_state state;
	bool ended, killed, failed;
	int64_t started_at, last_output, kill_at; /* clock_ms() */
	bool announced;                           /* QEMU said how it is about to end */
	enum loop_end announcement;
	char tail[64]; /* the last bytes of the console */
	size_t tail_n;
	enum loop_end words_end; /* what the kernel's last words in tail mean ... */
	bool words;              /* ... when there are any */
	char scratch[65536];
};

/* The end is known: asks QEMU to quit and sets the clock for its killing. Later ends change nothing. */
void loop_finish(struct loop *l, enum loop_end end);
/* As LOOP_BROKEN, with the reason. */
void loop_broken(struct loop *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What the clock alone decides. */
void loop_look_at_clock(struct loop *l);
/* Sets the timer for the next thing that can happen by itself. */
void loop_arm(struct loop *l);

/* Each reads what is there; false at the end of the stream. */
bool channel_console(struct loop *l);
bool channel_errors(struct loop *l);
bool channel_qmp(struct loop *l);
bool channel_typing(struct loop *l);

#endif
