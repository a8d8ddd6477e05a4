/* A program in a sandbox in a person's place: stdin, stdout, terminal, signals and exit status are passed through. */
#ifndef CMD_ENTER_H
#define CMD_ENTER_H

#include "base/err.h"
#include "sandbox/sandbox.h"

/* Runs argv with our stdin, stdout and stderr; where stdin is a terminal, job control works. Signals that are sent to
 * us go to the program. Returns its exit status; where a signal ended it, ours is ended by the same. -1: it was
 * not started. */
int enter_run(struct sandbox *sb, const char *const *argv, struct err *err);

#endif
