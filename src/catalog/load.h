/* What loading shares between its files. */
#ifndef CATALOG_LOAD_H
#define CATALOG_LOAD_H

#include "catalog/read.h"

/* All pattern files as one list; a name in an earlier directory hides it in later ones. */
void patterns_read(struct reader *r, struct catalog *c);
/* Holds what concerns several keys or several entries against an entry that was read from node. */
void entry_check(struct reader *r, const struct catalog *c, enum kind kind, const void *entry, const struct node *node);
/* The i-th entry of a kind. */
const void *catalog_at(const struct catalog *c, enum kind kind, size_t i);
size_t catalog_count(const struct catalog *c, enum kind kind);

#endif
