/* The manifest of a tree that lies on the disk. */
#define _GNU_SOURCE
#include "root/listing.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct walk {
	struct listing listing;
	struct map hashed; /* "device inode" of files with several names -> digest, in the listing's arena */
};

static int list_below(struct walk *w, int fd, const char *path, struct err *err);

/* The owner may always read, as in a root that was unpacked: the programs inside may anyway. */
static int open_readable(int dir, const char *name, const struct stat *st, int flags)
{
	mode_t more = S_ISDIR(st->st_mode) ? 0500 : 0400;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, (st->st_mode & 07777) | more, 0) == 0)
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
	return fd;
}

static void list_xattrs(int fd, struct buf *names)
{
	ssize_t n = flistxattr(fd, NULL, 0);
	autofree char *all = n > 0 ? mem_alloc((size_t)n) : NULL;

	n = all ? flistxattr(fd, all, (size_t)n) : 0;
	for (const char *name = all; n > 0 && name < all + n; name += strlen(name) + 1) {
		if (names->n)
			buf_addc(names, ',');
		buf_adds(names, name);
	}
}

/* A file of several names is read once. */
static int digest_of(struct walk *w, int fd, const struct stat *st, char digest[static HASH_HEX], struct err *err)
{
	autofree char *key = mem_printf("%llx %llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
	const char *known = st->st_nlink > 1 ? map_get(&w->hashed, view_of(key)) : NULL;

	if (known) {
		memcpy(digest, known, HASH_HEX);
		return 0;
	}
	if (hash_fd(fd, digest, err) < 0)
		return -1;
	if (st->st_nlink > 1)
		map_set(&w->hashed, view_of(key), arena_strdup(&w->listing.arena, digest));
	return 0;
}

static char *link_read(int dir, const char *name, const struct stat *st)
{
	char *target = mem_alloc((size_t)st->st_size + 1);

	if (readlinkat(dir, name, target, (size_t)st->st_size + 1) == st->st_size) {
		target[st->st_size] = '\0';
		return target;
	}
	free(target);
	return NULL;
}

static struct listed facts_of(const char *path, const struct stat *st)
{
	return (struct listed){
		.path = path,
		.mode = st->st_mode,
		.uid = st->st_uid == geteuid() ? 0 : st->st_uid,
		.gid = st->st_gid == getegid() ? 0 : st->st_gid,
		.size = S_ISREG(st->st_mode) ? st->st_size : 0,
		.major = major(st->st_rdev),
		.minor = minor(st->st_rdev),
	};
}

static int list_open(struct walk *w, int dir, const char *name, const struct stat *st, struct listed *e, int *fd,
		     struct err *err)
{
	autobuf struct buf xattrs = { 0 };

	*fd = open_readable(dir, name, st, S_ISDIR(st->st_mode) ? O_DIRECTORY : 0);
	if (*fd < 0)
		return err_infra(err, errno, "cannot read");
	list_xattrs(*fd, &xattrs);
	e->xattrs = xattrs.data;
	if (S_ISREG(st->st_mode) && digest_of(w, *fd, st, e->digest, err) < 0)
		return -1;
	listing_add(&w->listing, e);
	return 0;
}

static int list_one(struct walk *w, int dir, const char *name, const char *path, struct err *err)
{
	autofree char *target = NULL;
	autoclose int fd = -1;
	struct listed e;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_infra(err, errno, "cannot look at it");
	e = facts_of(path, &st);
	if (S_ISREG(st.st_mode))
		return list_open(w, dir, name, &st, &e, &fd, err);
	if (S_ISDIR(st.st_mode))
		return list_open(w, dir, name, &st, &e, &fd, err) < 0 ? -1 : list_below(w, steal_fd(&fd), path, err);
	if (S_ISLNK(st.st_mode)) {
		target = link_read(dir, name, &st);
		if (!target)
			return err_infra(err, errno, "cannot read the link");
	}
	e.target = target;
	listing_add(&w->listing, &e);
	return 0;
}

/* Closes fd. */
static int list_below(struct walk *w, int fd, const char *path, struct err *err)
{
	autoclosedir DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close(fd);
		return err_infra(err, errno, "cannot list");
	}
	while ((e = readdir(d))) {
		autofree char *below = *path ? fs_join(path, e->d_name) : mem_strdup(e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (list_one(w, dirfd(d), e->d_name, below, err) < 0)
			return strncmp(err->msg, "./", 2) ? err_wrap(err, "./%s", below) : -1;
	}
	return 0;
}

int manifest_of_tree(const char *dir, const char *file, struct manifest_sums *sums, struct err *err)
{
	autoclose int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk w = { 0 };
	int status;

	if (top < 0)
		return err_infra(err, errno, "%s", dir);
	status = list_one(&w, top, ".", "", err);
	if (status == 0) {
		listing_sort(&w.listing);
		status = listing_write(&w.listing, file, sums, err);
	} else {
		err_wrap(err, "listing %s", dir);
	}
	listing_free(&w.listing);
	map_free(&w.hashed);
	return status;
}
