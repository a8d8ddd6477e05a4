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
	const json_t *surveys; /* lab -> as lab_survey gave it just now */
	/* In the loop's thread, as an engine's. */
	void (*started)(const struct engine_job *job, void *data);
	void (*ended)(const struct engine_job *job, json_t *record, const struct err *err, void *data);
	/* Before a job ends by lab_engine_cancel: what became of what the lab has of it. */
	void (*parted)(const struct engine_job *job, const struct lab_parting *parting, void *data);
	/* How long the lab was used in the last 24 hours: [[ENDED, SECONDS]], unix time and of a device each. New
	 * reference, or NULL; asked for a lab whose entry has minutes, when it is opened. */
	json_t *(*used)(const char *lab, void *data);
	void *data;
};

/* What a job is to be beside its spec. */
struct lab_wish {
	const char *name;    /* that people see there */
	bool adopt;          /* the attempt may have a job in the lab already, which is then followed */
	const json_t *avoid; /* names of devices that earlier attempts came to nothing on, or NULL */
	const char *because; /* the reason of the first of these, or NULL */
};

int lab_engine_new(uv_loop_t *loop, const struct lab_engine_options *options, struct lab_engine **out, struct err *err);
/* Copies the job and the wish; the spec names the lab ("lab"). The lab is opened with its first job: an error ends that
 * job. An attempt whose record has "lava" with "alone" true is not worth another in this lab: no other device is there.
 */
void lab_engine_submit(struct lab_engine *e, const struct engine_job *job, const struct lab_wish *wish);
/* Begins to leave all labs; questions that are under way end. Within seconds ended is called for each job with an
 * ERR_INFRA "cancelled". Jobs that still need Kiln are cancelled there; the others go on, and are found again by their
 * attempts. */
void lab_engine_cancel(struct lab_engine *e);
/* Jobs that have not ended. */
size_t lab_engine_running(const struct lab_engine *e);
/* When nothing runs: closes its handle (the loop must run once more) and frees it. */
void lab_engine_free(struct lab_engine *e);

#endif
