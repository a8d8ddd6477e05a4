/* A board held against a .config. */
#ifndef PLAN_MATCH_H
#define PLAN_MATCH_H

#include "catalog/catalog.h"

/* Whether the board can boot a kernel of this config, with what the boot is given in place of the board's own (machine,
 * or NULL): SMP and NR_CPUS follow from its CPUs. reasons gets what forbids it and, without changing
 * the answer, each prefer that is not met; symbol is "ARCH" or "kernel" where the board's architecture
 * or range of kernel versions does not fit. karch: ARCH as the .config's head has it, NULL when unknown. */
bool board_match(const struct catalog *c, const struct catalog_board *board, const struct catalog_machine *machine,
		 const struct kconfig *config, struct kversion kernel, const char *karch, struct arena *a,
		 reason_vec *reasons);

/* Whether the QEMU found for a board (as qemu_identify gives it; NULL: not looked for) is one that has it; the reason's
 * symbol is "qemu". */
bool runner_match(const json_t *qemu, struct arena *a, reason_vec *reasons);

#endif
