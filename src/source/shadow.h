/* A git directory of Kiln's own that borrows a repository's objects: in it a work tree is snapshotted and a tree
 * written out, and the repository is not written to. The snapshot is what a commit of everything would hold, by the
 * repository's own rules (line ends, filters, excludes), so that it is the same source as that commit. What
 * is written out is the objects' bytes, by no rules at all. */
#ifndef SOURCE_SHADOW_H
#define SOURCE_SHADOW_H

#include "source/internal.h"

/* What is known of a person's repository; the strings are absolute paths or git's words. */
struct repo {
	char *path;       /* as asked for */
	char *git_dir;    /* of this work tree */
	char *common_dir; /* of all its work trees */
	char *format;     /* sha1 or sha256 */
};

/* Makes the directory below im->work; a second call does nothing. */
int shadow_make(struct import *im, const struct repo *repo, struct err *err);
/* The tree id of the work tree at top as it is now: tracked files and those not ignored. Owned. */
int shadow_snapshot(struct import *im, const struct repo *repo, const char *top, char **tree, struct err *err);
/* Writes a tree, byte for byte as it is in the objects, to im->tree. */
int shadow_export(struct import *im, const char *tree, struct err *err);

/* What of the caller's environment would lead git elsewhere (as inside a hook). A name alone removes the
 * variable: base/proc hands each to putenv(3). */
#define GIT_CLEAN_ENV                                                                                      \
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",            \
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_OPTIONAL_LOCKS=0", \
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"

#endif
