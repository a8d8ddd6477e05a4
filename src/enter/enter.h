/* Entering a root, or running one foreign program, in a person's place and without delay: all that is needed is kept in
 * a small file of its own, so that no catalogue is read and no library of the other commands is loaded.
 *
 *	HOME/cache/ways/<kind>-<name>   a line "key value" for each string of struct way, and the stamp
 */
#ifndef ENTER_ENTER_H
#define ENTER_ENTER_H

#include "base/err.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

#include <stdbool.h>
#include <stddef.h>

/* How programs of an architecture are run here, and in which root. Owned strings, NULL where there is none. */
struct way {
	char *arch;
	char *magic, *mask; /* of its programs, as binfmt_misc takes them */
	char *emulator;     /* path; NULL: the host runs them itself */
	char *cpu;          /* that it plays, or NULL: its own choice */
	char *root;         /* a root's name, made or not */
	char *recipe;       /* digest of its recipe */
};

/* What a way is looked up by: the name of an architecture, Go's name of one, the name of a root. */
enum way_kind { WAY_ARCH, WAY_GO, WAY_ROOT };

struct way_key {
	const char *home;
	enum way_kind kind;
	const char *name;
	const char *const *catalogs; /* its directories, whose architectures and roots decide */
	size_t n_catalogs;
};

void way_free(struct way *way);
/* False where it was never written or the catalogue, PATH or machine changed since, or the emulator is gone. */
bool way_read(const struct way_key *key, struct way *way);
/* A home that cannot be written costs time, not the call. */
void way_write(const struct way_key *key, const struct way *way);

struct enter_options {
	const char *home;
	bool network, superuser;
	bool root_named;          /* the root was asked for by name: to be without it is an error */
	const char *const *binds; /* more directories that a program may read, at their own paths */
	size_t n_binds;
	/* Of a root, directories or NULL: a layer's two parts, and what is at /kiln/src, read-only, and at /kiln/out.
	 */
	const char *native, *links;
	const char *source, *output;
};

/* Runs argv[0] in the way's root with nothing of the host but the terminal. Returns the exit status; where a
 * signal ended it, ours is ended by the same. -1: it was not started. */
int enter_root(const struct way *way, const struct enter_options *options, const char *const *argv, struct err *err);
/* As enter_root, with the current directory, the program's own and our environment there; without a root where
 * none is made. ERR_USER with errno ENOEXEC: it is a program for something else. */
int enter_program(const struct way *way, const struct enter_options *options, const char *const *argv, struct err *err);

/* Whether a file is an ELF program of that way's architecture; false when it cannot be read, too. */
bool way_fits(const struct way *way, const char *path);

/* Runs argv with our stdin, stdout and stderr; where stdin is a terminal, job control works. Signals that are sent to
 * us go to the program. Where the way's emulator knows less than the program wants, a word to that is printed. Result
 * as of enter_root. */
int enter_run(struct sandbox *sb, const struct way *way, const char *const *argv, struct err *err);

#endif
