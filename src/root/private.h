#ifndef ROOT_PRIVATE_H
#define ROOT_PRIVATE_H

#include "root/root.h"

/* One root_make. */
struct making {
	const struct root_options *options;
	const struct catalog_root *recipe;
	const struct catalog_arch *arch;
	char *work; /* HOME/tmp/<attempt>/work */
	char *tree; /* below work */
	char *log;  /* what the programs said */
	json_t *emulator;
	json_t *base; /* of the record */
};

/* making.c */
void making_tell(const struct making *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The mirror that was named: by the caller, the user's configuration or the recipe, in this order. Owned, or NULL. */
char *mirror_given(const struct making *m);
/* The recipe's keyring: a name without a slash is looked for in the user's configuration, and where distributions keep
 * keys. Owned; it may not be there. */
char *keyring_find(const struct making *m);

/* The tree itself as a sandbox's root, with the network and the directories that outlive it. */
void root_world(struct sandbox *sb, const struct making *m);
/* Lets programs run that the emulator (as of root_emulator) is for; NULL is none. */
void emulator_bind(struct sandbox *sb, const json_t *emulator);

/* Makes m->tree from its kind of base, and sets m->base. */
int base_make(struct making *m, struct err *err);
/* Of the kind that packages are put together for. */
int mmdebstrap_make(struct making *m, struct err *err);

/* Runs argv in the sandbox, its output behind the log's. Failure is an error with the last lines of what it said;
 * ERR_USER where it ended by itself, ERR_INFRA where a signal ended it. */
int command_run(const struct making *m, const struct sandbox *sb, const char *const *argv, struct err *err);
/* Where a file system has room for no more than a word. */
bool disk_is_full(const char *path);
/* The parts of the host's /etc that a download needs. */
void command_network(struct sandbox *sb);

#endif
