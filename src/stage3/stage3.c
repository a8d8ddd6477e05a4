#define _GNU_SOURCE
#include "stage3/stage3.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { TEXT_MAX = 256 << 10 };

void stage3_free(struct stage3 *s)
{
	free(s->tarball);
	free(s->name);
	free(s->date);
	signer_free(&s->signer);
	*s = (struct stage3){ 0 };
}

/* A part of a path or a name. */
static bool is_plain(const char *word)
{
	return *word && *word != '.' && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-+.") == strlen(word);
}

/* The mirror has no such file. */
static bool is_absent(const struct err *err)
{
	return err->class == ERR_USER && err->num == ENOENT;
}

/* A text of the mirror: of a signed one what is signed. */
static int text_read(const struct stage3_request *r, const char *url, struct buf *text, bool *is_signed,
		     struct err *err)
{
	autobuf struct buf raw = { 0 };

	if (mirror_read(r->mirror, url, TEXT_MAX, &raw, err) < 0)
		return -1;
	*is_signed = signature_is_in((struct view){ raw.data ? raw.data : "", raw.n });
	if (*is_signed)
		return signature_open(&r->keyring, (struct view){ raw.data, raw.n }, url, text, err);
	buf_add(text, raw.data ? raw.data : "", raw.n);
	return 0;
}

static char *folder_of(const struct stage3_request *r)
{
	size_t n = strlen(r->url);

	while (n && r->url[n - 1] == '/')
		n--;
	return mem_printf("%.*s/releases/%s/autobuilds", (int)n, r->url, r->arch);
}

static int no_such_variant(const struct stage3_request *r, const char *folder, struct err *err)
{
	return err_user(
		err,
		"%s has no latest-stage3-%s.txt: no mirror, or no such variant of %s; look at %s/ for what there is",
		folder, r->variant, r->arch, folder);
}

static int index_read(const struct stage3_request *r, const char *folder, struct buf *text, bool *is_signed,
		      struct stage3_named *named, struct err *err)
{
	autofree char *url = mem_printf("%s/latest-stage3-%s.txt", folder, r->variant);

	if (text_read(r, url, text, is_signed, err) < 0)
		return is_absent(err) ? no_such_variant(r, folder, err) : -1;
	if (stage3_index((struct view){ text->data ? text->data : "", text->n }, r->variant, named, err) < 0)
		return err_wrap(err, "%s: is refused", url);
	return 0;
}

/* The first of the digest files that the mirror has. */
static int digest_read(const struct stage3_request *r, const char *url, struct view name,
		       char digest[static STAGE3_DIGEST], struct err *err)
{
	static const char *const kinds[] = { ".sha256", ".DIGESTS" };

	for (size_t i = 0; i < countof(kinds); i++) {
		autofree char *beside = mem_printf("%s%s", url, kinds[i]);
		autobuf struct buf text = { 0 };
		struct err inner = { 0 };
		bool is_signed;

		if (text_read(r, beside, &text, &is_signed, &inner) == 0) {
			if (stage3_digest((struct view){ text.data ? text.data : "", text.n }, name, digest, err) < 0)
				return err_wrap(err, "%s: is refused", beside);
			return 0;
		}
		if (!is_absent(&inner)) {
			*err = inner;
			return -1;
		}
	}
	return err_user(err, "%s: is refused: the mirror has no digest of it (.sha256, .DIGESTS); try another mirror",
			url);
}

static int signature_read(const struct stage3_request *r, const char *url, struct buf *signature, struct err *err)
{
	autofree char *beside = mem_printf("%s.asc", url);

	if (mirror_read(r->mirror, beside, TEXT_MAX, signature, err) == 0)
		return 0;
	return is_absent(err)
		       ? err_user(err, "%s: is refused: the mirror has no signature of it (.asc); try another mirror",
				  url)
		       : -1;
}

/* A tarball that does not verify is not kept. */
static int tarball_verify(const struct stage3_request *r, const char *url, const struct buf *signature,
			  const char *digest, struct stage3 *s, struct err *err)
{
	const struct view view = { signature->data ? signature->data : "", signature->n };

	if (signature_check(&r->keyring, view, s->tarball, url, &s->signer, err) < 0) {
		unlink(s->tarball);
		return -1;
	}
	if (strlen(digest) < HASH_HEX) {
		memcpy(s->digest, digest, HASH_HEX);
		return 0;
	}
	return hash_file(s->tarball, s->digest, err);
}

static int fetch(const struct stage3_request *r, const char *folder, struct stage3 *s, struct err *err)
{
	autobuf struct buf text = { 0 }, signature = { 0 };
	autofree char *url = NULL;
	struct stage3_named named;
	char digest[STAGE3_DIGEST];

	if (index_read(r, folder, &text, &s->index_signed, &named, err) < 0)
		return -1;
	s->name = mem_strndup(named.name.p, named.name.n);
	s->date = mem_strndup(named.date.p, named.date.n);
	url = mem_printf("%s/" VIEW_FMT, folder, VIEW_ARG(named.path));
	/* The small files first: what lacks one of them is not worth the download. */
	if (digest_read(r, url, named.name, digest, err) < 0 || signature_read(r, url, &signature, err) < 0)
		return -1;
	if (mirror_fetch(r->mirror, url, &(struct mirror_want){ named.size, digest }, &s->tarball, err) < 0)
		return -1;
	return tarball_verify(r, url, &signature, digest, s, err);
}

int stage3_fetch(const struct stage3_request *r, struct stage3 *s, struct err *err)
{
	autofree char *folder = folder_of(r);
	struct stage3 got = { 0 };

	if (!is_plain(r->arch) || !is_plain(r->variant))
		return err_user(err, "\"%s\" and \"%s\" are no folder and variant of a mirror", r->arch, r->variant);
	if (keyring_check(&r->keyring, err) < 0)
		return -1;
	if (fetch(r, folder, &got, err) < 0) {
		stage3_free(&got);
		return -1;
	}
	*s = got;
	return 0;
}
