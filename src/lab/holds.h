/* Jobs that were given a device which their boot is to avoid. Each keeps its device busy, so that LAVA gives another
 * one to the boot's next job. */
#ifndef LAB_HOLDS_H
#define LAB_HOLDS_H

#include "base/mem.h"

#include <jansson.h>
#include <stdint.h>

struct hold {
	int64_t id; /* the lab's number of the job */
	char *device;
	int slot;                  /* of the jobs at once, -1: none */
	int64_t since_ms, over_ms; /* clock_ms; 0: not over */
};

struct holds {
	VEC(struct hold) all;
};

/* Takes the slot over. */
void holds_add(struct holds *h, int64_t id, const char *device, int slot);
/* How many are not over. */
size_t holds_busy(const struct holds *h);
/* How long all of them had their devices. */
int64_t holds_ms(const struct holds *h);
/* [{"job","device"}], new reference. */
json_t *holds_json(const struct holds *h);
void holds_free(struct holds *h);

#endif
