/* A home of a test's own, and its removal. */
#ifndef UNIT_HOME_H
#define UNIT_HOME_H

#include "base/fs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static inline int home_make(void **state)
{
	char *home = strdup("/tmp/kiln-unit-XXXXXX");

	*state = home;
	return mkdtemp(home) ? 0 : -1;
}

static inline int home_remove(void **state)
{
	struct err err = { 0 };
	int status = fs_remove(AT_FDCWD, *state, &err);

	free(*state);
	return status;
}

#endif
