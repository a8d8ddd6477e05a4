/* A host program run to its end, its output kept: git, apt-get, gcc -v. Not for builds or guests,
 * which run in a sandbox. */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/err.h"
#include "base/str.h"

#include <stdatomic.h>

struct proc {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *dir;         /* working directory, NULL for ours */
	const char *const *env;  /* "NAME=value" added to ours, NULL-terminated, or NULL */
	int input;               /* fd for stdin, 0 for /dev/null */
	size_t max_output;       /* bytes of stdout kept at most; 0: 16 MiB */
	const atomic_bool *stop; /* once another thread has set it, the program is killed; or NULL */
};

/* Runs it; stdout goes to out (may be NULL: discarded), stderr is kept for the message. Exit
 * status other than 0, a signal, too much output or a missing program are ERR_INFRA with the last
 * line of stderr; num is ECANCELED when it was stopped. The child dies with its parent. */
int proc_run(const struct proc *proc, struct buf *out, struct err *err);

#endif
