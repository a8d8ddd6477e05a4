/* newc archives with reproducible bytes, and back to files. */
#ifndef GUEST_CPIO_H
#define GUEST_CPIO_H

#include "guest/guest.h"

/* Where the bytes go. */
struct cpio_sink {
	int fd; /* or -1, then: */
	struct buf *buf;
};

int cpio_write(const struct guest_entry *entries, size_t n, const struct cpio_sink *sink, struct err *err);
/* NULL, or why this cannot be a path of an archive. */
const char *cpio_path_fault(const char *path);

/* Writes the archive's regular files below dir, which is there and empty. Paths as cpio_path_fault allows them,
 * and no other kind of entry. Calls back with each file's path in the archive's order. */
typedef void (*cpio_file_fn)(void *ctx, const char *path);
int cpio_unpack(const struct buf *archive, const char *dir, cpio_file_fn file, void *ctx, struct err *err);

#endif
