/* What becomes of a boot's job in a lab when its Kiln leaves. */
#ifndef LAB_PARTING_H
#define LAB_PARTING_H

#include <stdbool.h>
#include <stdint.h>

enum lab_fate {
	LAB_FATE_NONE,      /* there is no job */
	LAB_FATE_CANCELLED, /* it still needed what Kiln's own server has */
	LAB_FATE_EARLY,     /* it does, and has begun too lately to be cancelled without harm (job_is_ripe) */
	LAB_FATE_LEFT,      /* it goes on by itself */
	LAB_FATE_UNSURE,    /* the lab did not say in time */
};

/* Whether there is nothing to come back to. */
static inline bool lab_is_gone(enum lab_fate fate)
{
	return fate == LAB_FATE_NONE || fate == LAB_FATE_CANCELLED;
}

struct lab_parting {
	enum lab_fate fate;
	const char *lab;
	int64_t id;      /* of the job, 0: not known */
	const char *url; /* its page; NULL without an id */
};

#endif
