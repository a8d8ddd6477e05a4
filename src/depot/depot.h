/* Artefacts by the SHA-256 of their bytes: HOME/depot/ab/<digest>, written atomically, never changed,
 * verified on read. */
#ifndef DEPOT_DEPOT_H
#define DEPOT_DEPOT_H

#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct depot;

int depot_open(const char *home, struct depot **out, struct err *err);
void depot_free(struct depot *d);

/* Puts the content of a file or bytes; the object is there and synced when these return 0. */
int depot_put_file(struct depot *d, const char *path, char digest[static HASH_HEX], int64_t *size, struct err *err);
int depot_put_bytes(struct depot *d, const void *p, size_t n, char digest[static HASH_HEX], struct err *err);
/* Cheap: there, and of that size (-1: any). An object of another size is removed: it was cut short. */
bool depot_has(struct depot *d, const char *digest, int64_t size);
/* Reads the whole object; verified. A damaged one is removed and reported as ERR_INFRA "damaged". */
int depot_get(struct depot *d, const char *digest, struct buf *out, struct err *err);
/* Verifies by reading it, and gives the path for a read-only bind or a link. Owned. */
int depot_checkout(struct depot *d, const char *digest, char **path, struct err *err);
/* The path without a look at it. Owned. */
char *depot_path(struct depot *d, const char *digest);
/* Removes all objects that are not keys of keep and are older than min_age seconds. */
int depot_gc(struct depot *d, const struct map *keep, int64_t min_age, int64_t *removed, int64_t *bytes,
	     struct err *err);

#endif
