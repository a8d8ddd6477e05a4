/* What this host lacks, why that matters, and how to get it. */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "base/mem.h"
#include "catalog/catalog.h"

#include <stdbool.h>

struct check {
	char *group, *what;
	bool ok, needed;
	char *found;   /* version, path or amount; NULL when missing */
	char *why;     /* what it is for */
	char *get;     /* a command or a sentence; NULL when ok */
	char *package; /* Debian's, or NULL */
};
typedef VEC(struct check) check_vec;

/* Looks at the host, and for each arch at its compilers and QEMU; what MATRIX takes is needed, the rest is good to
 * have. Programs are run for their versions. Appends to checks. */
void doctor_examine(const struct catalog *catalog, const char *home, const char *matrix, check_vec *checks);
void checks_free(check_vec *checks);

#endif
