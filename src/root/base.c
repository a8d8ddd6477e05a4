/* The two kinds of base: packages put together here, or a tarball that somebody signed. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "root/manifest.h"
#include "stage3/stage3.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { TELL_MB = 32 };

struct told {
	const struct making *m;
	int64_t mb;
};

static void tell_download(void *arg, int64_t have, int64_t size)
{
	struct told *told = arg;

	if (have / 1000000 - told->mb < TELL_MB)
		return;
	told->mb = have / 1000000;
	making_tell(told->m, "fetched %lld of %lld MB", (long long)told->mb, (long long)(size / 1000000));
}

static int tarball_unpack(struct making *m, const struct stage3 *s, struct err *err)
{
	autofree char *listed = fs_join(m->work, "base.manifest");
	autojson json_t *notes = json_object();

	making_tell(m, "unpacking %s, signed by %s", s->name, s->signer.name);
	if (mkdir(m->tree, 0755) < 0)
		return err_infra(err, errno, "%s", m->tree);
	if (root_unpack(s->tarball, m->tree, listed, notes, err) < 0)
		return -1;
	m->base = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:O}", "kind", "stage3", "name", s->name, "date", s->date,
			    "digest", s->digest, "signer", s->signer.fingerprint, "index_signed", s->index_signed,
			    "notes", notes);
	return 0;
}

static int stage3_make(struct making *m, struct err *err)
{
	autofree char *url = mirror_given(m), *keyring = keyring_find(m), *work = fs_join(m->work, "gpg");
	struct told told = { m, 0 };
	const struct mirror mirror = { .home = m->options->home, .tell = tell_download, .arg = &told };
	const struct stage3_request request = { .mirror = &mirror,
						.url = url,
						.arch = m->recipe->gentoo,
						.variant = m->recipe->variant,
						.keyring = { keyring, m->recipe->keyring_from, work } };
	struct stage3 s = { 0 };
	int status;

	making_tell(m, "looking for the newest %s at %s", m->recipe->variant, url);
	if (mkdir(work, 0700) < 0)
		return err_infra(err, errno, "%s", work);
	if (stage3_fetch(&request, &s, err) < 0)
		return -1;
	status = tarball_unpack(m, &s, err);
	stage3_free(&s);
	return status;
}

int base_make(struct making *m, struct err *err)
{
	return strcmp(m->recipe->base, "stage3") == 0 ? stage3_make(m, err) : mmdebstrap_make(m, err);
}
