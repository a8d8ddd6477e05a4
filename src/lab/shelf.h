/* What the boots of one lab share: compiled patterns, and artefacts that were found whole. One thread's. */
#ifndef LAB_SHELF_H
#define LAB_SHELF_H

#include "base/err.h"
#include "judge/judge.h"

struct shelf;

int shelf_open(const char *home, struct shelf **out, struct err *err);
void shelf_free(struct shelf *s);

/* The patterns of this digest, compiled once. Borrowed: they live as long as the shelf. */
int shelf_rules(struct shelf *s, const char *digest, const struct judge_rules **out, struct err *err);
/* As depot_checkout, but an object that was whole before is not read again: a lab compares its digest, too. */
int shelf_checkout(struct shelf *s, const char *digest, char **path, struct err *err);

#endif
