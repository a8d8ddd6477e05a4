/* newc archives with reproducible bytes, and back to files. */
#ifndef CPIO_CPIO_H
#define CPIO_CPIO_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cpio_entry {
	const char *path; /* relative: "suite/boot"; no empty, "." or ".." component */
	mode_t mode;      /* type and permissions; S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR or S_IFBLK */
	const char *file; /* of the host, whose bytes are a regular file's; or NULL, then: */
	const void *data; /* the bytes of a regular file, the target of a symbolic link */
	size_t size;
	unsigned int major, minor; /* of a device */
};

/* Writes an uncompressed newc archive to path, replacing what is there: sorted, everything owned by root, dated
 * 1970, parent directories that are not among the entries added (0755). Equal entries give equal bytes.
 * ERR_USER for a bad or repeated path or a type that an initramfs does not hold. */
int cpio_initramfs_write(const struct cpio_entry *entries, size_t n, const char *path, struct err *err);

/* Archives one behind the other, which the kernel unpacks as one (Documentation/driver-api/early-userspace); each
 * begins at a multiple of four bytes. path is made anew; *size is what it has then. */
int cpio_join(const char *const *archives, size_t n, const char *path, int64_t *size, struct err *err);

/* Where the bytes go. */
struct cpio_sink {
	int fd; /* or -1, then: */
	struct buf *buf;
};

int cpio_write(const struct cpio_entry *entries, size_t n, const struct cpio_sink *sink, struct err *err);
/* NULL, or why this cannot be a path of an archive. */
const char *cpio_path_fault(const char *path);

/* Writes the archive's regular files below dir, which is there and empty. Paths as cpio_path_fault allows them,
 * and no other kind of entry. Calls back with each file's path in the archive's order. */
typedef void (*cpio_file_fn)(void *ctx, const char *path);
int cpio_unpack(const struct buf *archive, const char *dir, cpio_file_fn file, void *ctx, struct err *err);

#endif
