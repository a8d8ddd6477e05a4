/* A run as a person follows it: how it goes while it does, and what came of it. */
#ifndef CMD_FOLLOW_H
#define CMD_FOLLOW_H

#include "base/json.h"
#include "run/run.h"

#include <stdbool.h>

/* Carries the run out and prints its matrix, or its document as JSON; home is the option --home as it was given, or
 * NULL. Fills program and event of the options. Returns the exit status. */
int follow(struct run_options *run, bool json, const char *home);

/* Prints the document of a run that has finished, in the same way. Returns the exit status. */
int follow_finished(const json_t *document, const struct run_options *run, bool json, const char *home);

#endif
