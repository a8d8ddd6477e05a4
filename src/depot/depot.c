#define _GNU_SOURCE
#include "depot/depot.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct depot {
	char *root;
	int fd;
};

enum { OBJECT_PATH = 2 + 1 + HASH_HEX };

int depot_open(const char *home, struct depot **out, struct err *err)
{
	autofree char *root = fs_join(home, "depot");
	struct depot *d;
	int fd;

	if (fs_mkdirs(AT_FDCWD, root, 0755, err) < 0)
		return -1;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_infra(err, errno, "%s: cannot open the depot", root);
	d = mem_alloc(sizeof(*d));
	d->root = steal(&root);
	d->fd = fd;
	*out = d;
	return 0;
}

void depot_free(struct depot *d)
{
	if (!d)
		return;
	close(d->fd);
	free(d->root);
	free(d);
}

static void object_path(const char *digest, char path[static OBJECT_PATH])
{
	memcpy(path, digest, 2);
	path[2] = '/';
	memcpy(path + 3, digest, HASH_HEX);
}

char *depot_path(struct depot *d, const char *digest)
{
	char path[OBJECT_PATH];

	object_path(digest, path);
	return fs_join(d->root, path);
}

static bool digest_is_good(const char *digest)
{
	return strlen(digest) == HASH_HEX - 1 && strspn(digest, "0123456789abcdef") == HASH_HEX - 1;
}

bool depot_has(struct depot *d, const char *digest, int64_t size)
{
	char path[OBJECT_PATH];
	struct stat st;

	if (!digest_is_good(digest))
		return false;
	object_path(digest, path);
	if (fstatat(d->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (size < 0 || st.st_size == size)
		return true;
	unlinkat(d->fd, path, 0);
	return false;
}

/* Names the synced temporary file as its digest; the first one wins. Always removes the temporary. */
static int object_publish(struct depot *d, const char *tmp, const char *digest, struct err *err)
{
	char path[OBJECT_PATH], fan[3] = { digest[0], digest[1], '\0' };
	int status = 0;

	object_path(digest, path);
	if (mkdirat(d->fd, fan, 0755) < 0 && errno != EEXIST)
		status = err_infra(err, errno, "%s/%s: cannot make the directory", d->root, fan);
	else if (renameat(d->fd, tmp, d->fd, path) < 0)
		status = err_infra(err, errno, "%s/%s: cannot publish", d->root, path);
	if (status < 0)
		unlinkat(d->fd, tmp, 0);
	return status;
}

static void temporary_name(char name[static UUID_TEXT + 4])
{
	uuid_make(name);
	memcpy(name + UUID_TEXT - 1, ".tmp", 5);
}

static int temporary_open(struct depot *d, const char *name, struct err *err)
{
	int fd = openat(d->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	return fd < 0 ? err_infra(err, errno, "%s: cannot write to the depot", d->root) : fd;
}

/* Copy, then hash the copy: what is published is what was hashed, even if the source changes meanwhile. */
static int copy_and_hash(int from, int to, char digest[static HASH_HEX], int64_t *size, struct err *err)
{
	struct stat st;

	if (fs_copy(from, to, err) < 0)
		return -1;
	if (lseek(to, 0, SEEK_SET) < 0 || hash_fd(to, digest, err) < 0)
		return -1;
	if (fdatasync(to) < 0 || fstat(to, &st) < 0)
		return err_infra(err, errno, "cannot sync");
	*size = st.st_size;
	return 0;
}

int depot_put_file(struct depot *d, const char *path, char digest[static HASH_HEX], int64_t *size, struct err *err)
{
	autoclose int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	autoclose int to = -1;
	char tmp[UUID_TEXT + 4];

	if (from < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	temporary_name(tmp);
	to = temporary_open(d, tmp, err);
	if (to < 0)
		return -1;
	if (copy_and_hash(from, to, digest, size, err) < 0) {
		unlinkat(d->fd, tmp, 0);
		return err_wrap(err, "%s into the depot", path);
	}
	return object_publish(d, tmp, digest, err);
}

int depot_put_bytes(struct depot *d, const void *p, size_t n, char digest[static HASH_HEX], struct err *err)
{
	autoclose int to = -1;
	char tmp[UUID_TEXT + 4];

	hash_bytes(p, n, digest);
	if (depot_has(d, digest, (int64_t)n))
		return 0;
	temporary_name(tmp);
	to = temporary_open(d, tmp, err);
	if (to < 0)
		return -1;
	if (fs_write_all(to, p, n, err) < 0 || fdatasync(to) < 0) {
		unlinkat(d->fd, tmp, 0);
		return err->class ? -1 : err_infra(err, errno, "%s: cannot sync", d->root);
	}
	return object_publish(d, tmp, digest, err);
}

static int damaged(struct depot *d, const char *digest, struct err *err)
{
	char path[OBJECT_PATH];

	object_path(digest, path);
	unlinkat(d->fd, path, 0);
	return err_infra(err, 0, "depot object %s was damaged and has been removed; the next run makes it again",
			 digest);
}

int depot_get(struct depot *d, const char *digest, struct buf *out, struct err *err)
{
	char path[OBJECT_PATH], found[HASH_HEX];
	size_t start = out->n;

	if (!digest_is_good(digest))
		return err_user(err, "\"%s\" is no SHA-256 digest", digest);
	object_path(digest, path);
	if (fs_read(d->fd, path, (size_t)1 << 32, out, err) < 0)
		return err_wrap(err, "depot object");
	hash_bytes(out->data + start, out->n - start, found);
	if (strcmp(found, digest) == 0)
		return 0;
	out->n = start;
	return damaged(d, digest, err);
}

int depot_checkout(struct depot *d, const char *digest, char **path, struct err *err)
{
	autofree char *full = NULL;
	char found[HASH_HEX];

	if (!digest_is_good(digest))
		return err_user(err, "\"%s\" is no SHA-256 digest", digest);
	full = depot_path(d, digest);
	if (hash_file(full, found, err) < 0)
		return err_wrap(err, "depot object");
	if (strcmp(found, digest) != 0)
		return damaged(d, digest, err);
	*path = steal(&full);
	return 0;
}

/* Removes one file of the depot if nothing keeps it. */
static int gc_file(int dir, const char *name, const struct map *keep, int64_t before, int64_t *removed, int64_t *bytes)
{
	struct stat st;

	if (map_get(keep, view_of(name)) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_ctim.tv_sec > before || unlinkat(dir, name, 0) < 0)
		return 0;
	*removed += 1;
	*bytes += st.st_size;
	return 0;
}

static int gc_dir(int fd, const struct map *keep, int64_t before, int64_t *removed, int64_t *bytes, struct err *err)
{
	autoclosedir DIR *dir = fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		close(fd);
		return err_infra(err, errno, "cannot list the depot");
	}
	while ((e = readdir(dir))) {
		int sub;

		if (e->d_name[0] == '.')
			continue;
		if (strlen(e->d_name) != 2) {
			gc_file(dirfd(dir), e->d_name, keep, before, removed, bytes);
			continue;
		}
		sub = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sub >= 0 && gc_dir(sub, keep, before, removed, bytes, err) < 0)
			return -1;
	}
	return 0;
}

int depot_gc(struct depot *d, const struct map *keep, int64_t min_age, int64_t *removed, int64_t *bytes,
	     struct err *err)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*removed = *bytes = 0;
	if (fd < 0)
		return err_infra(err, errno, "%s", d->root);
	return gc_dir(fd, keep, clock_unix() - min_age, removed, bytes, err);
}
