/* The job that the lab has for a boot, as this Kiln's own: found again, cancelled, left. */
#ifndef LAB_OWN_H
#define LAB_OWN_H

#include "lab/boot.h"
#include "lab/lab.h"
#include "lab/parting.h"

/* Jobs that one attempt may have in turn: all but the last are holds. */
enum { OWN_TURNS = 4 };

/* How the boot's next job is called, by whose end it is found again: "NAME kiln ATTEMPT", and from the second on
 * "NAME kiln TURN ATTEMPT". Owned. */
char *own_description(const char *name, const struct boot *b);
/* Finds the newest job of the boot's attempt, and its holds where these are not known. 1: it is there. */
int own_find(struct lab *lab, struct boot *b, struct err *err);
/* 1: it is cancelled; 0: it must not be yet (job_is_ripe). */
int own_cancel(struct lab *lab, struct boot *b, struct err *err);
/* Cancels its holds: those that may be by now. */
int own_release(struct lab *lab, struct boot *b, struct err *err);
/* Its page; owned. */
char *own_url(const struct catalog_lab *entry, int64_t id);

/* Leaves it: one that still needs artefacts is cancelled where these go with this process (served). */
enum lab_fate own_part(struct lab *lab, struct boot *b, bool served);

#endif
