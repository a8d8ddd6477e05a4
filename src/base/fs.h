/* Files and directories: read whole, write atomically, make, copy and remove trees. */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* dir is a directory fd or AT_FDCWD in all of these. */

/* Appends a whole file of at most max bytes to out. */
int fs_read(int dir, const char *path, size_t max, struct buf *out, struct err *err);
/* Writes a temporary beside path, syncs it and renames it over path: whole or not at all. */
int fs_write(int dir, const char *path, const void *data, size_t n, mode_t mode, struct err *err);
/* mkdir -p. */
int fs_mkdirs(int dir, const char *path, mode_t mode, struct err *err);
/* Removes path and all below it, also directories without write permission; absent is fine.
 * Does not follow symlinks and does not leave the file system tree it was given. */
int fs_remove(int dir, const char *path, struct err *err);
/* Copies the content of one regular file, sharing extents where the file system can. */
int fs_copy(int from, int to, struct err *err);
bool fs_exists(int dir, const char *path);
/* Writes all n bytes. */
int fs_write_all(int fd, const void *data, size_t n, struct err *err);
/* The absolute path of the first executable NAME in PATH, owned; NULL when there is none.
 * A name with a slash is taken as it is. */
char *fs_which(const char *name);
/* A path that starts in the directory of the program that runs; owned, NULL where that cannot be told. */
char *fs_beside(const char *path);
/* a/b, owned. */
char *fs_join(const char *a, const char *b);
/* A non-blocking or blocking exclusive lock on a file, made when absent. Returns the fd in *lock;
 * -1 with err->num EWOULDBLOCK when somebody else holds it and wait is false. */
int fs_lock(int dir, const char *path, bool wait, int *lock, struct err *err);

#endif
