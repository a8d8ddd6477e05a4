/* Failures that the catalogue knows. */
#ifndef PLAN_KNOWN_H
#define PLAN_KNOWN_H

#include "plan/plan.h"

/* Turns a fail that the catalogue knows into known, and says in the reason which entry and link, or that the entry
 * has expired. board: NULL for the build itself. Other verdicts stay. */
void known_apply(const struct plan *plan, size_t cell, const char *board, const struct plan_facts *facts,
		 const struct plan_state *state, const json_t *record, struct plan_verdict *verdict, struct arena *a);

#endif
