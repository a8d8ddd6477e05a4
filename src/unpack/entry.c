/* What an entry becomes. */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BYTES_MAX (32ll << 30) /* see ENTRIES_MAX */

static int count_bytes(struct unpack *u, int64_t n, struct err *err)
{
	if (n < 0 || n > BYTES_MAX || (u->bytes += n) > BYTES_MAX)
		return err_user(err, "%s: is not unpacked: it holds more than %lld GiB", u->path, BYTES_MAX >> 30);
	return 0;
}

static void hash_zeros(struct hash *h, int64_t n)
{
	static const char zeros[65536];

	for (; h && n > 0; n -= (int64_t)sizeof(zeros))
		hash_add(h, zeros, n < (int64_t)sizeof(zeros) ? (size_t)n : sizeof(zeros));
}

/* Writes an entry's content, of which h (or NULL) is told. */
static int data_write(const struct unpack *u, struct archive *a, int64_t size, int fd, struct hash *h, struct err *err)
{
	const void *data;
	size_t n;
	la_int64_t offset, at = 0;
	int status;

	while ((status = archive_read_data_block(a, &data, &n, &offset)) == ARCHIVE_OK) {
		if (offset != at && lseek(fd, offset, SEEK_SET) < 0) /* a hole of a sparse file */
			return err_infra(err, errno, "cannot seek");
		hash_zeros(h, offset - at);
		if (fs_write_all(fd, data, n, err) < 0)
			return -1;
		if (h)
			hash_add(h, data, n);
		at = offset + (la_int64_t)n;
		if (u->options->tell)
			u->options->tell(u->options->arg, (int64_t)n);
	}
	if (status != ARCHIVE_EOF)
		return read_failed(u, a, err);
	if (at < size && ftruncate(fd, size) < 0) /* a sparse file may end in a hole */
		return err_infra(err, errno, "cannot set the size");
	hash_zeros(h, size - at);
	return 0;
}

static int file_make(const struct unpack *u, const char *leaf, mode_t mode, const char *name, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(u->parent_fd, leaf, flags, mode);

	if (fd < 0 && errno == EEXIST) {
		if (make_room(u, leaf, name, err) < 0)
			return -1;
		fd = openat(u->parent_fd, leaf, flags, mode);
	}
	return fd < 0 ? err_infra(err, errno, "cannot make the file %s", name) : fd;
}

static int put_file(struct unpack *u, struct archive *a, struct archive_entry *entry, const char *leaf,
		    struct unpack_entry *told, char digest[static HASH_HEX], struct err *err)
{
	mode_t mode = u->options->root ? 0600 : archive_entry_perm(entry) & 0100 ? 0555 : 0444;
	autohash struct hash *h = u->options->root ? hash_new() : NULL;
	autoclose int fd = -1;

	if (count_bytes(u, told->size, err) < 0)
		return -1;
	fd = file_make(u, leaf, mode, told->path, err);
	if (fd < 0)
		return -1;
	if (data_write(u, a, told->size, fd, h, err) < 0)
		return err->class == ERR_INFRA ? err_wrap(err, "%s", told->path) : -1;
	if (!h)
		return 0;
	hash_end(steal(&h), digest);
	told->digest = digest;
	return attributes_set(u, entry, leaf, fd, err);
}

static int put_symlink(struct unpack *u, struct archive_entry *entry, const char *leaf, struct unpack_entry *told,
		       struct err *err)
{
	const char *target = archive_entry_symlink(entry);

	if (!target)
		target = archive_entry_symlink_utf8(entry);
	if (!target || !*target)
		return hostile(u, told->path, "is a symlink to nothing", err);
	if (make_room(u, leaf, told->path, err) < 0)
		return -1;
	if (symlinkat(target, u->parent_fd, leaf) < 0)
		return err_infra(err, errno, "cannot make the symlink %s", told->path);
	told->target = target;
	return u->options->root ? attributes_set(u, entry, leaf, -1, err) : 0;
}

