/* The entries of a manifest, in memory and as text. */
#ifndef ROOT_LISTING_H
#define ROOT_LISTING_H

#include "root/manifest.h"

#include "base/mem.h"
#include "base/str.h"

#include <sys/types.h>

struct listed {
	const char *path; /* "" is the top */
	mode_t mode;
	int64_t uid, gid, size;
	unsigned major, minor;
	const char *target;    /* of a symlink */
	const char *xattrs;    /* or NULL */
	char digest[HASH_HEX]; /* of a file */
	size_t order;          /* set by listing_add */
};

struct listing {
	VEC(struct listed) entries;
	struct arena arena; /* of the texts */
};

/* Adds a copy. */
void listing_add(struct listing *l, const struct listed *entry);
/* Sorts by path; of several with one path the last one stays. */
void listing_sort(struct listing *l);
/* The text of a sorted listing. */
void listing_print(const struct listing *l, struct buf *out);
/* ERR_USER with the line when the text is no manifest. Paths that lead out are none. */
int listing_parse(struct listing *l, struct view text, struct err *err);
void listing_free(struct listing *l);

/* Writes a sorted listing to a file, and sums it up. */
int listing_write(const struct listing *l, const char *file, struct manifest_sums *sums, struct err *err);

#endif
