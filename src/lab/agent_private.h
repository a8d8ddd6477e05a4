/* What the files that work for a lab's boots share. */
#ifndef LAB_AGENT_PRIVATE_H
#define LAB_AGENT_PRIVATE_H

#include "base/mem.h"
#include "lab/agent.h"
#include "lab/boot.h"
#include "lab/budget.h"
#include "lab/own.h"
#include "lab/private.h"
#include "lab/shelf.h"
#include "lab/store.h"

struct errand {
	struct engine_job job;
	struct boot *boot;
	char *name;       /* of its jobs, as people read it */
	int slot;         /* of the jobs at once, -1: none */
	int64_t taken_ms; /* clock_ms */
};

struct agent {
	struct agent_options options;
	struct lab *lab;
	struct store *store;
	struct shelf *shelf;
	VEC(struct errand *) errands;
	json_t *types;    /* what the lab has, as a survey says it; NULL: not known yet */
	int64_t types_ms; /* clock_ms of that */
	struct budget budget;
	int64_t silent_since; /* clock_ms of the first question that had no answer since the last that had, 0: none */
	int64_t back_off;
	bool full; /* in this turn no place was free */
};

/* errand.c */
void errand_free(struct errand *e);
/* Takes its artefacts back from where the lab reads them. */
void errand_withdraw(struct agent *a, struct errand *e);
/* Says how it ended, and forgets it. */
void errand_forget(struct agent *a, size_t i, const struct err *err);
/* Both. */
void errand_end(struct agent *a, size_t i, const struct err *err);
/* Ends the boot without a job's result: infra or skip. */
void errand_abandon(struct agent *a, size_t i, enum verdict verdict, const char *reason);
/* Asks what the lab has where that was last known before a moment (clock_ms). */
int types_since(struct agent *a, int64_t since_ms, struct err *err);

/* slot.c: takes one of the jobs at once that the entry allows all Kilns at this home, unless the errand has one. 1: it
 * is the errand's until its slot is freed or left, or the process ends; 0: none is free. */
int slot_take(const struct agent *a, struct errand *e, struct err *err);

/* submit.c: submits what may be submitted. -1: the lab does not answer. */
int send_new(struct agent *a, struct err *err);

/* avoid.c: looks which devices jobs were given, before their logs are read: one that is on a device to be avoided
 * becomes a hold, one that is on a device which the entry leaves out is given up. */
void avoid_watch(struct agent *a);
/* Where all other devices have gone meanwhile, those that were to be avoided are what there is. */
void avoid_check(const struct agent *a, struct boot *b);

/* watch.c: gives up the boots that wait in vain: for a device, or for a worker that is gone. -1: the lab does not
 * answer. */
int watch_all(struct agent *a, struct err *err);

#endif
