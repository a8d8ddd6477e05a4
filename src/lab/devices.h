/* Which devices a job is to run on, and by which tags. A job of LAVA can neither name a device nor leave one out: it is
 * given any of its type that has all of its tags and whose health is Good or Unknown
 * (lava_scheduler_app/scheduler.py, schedule_jobs_for_device, 2023.01). */
#ifndef LAB_DEVICES_H
#define LAB_DEVICES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct choice {
	json_t *tags;     /* what the job asks for, the board's own among them */
	json_t *unwanted; /* names of devices that it may be given all the same, and is not to run on */
	size_t wanted;    /* devices that are available to it */
	bool again;       /* there is none but those that were to be avoided */
};

/* types: as a survey has them; lava: of the boot's spec; avoid: names of devices, or NULL. Tags are added where they
 * keep the job off devices that it is not to have: those to be avoided, those that the lab's entry leaves out, and,
 * where that is possible, those whose health is Unknown. */
void devices_choose(const json_t *types, const json_t *lava, const json_t *avoid, struct choice *out);
void choice_free(struct choice *choice);

/* A device of any type, or NULL. Borrowed. */
const json_t *devices_find(const json_t *types, const char *name);
/* Why none of the devices that have the boot's tags is available: "paper-00: its health is Maintenance; ...". Owned. */
char *devices_why(const json_t *types, const json_t *lava);
/* A device that is available to the boot and does nothing, or NULL. Borrowed. */
const char *devices_idle(const json_t *types, const json_t *lava);

#endif
