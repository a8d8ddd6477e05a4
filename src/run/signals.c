/* Signals that end a run before its end: it can be come back to. */
#include "run/private.h"

#include <signal.h>

/* A second one ends the process at once: what labs are told takes some seconds where they are slow. But a terminal that
 * is closed says so twice, by its shell and by itself. */
static void on_signal(uv_signal_t *handle, int signal)
{
	struct run *run = handle->data;

	if (run->interrupted)
		return;
	run->interrupted = true;
	uv_signal_stop(&run->sigint);
	uv_signal_stop(&run->sigterm);
	run_cancel(run);
	if (run->lab_engine && lab_engine_running(run->lab_engine))
		run_emit(run, &(struct run_event){ .kind = RUN_LEAVING });
}

static void take(struct run *run, uv_signal_t *handle, int signal)
{
	uv_signal_init(&run->loop, handle);
	handle->data = run;
	if (signal)
		uv_signal_start(handle, on_signal, signal);
}

void signals_take(struct run *run)
{
	struct sigaction hangup = { 0 };

	/* Under nohup(1) a terminal that is closed is nothing. */
	sigaction(SIGHUP, NULL, &hangup);
	take(run, &run->sigint, SIGINT);
	take(run, &run->sigterm, SIGTERM);
	take(run, &run->sighup, hangup.sa_handler == SIG_IGN ? 0 : SIGHUP);
}

void signals_close(struct run *run)
{
	uv_close((uv_handle_t *)&run->sigint, NULL);
	uv_close((uv_handle_t *)&run->sigterm, NULL);
	uv_close((uv_handle_t *)&run->sighup, NULL);
	/* There is no more to end: only what became of the jobs is to be said. */
	if (run->interrupted)
		signal(SIGHUP, SIG_IGN);
}
