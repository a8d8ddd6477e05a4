#define _GNU_SOURCE
#include "qemu/loop_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

static void on_timer(uv_timer_t *timer)
{
	struct loop *l = timer->data;

	/* What came while this process did not run counts before the clock does. */
	channel_qmp(l);
	channel_console(l);
	if (!l->ended)
		loop_look_at_clock(l);
	if (l->kill_at && clock_ms() >= l->kill_at && !l->killed) {
		l->killed = true;
		sandbox_kill(l->o->child);
	}
	loop_arm(l);
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
	l->on_timer = on_timer;
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
		qmp_send(options->qmp, options->debugger ? QMP_CAPABILITIES : QMP_CAPABILITIES QMP_CONT);
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
