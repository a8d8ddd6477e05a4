/* Commands that enter a root or run one program. They are in both programs that Kiln consists of: kiln itself, which
 * has no library but what these take, and kiln-commands, which has all of them and is started for whatever kiln cannot
 * do. */
#ifndef CMD_INTO_H
#define CMD_INTO_H

#include "enter/enter.h"

struct into {
	bool superuser, network;
	const char *native, *links, *source, *output; /* as of enter_options */
};

/* Finds the way. In kiln: only where it is known already. In kiln-commands: from the catalogue, with the error that
 * says what is missing, and written down for the next time. */
int way_find(const struct way_key *key, struct way *way, struct err *err);
/* Says which architecture a program is for, where that can be known. Returns -1. */
int way_explain(const char *program, struct err *err);

/* kiln root shell and run: argv is NAME [PROGRAM ARGUMENT...]. Exit status as of enter_root. */
int root_into(const char *home, bool shell, int argc, char **argv, const struct into *into, struct err *err);
/* kiln exec; argv[0] is the command. go: it was started as go_linux_GOARCH_exec, argv[0] is that name and the program
 * and its arguments follow. Exit status, or -1 with *err. */
int exec_into(int argc, char **argv, struct err *err);
int go_into(int argc, char **argv, struct err *err);
/* Whether a program's name is one under which Go starts it. */
bool is_go_name(const char *name);

#endif
