/* One program, run to its end under a time limit, its output passed on to the console line by line. */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stdint.h>

struct child_end {
	int error;    /* it was not started, or 0 */
	bool timeout; /* it was killed at the limit */
	int signal;   /* that ended it, or 0 */
	int status;   /* of its exit */
};

/* Whatever it leaves running is killed. limit: milliseconds. */
void child_run(const char *path, uint32_t limit, struct child_end *end);

#endif
