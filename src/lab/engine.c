#define _GNU_SOURCE
#include "lab/engine.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/agent.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A job on its way to a lab's thread. */
struct letter {
	struct engine_job job;
	char *name, *because;
	bool adopt;
	json_t *avoid;
};

/* What a lab's thread has to say. */
struct event {
	enum { STARTED, PARTED, ENDED } kind;
	struct engine_job job;
	json_t *record; /* of one that has ended, or NULL */
	struct err err;
	struct lab_parting parting; /* its url is owned */
};

/* One lab and its thread. */
struct desk {
	struct lab_engine *engine;
	const struct catalog_lab *entry;
	pthread_t thread;
	pthread_cond_t wake;
	struct agent *agent; /* the thread's own; NULL before it has one, and in the end */
	VEC(struct letter) inbox;
	bool leaving;
	json_t *types, *used; /* for the agent */
};

struct lab_engine {
	struct lab_engine_options options;
	uv_async_t async;
	pthread_mutex_t mutex; /* of inboxes, events and who leaves */
	VEC(struct desk *) desks;
	VEC(struct event) events;
	size_t running;
};

static void post(struct lab_engine *e, const struct event *event)
{
	pthread_mutex_lock(&e->mutex);
	*vec_push(&e->events) = *event;
	pthread_mutex_unlock(&e->mutex);
	uv_async_send(&e->async);
}

static void on_started(const struct engine_job *job, void *data)
{
	const struct desk *d = data;

	post(d->engine, &(struct event){ .kind = STARTED, .job = *job });
}

static void on_parted(const struct engine_job *job, const struct lab_parting *parting, void *data)
{
	const struct desk *d = data;
	struct event event = { .kind = PARTED, .job = *job, .parting = *parting };

	event.parting.url = parting->url ? mem_strdup(parting->url) : NULL;
	event.parting.lab = d->entry->name;
	post(d->engine, &event);
}

static void on_ended(const struct engine_job *job, json_t *record, const struct err *err, void *data)
{
	const struct desk *d = data;
	struct event event = { .kind = ENDED, .job = *job, .record = json_incref(record), .err = *err };

	json_incref(event.job.spec);
	post(d->engine, &event);
}

static void event_tell(struct lab_engine *e, struct event *event)
{
	switch (event->kind) {
	case STARTED:
		e->options.started(&event->job, e->options.data);
		return;
	case PARTED:
		e->options.parted(&event->job, &event->parting, e->options.data);
		free((char *)event->parting.url);
		return;
	case ENDED:
		e->running--;
		e->options.ended(&event->job, event->record, &event->err, e->options.data);
		json_decref(event->record);
		json_decref(event->job.spec);
		return;
	}
}

/* In the thread of the loop. */
static void on_async(uv_async_t *async)
{
	struct lab_engine *e = async->data;

	for (;;) {
		struct event event;

		pthread_mutex_lock(&e->mutex);
		if (!e->events.n) {
			pthread_mutex_unlock(&e->mutex);
			return;
		}
		event = e->events.data[0];
		memmove(e->events.data, e->events.data + 1, --e->events.n * sizeof(event));
		pthread_mutex_unlock(&e->mutex);
		event_tell(e, &event);
	}
}

/* With the mutex held: takes one letter out. */
static bool letter_take(struct desk *d, struct letter *letter)
{
	if (!d->inbox.n)
		return false;
	*letter = d->inbox.data[0];
	memmove(d->inbox.data, d->inbox.data + 1, --d->inbox.n * sizeof(*letter));
	return true;
}

static void letter_free(struct letter *letter)
{
	free(letter->name);
	free(letter->because);
	json_decref(letter->avoid);
}

static void letter_give(struct agent *agent, const struct letter *letter)
{
	agent_take(agent, &letter->job,
		   &(struct lab_wish){ letter->name, letter->adopt, letter->avoid, letter->because });
}

/* Nobody works here: whatever comes ends with the error that opening the lab gave. */
static void letter_refuse(struct desk *d, struct letter *letter, const struct err *err)
{
	on_started(&letter->job, d);
	on_ended(&letter->job, NULL, err, d);
	json_decref(letter->job.spec);
}

/* With the mutex held: gives the letters to the agent. */
static void inbox_empty(struct desk *d, struct agent *agent, const struct err *err)
{
	struct letter letter;

	while (letter_take(d, &letter)) {
		pthread_mutex_unlock(&d->engine->mutex);
		if (agent)
			letter_give(agent, &letter);
		else
			letter_refuse(d, &letter, err);
		letter_free(&letter);
		pthread_mutex_lock(&d->engine->mutex);
	}
}

static void moment_after(int64_t ms, struct timespec *at)
{
	clock_gettime(CLOCK_MONOTONIC, at);
	at->tv_sec += ms / 1000;
	at->tv_nsec += ms % 1000 * 1000000;
	if (at->tv_nsec >= 1000000000) {
		at->tv_sec++;
		at->tv_nsec -= 1000000000;
	}
}

/* With the mutex held: until somebody wakes the desk, or ms have passed. */
static void desk_wait(struct desk *d, int64_t ms)
{
	struct timespec until;

	if (d->inbox.n || d->leaving)
		return;
	if (ms < 0) {
		pthread_cond_wait(&d->wake, &d->engine->mutex);
		return;
	}
	moment_after(ms, &until);
	pthread_cond_timedwait(&d->wake, &d->engine->mutex, &until);
}

