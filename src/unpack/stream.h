/* The decompressed bytes of a file, made by a child of ours: decompressing then overlaps with writing files. */
#ifndef UNPACK_STREAM_H
#define UNPACK_STREAM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { STREAM_CHUNK = 1 << 20 };

struct stream {
	int fd; /* the read end */
	pid_t pid;
	struct err *report; /* shared with the child */
	char *chunk;
	size_t zeros; /* zero bytes at the end of what was read so far */
};

/* Begins to decompress fd (gzip, bzip2, xz, lzma, zstd, or none of them). */
int stream_open(int fd, struct stream *s, struct err *err);
/* The next bytes, borrowed until the next call; 0 at the end, -1 with errno. */
ssize_t stream_read(struct stream *s, const void **data);
/* Ends the child, which may still be at work, and fails with what it reported. */
int stream_close(struct stream *s, struct err *err);

#endif
