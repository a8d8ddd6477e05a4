/* What works for all boots in one lab, turn by turn: submits, asks for all its jobs at once, reads their logs as they
 * grow. One thread's. */
#ifndef LAB_AGENT_H
#define LAB_AGENT_H

#include "lab/engine.h"
#include "lab/lab.h"
#include "lab/parting.h"

struct agent;

struct agent_options {
	const char *home;
	const struct catalog_lab *entry;
	const json_t *types; /* of a survey of just now; NULL: it is asked for. Borrowed for the call */
	const json_t *used;  /* [[ENDED, SECONDS]]: what of the entry's minutes is used up. Likewise, or NULL */
	/* As an engine's. */
	void (*started)(const struct engine_job *job, void *data);
	void (*ended)(const struct engine_job *job, json_t *record, const struct err *err, void *data);
	/* Before a boot ends because its lab is left. */
	void (*parted)(const struct engine_job *job, const struct lab_parting *parting, void *data);
	void *data;
};

/* Opens the lab and, where its entry has one, the server of artefacts. */
int agent_new(const struct agent_options *options, struct agent **out, struct err *err);
void agent_free(struct agent *a);

/* Takes over a job (its spec's reference, too); the wish is copied. */
void agent_take(struct agent *a, const struct engine_job *job, const struct lab_wish *wish);
/* One turn; how long to wait until the next, in ms. */
int64_t agent_turn(struct agent *a);
/* Boots that have not ended. */
size_t agent_busy(const struct agent *a);
/* From any thread: what is under way ends, and turns do nothing any more. */
void agent_stop(struct agent *a);
/* Ends all boots, within seconds: those whose job still needs Kiln are cancelled, the others stay the lab's. */
void agent_leave(struct agent *a);

#endif
