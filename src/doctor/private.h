/* What the files of doctor/ share. */
#ifndef DOCTOR_PRIVATE_H
#define DOCTOR_PRIVATE_H

#include "doctor/doctor.h"

struct doctor {
	check_vec *checks;
	const char *group; /* of what is found next */
	const struct catalog *catalog;
	const char *home, *matrix;
};

/* Strings of the result are owned by it; found, which it takes over, is NULL for what is missing. It lives until the
 * next. */
struct check *check_add(struct doctor *d, const char *what, bool needed, char *found, const char *why);
/* What is missing is in this package of Debian's; NULL: in none that is known. */
void check_package(struct check *c, const char *package);
/* Looks for a program and its version. */
void check_program(struct doctor *d, const char *name, const char *package, bool needed, const char *why);

void check_host(struct doctor *d);
void check_arch(struct doctor *d, const struct catalog_arch *arch);

#endif