/* link is another name of the file. */
static int put_hardlink(struct unpack *u, const char *link, const char *leaf, const char *name, struct err *err)
{
	const char *slash = strrchr(link, '/');
	autoclose int dir = -1;
	struct stat st;

	if (dir_open(u, (struct view){ link, slash ? (size_t)(slash - link) : 0 }, name, &dir, err) < 0)
		return -1;
	/* A symlink may have two names, and is not followed here either. */
	if (fstatat(dir, slash ? slash + 1 : link, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !(S_ISREG(st.st_mode) || (u->options->root && S_ISLNK(st.st_mode))))
		return hostile(u, name, "is a hard link to what is no file in the archive", err);
	if (strcmp(link, name) == 0)
		return 0;
	if (make_room(u, leaf, name, err) < 0)
		return -1;
	if (linkat(dir, slash ? slash + 1 : link, u->parent_fd, leaf, 0) < 0)
		return err_infra(err, errno, "cannot make the hard link %s", name);
	return 0;
}

/* What is neither file, directory nor link. */
static int put_special(struct unpack *u, struct archive_entry *entry, const char *leaf, const struct unpack_entry *told,
		       struct err *err)
{
	if (!u->options->root)
		return hostile(u, told->path, "is a device, a socket or a pipe", err);
	attributes_lost(u, entry);
	if (S_ISBLK(told->mode) || S_ISCHR(told->mode) || S_ISSOCK(told->mode)) {
		note_count(u, S_ISSOCK(told->mode) ? "sockets left out" : "device nodes left out");
		return make_room(u, leaf, told->path, err);
	}
	if (!S_ISFIFO(told->mode))
		return hostile(u, told->path, "is of an unknown kind", err);
	if (make_room(u, leaf, told->path, err) < 0)
		return -1;
	if (mkfifoat(u->parent_fd, leaf, 0600) < 0)
		return err_infra(err, errno, "cannot make the pipe %s", told->path);
	return attributes_set(u, entry, leaf, -1, err);
}

static int put_directory(struct unpack *u, struct archive_entry *entry, const struct unpack_entry *told,
			 struct err *err)
{
	autoclose int fd = -1;

	if (dir_open(u, view_of(told->path), told->path, &fd, err) < 0)
		return -1;
	return u->options->root ? attributes_set(u, entry, NULL, fd, err) : 0;
}

static int put_leaf(struct unpack *u, struct archive *a, struct archive_entry *entry, struct unpack_entry *told,
		    char digest[static HASH_HEX], struct err *err)
{
	const char *leaf;

	if (!*told->path)
		return hostile(u, told->path, "has no name", err);
	if (parent_open(u, told->path, &leaf, err) < 0)
		return -1;
	if (told->link)
		return put_hardlink(u, told->link, leaf, told->path, err);
	if (S_ISREG(told->mode))
		return put_file(u, a, entry, leaf, told, digest, err);
	if (S_ISLNK(told->mode))
		return put_symlink(u, entry, leaf, told, err);
	return put_special(u, entry, leaf, told, err);
}

static struct unpack_entry entry_facts(struct archive_entry *entry)
{
	return (struct unpack_entry){
		.mode = archive_entry_filetype(entry) | archive_entry_perm(entry),
		.uid = archive_entry_uid(entry),
		.gid = archive_entry_gid(entry),
		.size = archive_entry_size(entry),
		.major = archive_entry_rdevmajor(entry),
		.minor = archive_entry_rdevminor(entry),
		.mtime = archive_entry_mtime(entry),
		.mtime_nsec = archive_entry_mtime_nsec(entry),
	};
}

int put_entry(struct unpack *u, struct archive *a, struct archive_entry *entry, const char *raw, struct err *err)
{
	autofree char *name = name_normal(u, raw, err), *link = NULL;
	autobuf struct buf xattrs = { 0 };
	const char *target = archive_entry_hardlink(entry);
	struct unpack_entry told = entry_facts(entry);
	char digest[HASH_HEX];
	int status;

	if (!name || (target && !(link = name_normal(u, target, err))))
		return -1;
	told.path = name;
	told.link = link;
	status = !link && S_ISDIR(told.mode) ? put_directory(u, entry, &told, err)
					     : put_leaf(u, a, entry, &told, digest, err);
	if (status < 0 || !u->options->entry)
		return status;
	xattr_names(entry, &xattrs);
	told.xattrs = xattrs.data;
	u->options->entry(u->options->arg, &told);
	return 0;
}
