/* A tarball: its digest is its identity, so one that is known is not read again. */
#define _GNU_SOURCE
#include "source/tarball.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/stamp.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static json_t *tarball_facts(const struct import *im, const char *path)
{
	static const char *const ends[] = { ".tar",     ".tar.gz", ".tgz",     ".tar.xz", ".txz",
					    ".tar.zst", ".tzst",   ".tar.bz2", ".tbz2" };
	struct view name = view_of(path_leaf(path));
	autofree char *clean = NULL;

	for (size_t i = 0; i < countof(ends); i++)
		if (str_ends(name.p, ends[i])) {
			name.n -= strlen(ends[i]);
			break;
		}
	clean = name_clean(name);
	return facts_new(im, "tar", clean);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int tarball_identify(struct import *im, const char *path, json_t *facts, struct err *err)
{
	char digest[HASH_HEX];

	if (stamp_digest(im->home, path, digest, err) < 0)
		return -1;
	facts_digest(facts, digest);
	return 0;
}

int tarball_unpack(struct import *im, const char *path, json_t *facts, json_t **record, struct err *err)
{
	struct stat before, after;
	json_t *found;

	if (stat(path, &before) < 0)
		return err_infra(err, errno, "%s", path);
	/* Again: it may have changed since, and whoever held the lock may have imported it. */
	if (tarball_identify(im, path, facts, err) < 0 || import_lock(im, json_str_or(facts, "id", ""), err) < 0)
		return -1;
	found = import_find(im, facts);
	if (found) {
		*record = found;
		return 0;
	}
	if (import_work(im, err) < 0 || unpack(im, path, err) < 0)
		return -1;
	if (stat(path, &after) < 0 || !same_file(&before, &after))
		return err_user(err, "%s: changed while it was read; try again when it is complete", path);
	return import_publish(im, facts, record, err);
}

int tarball_import(struct import *im, const char *path, json_t **record, struct err *err)
{
	autojson json_t *facts = tarball_facts(im, path);
	json_t *found;

	if (tarball_identify(im, path, facts, err) < 0)
		return -1;
	found = import_find(im, facts);
	if (!found)
		return tarball_unpack(im, path, facts, record, err);
	*record = found;
	return 0;
}
