/* Root file systems that builds run in: made once from a recipe, immutable, entered without privilege.
 *
 *	HOME/roots/<id>/tree        the root, all files of one owner: the caller
 *	HOME/roots/<id>/root.json   the record:
 *	  id         name-<first 12 digits of digest>
 *	  digest     SHA-256 of the manifest
 *	  name, arch, recipe (digest of what was asked for), made (a date), files, bytes
 *	  base       {"kind":"debian","suite","mirror"} or {"kind":"stage3",...}: where it came from and who vouched for
 *it emulator   what ran its programs while it was made, or absent HOME/roots/<id>/manifest    a line for each entry of
 *the tree HOME/roots/recipe/<digest>  a link to the root that was made from that recipe last
 */
#ifndef ROOT_ROOT_H
#define ROOT_ROOT_H

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "sandbox/sandbox.h"

#include <stdbool.h>

struct root_options {
	const char *home;
	const struct catalog *catalog;
	const char *config; /* the user's configuration directory, which may name mirrors, or NULL */
	const char *mirror; /* taken before the recipe's and the host's, or NULL */
	bool anew;          /* also when there is one */
	void (*tell)(const char *what, void *data); /* what is being done, may be NULL */
	void *data;
};

/* Makes what the recipe says, or finds it made: *record is a new reference. Safe against kills, and against others who
 * make the same: one works, the others wait. ERR_USER: the recipe cannot be made here, a package or the mirror is
 * missing, what came does not verify; ERR_INFRA: disk, network, a crash of the emulator. */
int root_make(const struct root_options *options, const struct catalog_root *recipe, json_t **record, struct err *err);
/* The architecture whose programs are in a root: the host's where the recipe names none. */
const struct catalog_arch *root_arch(const struct catalog *c, const struct catalog_root *recipe);
/* What the link in HOME/roots/recipe/ is called. */
void root_recipe_digest(const struct catalog *c, const struct catalog_root *recipe, char hex[static HASH_HEX]);
/* The record of the root made from a recipe; NULL when there is none. New reference. */
json_t *root_find(const char *home, const struct catalog *c, const struct catalog_root *recipe);
/* As root_find, but ERR_USER with the command that makes it. */
int root_load(const char *home, const struct catalog *c, const struct catalog_root *recipe, json_t **record,
	      struct err *err);
/* HOME/roots/<id>/tree, owned. */
char *root_tree(const char *home, const json_t *record);
struct root_removed {
	size_t roots, layers, downloads;
};
/* Removes roots that no recipe's link names any more, layers of such roots, what only they had in the pool, and
 * downloads that none of the others was made from. */
int root_gc(const char *home, struct root_removed *removed, struct err *err);

/* How programs of an arch are run on this host: NULL in *emulator when the host runs them itself, else
 * {"name","program","magic","mask"}, and "cpu" where the catalogue names one; a new reference. ERR_USER names the
 * package that is missing. */
int root_emulator(const struct catalog_arch *arch, json_t **emulator, struct err *err);
/* What the first bytes of an arch's programs are, as binfmt_misc takes it. Nothing where its elf_machine is not known.
 */
void root_magic(const struct catalog_arch *arch, struct buf *magic, struct buf *mask);
/* The same as root_emulator with "digest" and "version": what a spec names. */
int root_emulator_identify(const char *home, const struct catalog_arch *arch, json_t **emulator, struct err *err);

/* What a program's words, and its end as of waitpid, tell of the emulator that ran it (NULL: none did): an owned
 * sentence that says what to do, or NULL where its end is its own. */
char *root_emulator_blamed(const json_t *emulator, struct view text, int status);

/* NULL when this host lets sandboxes run an emulator's programs, else an owned sentence that says what to do. */
char *root_forbidden(const json_t *emulator);

/* Makes a sandbox's root out of a root's tree with the n layers (directories) above it, the first on top, and lets its
 * programs run. emulator as above, NULL for none. */
void root_enter(struct sandbox *sb, const char *tree, const char *const *layers, size_t n, const json_t *emulator);

#endif
