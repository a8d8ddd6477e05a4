/* A host program run to its end, its output kept: git, apt-get, gcc -v. Not for builds or guests,
 * which run in a sandbox. */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/err.h"
#include "base/str.h"

struct proc {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *dir;         /* working directory, NULL for ours */
	const char *const *env;  /* "NAME=value" added to ours, NULL-terminated, or NULL */
	int input;               /* fd for stdin, 0 for /dev/null */
	size_t max_output;       /* bytes of stdout kept at most; 0: 16 MiB */
};

/* Runs it; stdout goes to out (may be NULL: discarded), stderr is kept for the message. Exit
 * status other than 0, a signal, too much output or a missing program are ERR_INFRA with the last
 * line of stderr. The child dies with its parent. */
int proc_run(const struct proc *proc, struct buf *out, struct err *err);

#endif
