/* The job that the lab has for a boot, as this Kiln's own: found again, cancelled, left. */
#ifndef LAB_OWN_H
#define LAB_OWN_H

#include "lab/boot.h"
#include "lab/lab.h"
#include "lab/parting.h"

/* Finds the job of the boot's attempt, whose UUID its description ends with. 1: it is there. */
int own_find(struct lab *lab, struct boot *b, struct err *err);
int own_cancel(struct lab *lab, struct boot *b, struct err *err);
/* Its page; owned. */
char *own_url(const struct catalog_lab *entry, int64_t id);

/* Leaves it: one that still needs artefacts is cancelled where these go with this process (served). */
enum lab_fate own_part(struct lab *lab, struct boot *b, bool served);

#endif
