/* Runs boots in labs, many at once: a thread for each lab, which asks it for all its jobs together. Beside the local
 * engine, with the same jobs and the same callbacks. */
#ifndef LAB_ENGINE_H
#define LAB_ENGINE_H

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "lab/parting.h"

#include <stdbool.h>

struct lab_engine;

struct lab_engine_options {
	const char *home;
	const struct catalog *catalog;
	/* In the loop's thread, as an engine's. */
	void (*started)(const struct engine_job *job, void *data);
	void (*ended)(const struct engine_job *job, json_t *record, const struct err *err, void *data);
	/* Before a job ends by lab_engine_cancel: what became of what the lab has of it. */
	void (*parted)(const struct engine_job *job, const struct lab_parting *parting, void *data);
	void *data;
};

int lab_engine_new(uv_loop_t *loop, const struct lab_engine_options *options, struct lab_engine **out, struct err *err);
/* Copies the job; its spec names the lab ("lab"). name is what people see there. adopt: the attempt may have a job in
 * the lab already, which is then followed. The lab is opened with its first job: an error ends that job. */
void lab_engine_submit(struct lab_engine *e, const struct engine_job *job, const char *name, bool adopt);
/* Begins to leave all labs; questions that are under way end. Within seconds ended is called for each job with an
 * ERR_INFRA "cancelled". Jobs that still need Kiln are cancelled there; the others go on, and are found again by their
 * attempts. */
void lab_engine_cancel(struct lab_engine *e);
/* Jobs that have not ended. */
size_t lab_engine_running(const struct lab_engine *e);
/* When nothing runs: closes its handle (the loop must run once more) and frees it. */
void lab_engine_free(struct lab_engine *e);

#endif
