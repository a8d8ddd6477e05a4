/* What the files of plan/ share. */
#ifndef PLAN_PRIVATE_H
#define PLAN_PRIVATE_H

#include "plan/plan.h"

/* Whether an entry of the cell's config is of its arch and of the source's kernel. */
bool config_entry_counts(const struct catalog_config_arch *entry, const struct plan_cell *cell,
			 const struct plan_facts *facts);
/* Why this source does not have the cell's config, or NULL when it does. */
const char *config_missing(const struct plan_cell *cell, const struct plan_facts *facts);
/* Which kernels have the cell's config, for plan_cell.only: in the arena; NULL when all do. */
const char *config_kernels(const struct plan_cell *cell, struct arena *a);

/* The boards a row gives an arch: those it names, or all of the arch; each with every place that it may boot at. */
void cell_places(struct plan *plan, const struct plan_request *request, struct plan_cell *cell);
bool same_build(const struct plan_cell *a, const struct plan_cell *b);
/* Why another toolchain is taken in place of the cell's, or NULL. */
const char *toolchain_unproved(const struct plan_cell *cell, const struct plan_facts *facts);

/* Why a suite is not run with the cell's final .config, in the arena; NULL when it is run. */
const char *suite_skipped(const struct catalog_suite *suite, const struct plan_state *state, struct arena *a);
/* The reasons that stand against a match, in one line; in the arena. */
const char *reasons_line(const reason_vec *reasons, struct arena *a);
/* Why the lab cannot be used, or NULL when it can. */
const char *lab_missing(const struct catalog_lab *lab, const struct plan_facts *facts);
/* Whether the lab has an available device for the board; else a reason is appended. */
bool lab_match(const struct catalog_lab *lab, const struct catalog_board *board, const struct plan_facts *facts,
	       struct arena *a, reason_vec *reasons);
struct kversion state_kernel(const struct plan_state *state);

#endif
