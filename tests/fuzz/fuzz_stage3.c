/* What a mirror says: an index, digests, and what gpgv makes of it, by the first byte. What an index names lies in its
 * folder. */
#define _GNU_SOURCE
#include "stage3/stage3.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void index_check(struct view text)
{
	struct stage3_named named;
	struct err err = { 0 };

	if (stage3_index(text, "arm64-openrc", &named, &err) < 0)
		return;
	if (named.size <= 0 || named.path.p < text.p || named.path.p + named.path.n > text.p + text.n ||
	    memmem(named.path.p, named.path.n, "..", 2) || *named.path.p == '/' ||
	    memchr(named.path.p, ':', named.path.n))
		abort();
}

static void judge_check(struct view text)
{
	struct signer signer = { 0 };
	struct err err = { 0 };

	if (signature_judge(text, &signer, &err) == 0 && !memmem(text.p, text.n, "VALIDSIG", 8))
		abort();
	signer_free(&signer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct view text = { (const char *)data + 1, n - 1 };
	char digest[STAGE3_DIGEST];
	struct err err = { 0 };
	struct buf keys = { 0 };

	if (n < 2)
		return 0;
	switch (*data % 4) {
	case 0:
		index_check(text);
		break;
	case 1:
		stage3_digest(text, VIEW("stage3-arm64-openrc-20261101T170310Z.tar.xz"), digest, &err);
		break;
	case 2:
		judge_check(text);
		break;
	default:
		keyring_dearmor(text, &keys);
		buf_free(&keys);
	}
	return 0;
}
