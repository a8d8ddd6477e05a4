/* OpenPGP signatures, checked by gpgv against a keyring. */
#ifndef STAGE3_SIGNATURE_H
#define STAGE3_SIGNATURE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct keyring {
	const char *file; /* of public keys, binary or armored */
	const char *hint; /* how to get it, for messages, or NULL */
	const char *work; /* an own directory for what gpgv reads and writes */
};

struct signer {
	char fingerprint[65]; /* of the primary key, in upper case */
	char *name;           /* as the key says, safe to print; owned */
};

/* ERR_USER, with what to do: there is no gpgv, no keyring. */
int keyring_check(const struct keyring *k, struct err *err);

/* Checks the detached signature over a file. ERR_USER: it does not hold, or is by a key that is not in the keyring or
 * no longer valid; what tells of it. */
int signature_check(const struct keyring *k, struct view signature, const char *file, const char *what,
		    struct signer *signer, struct err *err);

/* Whether a text has a signature in it. */
bool signature_is_in(struct view text);
/* Takes out of a signed text (RFC 9580, 7) what is signed; errors as above. */
int signature_open(const struct keyring *k, struct view text, const char *what, struct buf *signed_text,
		   struct err *err);

/* What gpgv said (--status-fd): at least one good signature by a valid key, and no bad one. err->num is ENOKEY for an
 * unknown key, EKEYEXPIRED and EKEYREVOKED for one that is no longer valid. Pure. */
int signature_judge(struct view status, struct signer *signer, struct err *err);
/* The binary keys in an armored text (RFC 9580, 6.2); false when there are none. Pure. */
bool keyring_dearmor(struct view text, struct buf *keys);

void signer_free(struct signer *signer);

#endif
