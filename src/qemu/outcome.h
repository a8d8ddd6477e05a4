/* From the end of a boot and the judge's word to the record: what is the kernel's doing, what is QEMU's. */
#ifndef QEMU_OUTCOME_H
#define QEMU_OUTCOME_H

#include "qemu/loop.h"
#include "step/step.h"

/* status is QEMU's, as of waitpid. Tells the judge the end, merges its result into the record and sets the verdict. */
void outcome_record(struct step *step, struct judge *judge, const struct loop_result *result, int status);

/* What to do about a line of QEMU's stderr; NULL when nothing is known. */
const char *outcome_hint(const char *line);

#endif
