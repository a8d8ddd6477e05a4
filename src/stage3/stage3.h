/* The base of a root that a distribution publishes as a tarball: the newest one of a mirror, verified. */
#ifndef STAGE3_STAGE3_H
#define STAGE3_STAGE3_H

#include "base/err.h"
#include "base/hash.h"
#include "stage3/mirror.h"
#include "stage3/signature.h"

#include <stdint.h>

struct stage3_request {
	const struct mirror *mirror;
	const char *url;     /* the mirror's top, below which releases/ lies */
	const char *arch;    /* folder of releases/: arm64 */
	const char *variant; /* arm64-openrc */
	struct keyring keyring;
};

struct stage3 {
	char *tarball;         /* below HOME/cache/download */
	char *name;            /* stage3-arm64-openrc-20261101T170310Z.tar.xz */
	char *date;            /* 20261101T170310Z */
	char digest[HASH_HEX]; /* SHA-256 of the tarball */
	struct signer signer;  /* of the tarball */
	bool index_signed;     /* so that nobody can have put an older one in front */
};

/* Finds the newest tarball in the mirror's index, fetches it, and checks its size, its digest and its signature.
 * ERR_USER: no such arch or variant, no keyring, a signature that does not hold, an index or a digest file that is none
 * or that names what lies elsewhere. ERR_INFRA: the mirror is gone, or what it has is not what it says. After a failure
 * no tarball is kept. */
int stage3_fetch(const struct stage3_request *r, struct stage3 *s, struct err *err);
void stage3_free(struct stage3 *s);

/* What an index names; the texts are views of it. */
struct stage3_named {
	struct view path, name, date;
	int64_t size;
};
/* The newest tarball of a variant in latest-stage3-VARIANT.txt: lines "DATE/NAME SIZE", and # before what is none.
 * Pure. */
int stage3_index(struct view text, const char *variant, struct stage3_named *named, struct err *err);

enum { STAGE3_DIGEST = 129 };
/* The digest of a file in NAME.sha256 or NAME.DIGESTS, whose lines "DIGEST  NAME" stand behind "# SHA512 HASH":
 * SHA-256, or else SHA-512. Pure. */
int stage3_digest(struct view text, struct view name, char digest[static STAGE3_DIGEST], struct err *err);

#endif
