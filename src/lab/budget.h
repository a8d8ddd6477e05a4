/* The time that a lab gives a user: so many minutes of its devices in any 24 hours. */
#ifndef LAB_BUDGET_H
#define LAB_BUDGET_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct use {
	int64_t ended; /* seconds since 1970 */
	double seconds;
};

struct budget {
	double limit; /* seconds, 0: any */
	VEC(struct use) uses;
};

/* In any order. */
void budget_add(struct budget *b, int64_t ended, double seconds);
/* Whether all is used up at a time when jobs have been going on for so many seconds; *again is then when some of it is
 * free again. */
bool budget_is_up(const struct budget *b, int64_t now, double going_on, int64_t *again);
void budget_free(struct budget *b);

#endif
