/* Runs steps, many at once: each is a process `kiln step`, its spec on stdin, its record on stdout.
 * The local engine: as many as cores and memory allow. All builds share one GNU make jobserver, and each running
 * step holds one of its tokens, so that the machine is full and never more than full. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/clock.h"
#include "base/err.h"

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

struct engine;

enum engine_priority { ENGINE_FIRST, ENGINE_SOON, ENGINE_LATER, ENGINE_LAST, ENGINE_PRIORITIES };

struct engine_job {
	char attempt[UUID_TEXT];
	json_t *spec;      /* the engine takes a reference of its own */
	int cpus;          /* tokens it holds while it runs */
	int64_t memory_mb; /* what it may use */
	enum engine_priority priority;
	void *data; /* the caller's */
};

struct engine_options {
	const char *home;
	const char *program; /* absolute path of kiln */
	int jobs;            /* CPUs to fill */
	int64_t memory_mb;   /* to fill; one job always runs */
	void (*started)(const struct engine_job *job, void *data);
	/* record is borrowed; NULL when there is none, then err says why (ERR_INFRA, or ERR_USER for a bad spec). */
	void (*ended)(const struct engine_job *job, json_t *record, const struct err *err, void *data);
	void *data;
};

int engine_new(uv_loop_t *loop, const struct engine_options *options, struct engine **out, struct err *err);
/* Copies the job. Steps start from the loop, never from within this call. */
void engine_submit(struct engine *e, const struct engine_job *job);
/* Drops what waits and kills what runs; ended is called for each with an ERR_INFRA "cancelled". */
void engine_cancel(struct engine *e);
/* Jobs that wait and that run. */
size_t engine_waiting(const struct engine *e);
size_t engine_running(const struct engine *e);
/* When nothing waits or runs: closes its handles (the loop must run once more) and frees it. */
void engine_free(struct engine *e);

#endif
