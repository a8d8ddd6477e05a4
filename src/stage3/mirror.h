/* Files from a mirror: over HTTP and HTTPS, or from a file: URL. */
#ifndef STAGE3_MIRROR_H
#define STAGE3_MIRROR_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct mirror {
	const char *home; /* HOME/cache/download holds what was fetched and what is half fetched */
	int tries;        /* that brought nothing, until it is given up; 0: 4 */
	int wait_ms;      /* before the second try, twice as long before each that follows; 0: 1000 */
	int idle_s;       /* without a byte, until a try counts as failed; 0: 60 */
	/* Told ten times how much of a file is there; may be NULL. */
	void (*tell)(void *arg, int64_t have, int64_t size);
	void *arg;
};

/* What a file must be. */
struct mirror_want {
	int64_t size;
	const char *digest; /* SHA-256 or SHA-512, as 64 or 128 digits */
};

/* Appends a small file of at most max bytes to out. err->num is ENOENT (ERR_USER) when the mirror has no such file;
 * ERR_INFRA when there is no such mirror, or it failed. */
int mirror_read(const struct mirror *m, const char *url, size_t max, struct buf *out, struct err *err);

/* Fetches a file, goes on with what an earlier call left half done, or finds it fetched; *path is owned. What does not
 * have the size and digest is removed; a part is kept for the next call. Two who fetch the same file wait for each
 * other. Errors as above; a file that is not what it must be, and a full disk (ENOSPC), are ERR_INFRA. */
int mirror_fetch(const struct mirror *m, const char *url, const struct mirror_want *want, char **path, struct err *err);

#endif