/* Whatever comes in meanwhile. False: the lab is to be left. */
static bool desk_pause(struct desk *d, int64_t ms)
{
	struct timespec until;
	bool leaving;

	moment_after(ms, &until);
	pthread_mutex_lock(&d->engine->mutex);
	while (!d->leaving && pthread_cond_timedwait(&d->wake, &d->engine->mutex, &until) == 0)
		;
	leaving = d->leaving;
	pthread_mutex_unlock(&d->engine->mutex);
	return !leaving;
}

/* Where another Kiln listens at the entry's port, its end is waited for. NULL: err says why. */
static struct agent *agent_open(struct desk *d, const struct agent_options *options, struct err *err)
{
	int64_t begun = clock_ms();
	struct agent *agent;

	for (;;) {
		*err = (struct err){ 0 };
		if (agent_new(options, &agent, err) == 0)
			return agent;
		if (err->num != EADDRINUSE || clock_ms() - begun > d->entry->patience_ms ||
		    !desk_pause(d, d->entry->poll_ms))
			return NULL;
	}
}

static void *desk_work(void *data)
{
	struct desk *d = data;
	const struct agent_options options = {
		.home = d->engine->options.home,
		.entry = d->entry,
		.types = d->types,
		.used = d->used,
		.started = on_started,
		.ended = on_ended,
		.parted = on_parted,
		.data = d,
	};
	struct err err = { 0 };
	struct agent *agent = agent_open(d, &options, &err);

	pthread_mutex_lock(&d->engine->mutex);
	d->agent = agent;
	while (!d->leaving) {
		int64_t ms = -1;

		inbox_empty(d, agent, &err);
		pthread_mutex_unlock(&d->engine->mutex);
		if (agent && agent_busy(agent))
			ms = agent_turn(agent);
		if (agent && !agent_busy(agent))
			ms = -1;
		pthread_mutex_lock(&d->engine->mutex);
		desk_wait(d, ms);
	}
	inbox_empty(d, agent, &err);
	d->agent = NULL;
	pthread_mutex_unlock(&d->engine->mutex);
	if (agent)
		agent_leave(agent);
	agent_free(agent);
	return NULL;
}

/* Copies: the other thread's. */
static void facts_for(struct desk *d)
{
	const struct lab_engine_options *o = &d->engine->options;

	d->types = json_deep_copy(json_object_get(json_object_get(o->surveys, d->entry->name), "types"));
	d->used = d->entry->minutes && o->used ? o->used(d->entry->name, o->data) : NULL;
}

static struct desk *desk_open(struct lab_engine *e, const struct catalog_lab *entry)
{
	struct desk *d = mem_alloc(sizeof(*d));
	pthread_condattr_t attributes;

	d->engine = e;
	d->entry = entry;
	facts_for(d);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&d->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&d->thread, NULL, desk_work, d) != 0)
		abort(); /* as without memory */
	*vec_push(&e->desks) = d;
	return d;
}

static struct desk *desk_of(struct lab_engine *e, const char *lab)
{
	for (size_t i = 0; i < e->desks.n; i++)
		if (strcmp(e->desks.data[i]->entry->name, lab) == 0)
			return e->desks.data[i];
	return desk_open(e, catalog_lab(e->options.catalog, lab));
}

int lab_engine_new(uv_loop_t *loop, const struct lab_engine_options *options, struct lab_engine **out, struct err *err)
{
	struct lab_engine *e = mem_alloc(sizeof(*e));

	e->options = *options;
	pthread_mutex_init(&e->mutex, NULL);
	if (uv_async_init(loop, &e->async, on_async) < 0) {
		pthread_mutex_destroy(&e->mutex);
		free(e);
		return err_infra(err, 0, "no handle for labs can be made");
	}
	e->async.data = e;
	uv_unref((uv_handle_t *)&e->async);
	*out = e;
	return 0;
}

void lab_engine_submit(struct lab_engine *e, const struct engine_job *job, const struct lab_wish *wish)
{
	struct desk *d = desk_of(e, json_str_or(job->spec, "lab", ""));
	struct letter letter = { *job, mem_strdup(wish->name), wish->because ? mem_strdup(wish->because) : NULL,
				 wish->adopt, json_deep_copy(wish->avoid) };

	json_incref(letter.job.spec);
	e->running++;
	pthread_mutex_lock(&e->mutex);
	*vec_push(&d->inbox) = letter;
	pthread_cond_signal(&d->wake);
	pthread_mutex_unlock(&e->mutex);
}

size_t lab_engine_running(const struct lab_engine *e)
{
	return e->running;
}

void lab_engine_cancel(struct lab_engine *e)
{
	pthread_mutex_lock(&e->mutex);
	for (size_t i = 0; i < e->desks.n; i++) {
		struct desk *d = e->desks.data[i];

		d->leaving = true;
		pthread_cond_signal(&d->wake);
		if (d->agent)
			agent_stop(d->agent);
	}
	pthread_mutex_unlock(&e->mutex);
}

static void desks_close(struct lab_engine *e)
{
	lab_engine_cancel(e);
	for (size_t i = 0; i < e->desks.n; i++) {
		struct desk *d = e->desks.data[i];

		pthread_join(d->thread, NULL);
		pthread_cond_destroy(&d->wake);
		vec_free(&d->inbox);
		json_decref(d->types);
		json_decref(d->used);
		free(d);
	}
	e->desks.n = 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct lab_engine *e = handle->data;

	vec_free(&e->desks);
	vec_free(&e->events);
	pthread_mutex_destroy(&e->mutex);
	free(e);
}

void lab_engine_free(struct lab_engine *e)
{
	if (!e)
		return;
	desks_close(e);
	uv_close((uv_handle_t *)&e->async, on_closed);
}
