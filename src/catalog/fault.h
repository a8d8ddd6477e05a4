/* Faults of the catalogue: collected from all files, shown at once. */
#ifndef CATALOG_FAULT_H
#define CATALOG_FAULT_H

#include "base/mem.h"
#include "base/str.h"

/* line and column count from 1. */
struct place {
	const char *file;
	int line, column;
};

struct fault {
	struct place at;
	const char *text;
};

struct faults {
	struct arena *arena; /* of the texts */
	VEC(struct fault) list;
};

void fault_add(struct faults *faults, struct place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sorts them by place, drops repetitions (a parent's fault is found once by each child) and
 * appends a line for each; returns how many. */
size_t faults_print(struct faults *faults, struct buf *out);
void faults_free(struct faults *faults);

#endif
