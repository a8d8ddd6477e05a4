/* What the files of this module share. */
#ifndef SOURCE_INTERNAL_H
#define SOURCE_INTERNAL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

/* One call of source_import. */
struct import {
	const char *home;
	const char *spec;
	const struct source_progress *progress;
	char attempt[UUID_TEXT];
	char *work;    /* HOME/tmp/<attempt>/work, NULL before import_work */
	char *tree;    /* where the tree is made, below work */
	int work_lock; /* tells a sweep that work is in use */
	int lock;      /* of what is being imported, -1 before import_lock */
	int64_t bytes, told;
	const char *apt_suite; /* of deb:PACKAGE/SUITE, or NULL; borrowed */
	char *apt_config;      /* file of apt's settings for it, or NULL */
};

enum spec_kind { SPEC_DIR, SPEC_WORKTREE, SPEC_REVISION, SPEC_TARBALL, SPEC_DEB };

struct spec {
	enum spec_kind kind;
	char *path;     /* absolute, symlinks resolved; of a deb the package */
	char *revision; /* of SPEC_REVISION */
};

int spec_parse(const char *text, struct spec *spec, struct err *err);
void spec_free(struct spec *spec);

/* A name of at most 64 characters that is good for a path and a person. Owned. */
char *name_clean(struct view name);
/* What stands behind the last slash. */
const char *path_leaf(const char *path);

/* import.c. Facts are the record's fields that come from this call; they win over those in a stored record. */
json_t *facts_new(const struct import *im, const char *kind, const char *name);
void facts_digest(json_t *facts, const char *digest);

/* Waits for the lock on one identity. */
int import_lock(struct import *im, const char *name, struct err *err);
/* Makes the work directory; later calls do nothing. */
int import_work(struct import *im, struct err *err);
/* The stored source with the digest in facts, facts laid over it; NULL when it is not there. */
json_t *import_find(const struct import *im, const json_t *facts);
/* Checks, seals and publishes im->tree; the identity's lock is held. */
int import_publish(struct import *im, const json_t *facts, json_t **record, struct err *err);
/* Counts n more bytes and tells of them now and then. */
void import_tell(struct import *im, const char *what, int64_t n);

/* Each imports one kind. */
int dir_import(struct import *im, const char *path, json_t **record, struct err *err);
int tarball_import(struct import *im, const char *path, json_t **record, struct err *err);
int deb_import(struct import *im, const char *spec, json_t **record, struct err *err);
int worktree_import(struct import *im, const char *path, json_t **record, struct err *err);
int revision_import(struct import *im, const char *path, const char *revision, json_t **record, struct err *err);

/* A file of settings (for $APT_CONFIG) with which apt takes its packages from the suite, its lists no older than a day.
 * Owned. ERR_USER when there is no apt, no mirror, or no such suite on it. */
int apt_suite(struct import *im, const char *suite, char **config, struct err *err);

/* Whether the tree is a kernel that nothing was built in; *release ("6.1.192") is owned. */
int kernel_check(int tree, const char *what, char **release, struct err *err);
struct tree_size {
	int64_t files, bytes;
};
/* Makes files read-only, drops setuid bits, and counts. */
int tree_seal(int tree, struct tree_size *size, struct err *err);

#endif
