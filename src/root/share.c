/* Files of roots that are the same are one file with several names. */
#define _GNU_SOURCE
#include "root/listing.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { MANIFEST_MAX = 1 << 30 };

struct sharing {
	int top, pool;
	char spare[UUID_TEXT + 5]; /* name below pool of a link that is on its way into the tree */
};

/* What two names of one file cannot differ in. The date is part of the name as well: programs look at it (Python,
 * portage), and a file that somebody wrote to in one of the roots no longer has its own, so that it is not handed on.
 */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return S_ISREG(b->st_mode) && a->st_dev == b->st_dev && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_gid == b->st_gid && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static char *pool_name(const struct listed *e, const struct stat *st)
{
	return mem_printf("%.2s/%s-%o-%llx.%lx", e->digest, e->digest, (unsigned)st->st_mode & 07777,
			  (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec);
}

/* Whether name in the pool is now a file like e; 1 when it is e itself, 0 when it was there, -1 when neither. */
static int pool_offer(const struct sharing *s, const struct listed *e, const char *name, const struct stat *st)
{
	autofree char *dir = mem_strndup(name, 2);
	struct stat there;

	for (int tries = 0; tries < 2; tries++) {
		if (linkat(s->top, e->path, s->pool, name, 0) == 0)
			return 1;
		if (errno == ENOENT && mkdirat(s->pool, dir, 0755) == 0)
			continue;
		if (errno != EEXIST || fstatat(s->pool, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		if (is_same(st, &there))
			return there.st_ino == st->st_ino ? 1 : 0;
		/* Written to, or of another owner: what is newer is more likely to be asked for again. */
		unlinkat(s->pool, name, 0);
	}
	return -1;
}

/* Every failure leaves the tree's own file where it is. A link that a kill left behind is swept. */
static void share_one(const struct sharing *s, const struct listed *e)
{
	autofree char *name = NULL;
	struct stat st;

	if (fstatat(s->top, e->path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_size != e->size ||
	    (st.st_mode & 06000))
		return;
	name = pool_name(e, &st);
	if (pool_offer(s, e, name, &st) != 0 || linkat(s->pool, name, s->pool, s->spare, 0) < 0)
		return;
	if (renameat(s->pool, s->spare, s->top, e->path) < 0)
		unlinkat(s->pool, s->spare, 0);
}

/* Empty files take no room, and would be the first to have more names than a file system allows. */
static bool may_share(const struct listed *e)
{
	return S_ISREG(e->mode) && e->size > 0 && !e->xattrs && !(e->mode & 06000);
}

int tree_share(const char *dir, const char *manifest, const char *pool, struct err *err)
{
	autoclose int top = -1, pool_fd = -1;
	autobuf struct buf text = { 0 };
	struct listing l = { 0 };
	struct sharing s = { .spare = "new-" };

	if (fs_mkdirs(AT_FDCWD, pool, 0755, err) < 0 || fs_read(AT_FDCWD, manifest, MANIFEST_MAX, &text, err) < 0)
		return -1;
	if (listing_parse(&l, (struct view){ text.data, text.n }, err) < 0) {
		listing_free(&l);
		return err_wrap(err, "%s", manifest);
	}
	s.top = top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.pool = pool_fd = open(pool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uuid_make(s.spare + strlen(s.spare));
	for (size_t i = 0; top >= 0 && pool_fd >= 0 && i < l.entries.n; i++)
		if (may_share(&l.entries.data[i]))
			share_one(&s, &l.entries.data[i]);
	listing_free(&l);
	return top < 0 || pool_fd < 0 ? err_infra(err, errno, "%s", top < 0 ? dir : pool) : 0;
}

/* A file that is in no root has no name but the pool's. One that gets a second name just now keeps that. */
static void sweep_one(int dir, const char *name, struct pool_sums *sums)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1 ||
	    unlinkat(dir, name, 0) < 0)
		return;
	sums->files++;
	sums->bytes += st.st_size;
}

static int sweep_below(int parent, const char *name, bool top, struct pool_sums *sums, struct err *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		err_infra(err, errno, "%s", name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((e = readdir(d))) {
		if (*e->d_name == '.')
			continue;
		if (str_starts(e->d_name, "new-"))
			unlinkat(dirfd(d), e->d_name, 0);
		else if (!top)
			sweep_one(dirfd(d), e->d_name, sums);
		else if (sweep_below(dirfd(d), e->d_name, false, sums, err) < 0)
			return -1;
	}
	return 0;
}

int pool_sweep(const char *pool, struct pool_sums *sums, struct err *err)
{
	struct pool_sums got = { 0 };

	if (fs_exists(AT_FDCWD, pool) && sweep_below(AT_FDCWD, pool, true, &got, err) < 0)
		return -1;
	*sums = got;
	return 0;
}
