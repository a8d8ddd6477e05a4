/* What goes on in a run, as its caller hears of it. */
#include "run/private.h"

size_t run_waiting(const struct run *run)
{
	return run->engine ? engine_waiting(run->engine) : 0;
}

size_t run_running(const struct run *run)
{
	return (run->engine ? engine_running(run->engine) : 0) +
	       (run->lab_engine ? lab_engine_running(run->lab_engine) : 0);
}

void run_cancel(struct run *run)
{
	engine_cancel(run->engine);
	if (run->lab_engine)
		lab_engine_cancel(run->lab_engine);
}

void run_emit(struct run *run, struct run_event *event)
{
	event->run = run->id;
	event->resumed = run->resumed;
	event->finished = run->finished;
	event->running = run_running(run);
	event->waiting = run_waiting(run);
	if (run->options->event)
		run->options->event(event, run->options->data_for_event);
}
