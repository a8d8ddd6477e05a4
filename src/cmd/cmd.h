/* The command line: one file a command, one table of options each. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every command: argv[0] is its own name. Returns the exit status. */
#define COMMANDS(X) \
	X(attach)   \
	X(boot)     \
	X(catalog)  \
	X(compare)  \
	X(depot)    \
	X(doctor)   \
	X(exec)     \
	X(judge)    \
	X(lab)      \
	X(log)      \
	X(minimise) \
	X(plan)     \
	X(report)   \
	X(root)     \
	X(run)      \
	X(show)     \
	X(step)     \
	X(why)

#define X(name) int cmd_##name(int argc, char **argv);
COMMANDS(X)
#undef X

enum option_type {
	OPTION_FLAG,     /* bool * */
	OPTION_STRING,   /* const char **, borrowed from argv */
	OPTION_INT,      /* int64_t *, not negative */
	OPTION_DURATION, /* int64_t *, milliseconds */
	OPTION_LIST,     /* struct option_list *: a,b,c and repeated; cut in place */
};

struct option_list {
	const char **data;
	size_t n, cap;
};

struct option {
	const char *name; /* without the dashes */
	enum option_type type;
	void *value; /* where it goes; untouched when the option is not given */
};

/* Takes the options out of argv and leaves the operands behind argv[0] (argc is lowered). "--"
 * ends the options. ERR_USER names the option, what is wrong, and points to --help. */
int options_parse(const struct option *options, size_t n, int *argc, char **argv, struct err *err);
void option_list_free(struct option_list *list);

/* One of the things that a command does: kiln root make. Each such command has a struct asked of its own: its options.
 */
struct asked;
struct verb {
	const char *name;
	const char *operands; /* as its manual page has them, "KIND NAME" */
	int least, most;      /* how many they are */
	int (*run)(const struct asked *asked, int argc, char **argv, struct err *err); /* argv: the operands */
};

#define VERB_ANY 100000 /* as many operands as there are */

/* The verb that argv[1] names; argv[0] is the command, its options taken out. NULL with ERR_USER: there is no such one,
 * or it takes other operands than there are. */
const struct verb *verb_choose(const struct verb *verbs, size_t n, int argc, char **argv, struct err *err);

/* The machine of a boot as options give it: -1 for a number that was not given, which becomes 0 here. ERR_USER for what
 * no machine has. */
struct catalog_machine;
int machine_check(struct catalog_machine *machine, struct err *err);

/* Kiln's own places. Owned strings. */
char *home_path(const char *option); /* --home, $KILN_HOME, $XDG_DATA_HOME/kiln */
char *data_path(void);               /* where catalog/ and guest-init/ are */
char *config_path(void);             /* $XDG_CONFIG_HOME/kiln: the user's own catalogue */

/* Directories of the user's catalogue and of Kiln's own. Owned strings. */
void catalog_dirs(char **own, char **shipped);
/* Loads these directories, or the user's catalogue and Kiln's own. 0, or an exit status after all faults were printed
 * to stderr. */
struct catalog;
int catalog_of(const char *const *dirs, size_t n, const struct catalog **out);
int command_catalog(const struct catalog **out);

/* Prints "kiln: MESSAGE" to stderr and returns the exit status of the error's class. */
int fail(const struct err *err);

#endif
