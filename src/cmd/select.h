/* What run and plan share: the selection on the command line and how it is carried out. */
#ifndef CMD_SELECT_H
#define CMD_SELECT_H

#include "base/err.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "run/run.h"

struct selection {
	const char *home, *source;
	struct option_list archs, configs, toolchains, roots, boards, runners, options;
	const char *probability;
	int64_t jobs, seed, count; /* seed -1: none was given */
	struct catalog_machine machine;
	bool json, reuse_boots, keep_going, fallback, warm, modules, plan_only;
};

/* Parses the command line, runs it, prints what came of it; returns the exit status. */
int selection_main(int argc, char **argv, bool plan_only);

#endif
