/* Digests of a directory's files, remembered from one import to the next: HOME/cache/dir/<key>. */
#ifndef SOURCE_MANIFEST_H
#define SOURCE_MANIFEST_H

#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

struct manifest {
	struct buf text;  /* "stamp digest\0path\0" for each file */
	struct map files; /* of one that was loaded: path -> its "stamp digest", borrowed from text */
	time_t started;
};

/* Empty when there is none. */
void manifest_load(struct manifest *m, const char *home, const char *key);
/* The digest of an untouched file, or NULL. Borrowed. */
const char *manifest_find(const struct manifest *m, const char *path, const struct stat *st);
void manifest_add(struct manifest *m, const char *path, const struct stat *st, const char *digest);
/* A cache that cannot be written costs time, not the import. */
void manifest_save(const struct manifest *m, const char *home, const char *key);
void manifest_free(struct manifest *m);

#endif
