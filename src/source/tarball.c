/* A tarball: its digest is its identity, so one that is known is not read again. */
#define _GNU_SOURCE
#include "source/tarball.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "unpack/unpack.h"

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

/* A tarball with one directory at its top is known by what is in that. */
static int strip_top(struct import *im, const char *dir, struct err *err)
{
	autoclosedir DIR *d = opendir(dir);
	autofree char *only = NULL;
	struct dirent *e;
	struct stat st;
	size_t n = 0;

	if (!d)
		return err_infra(err, errno, "%s", dir);
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		free(only);
		only = fs_join(dir, e->d_name);
	}
	if (n == 1 && lstat(only, &st) == 0 && S_ISDIR(st.st_mode))
		dir = only;
	free(im->tree);
	im->tree = mem_strdup(dir);
	return 0;
}

struct telling {
	struct import *im;
	const char *what;
};

static void unpack_tell(void *arg, int64_t n)
{
	const struct telling *t = arg;

	import_tell(t->im, t->what, n);
}

/* Sets im->tree to the kernel's top in what is unpacked below im->work. */
static int tree_unpack(struct import *im, const char *path, struct err *err)
{
	autofree char *dir = fs_join(im->work, "unpacked"), *what = mem_printf("unpacking %s", path_leaf(path));
	struct telling telling = { im, what };
	const struct unpack_options options = { .hint = "a source is " SOURCE_FORMS,
						.tell = unpack_tell,
						.arg = &telling };

	if (mkdir(dir, 0755) < 0)
		return err_infra(err, errno, "%s", dir);
	return unpack_tar(path, dir, &options, err) < 0 ? -1 : strip_top(im, dir, err);
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
	if (import_work(im, err) < 0 || tree_unpack(im, path, err) < 0)
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
