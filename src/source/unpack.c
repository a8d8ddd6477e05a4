/* Unpacks a tarball that nobody vouches for: every name is walked from the top by directory descriptors that do
 * not follow symlinks, so that nothing can be written outside, whatever the archive holds. (libarchive's own
 * ARCHIVE_EXTRACT_SECURE_* checks want the target as the working directory of the whole process.) */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A kernel has 80,000 files and 1.4 GiB (6.1): room for twenty of them, no more. */
enum { ENTRIES_MAX = 2000000 };
#define BYTES_MAX (32ll << 30)

struct unpack {
	struct import *im;
	struct stream stream;
	const char *path; /* of the tarball, for messages */
	char *what;       /* for progress */
	int top;          /* where it goes */
	char *parent;     /* the directory of the last entry, NULL at first */
	int parent_fd;
	int64_t entries, bytes;
};

static ssize_t on_read(struct archive *a, void *arg, const void **data)
{
	struct unpack *u = arg;
	ssize_t n = stream_read(&u->stream, data);

	if (n < 0)
		archive_set_error(a, errno, "cannot read from the decompressor");
	return n;
}

static int hostile(const struct unpack *u, const char *name, const char *why, struct err *err)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, (struct view){ name, strnlen(name, 200) });
	return err_user(err, "%s: is not unpacked: its entry \"%s\" %s", u->path, shown.data ? shown.data : "", why);
}

/* "./a//b/" -> "a/b", "" for the top itself. NULL after an error. */
static char *name_normal(const struct unpack *u, const char *name, struct err *err)
{
	autobuf struct buf b = { 0 };
	struct view rest = view_of(name);

	if (*name == '/') {
		hostile(u, name, "has an absolute path", err);
		return NULL;
	}
	while (rest.p) {
		struct view part = view_cut(&rest, '/');

		if (!part.n || view_is(part, "."))
			continue;
		if (view_is(part, "..")) {
			hostile(u, name, "leads out of the archive by ..", err);
			return NULL;
		}
		if (b.n)
			buf_addc(&b, '/');
		buf_addv(&b, part);
	}
	return buf_steal(&b);
}

/* One directory down; made when it is not there. */
static int step_down(const struct unpack *u, int dir, const char *part, const char *name, int *out, struct err *err)
{
	int fd;

	if (mkdirat(dir, part, 0755) < 0 && errno != EEXIST)
		return err_infra(err, errno, "cannot make the directory %s", part);
	fd = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return hostile(u, name, "leads through a symlink or a file", err);
	if (fd < 0)
		return err_infra(err, errno, "%s", part);
	*out = fd;
	return 0;
}

static int dir_open(const struct unpack *u, struct view path, const char *name, int *out, struct err *err)
{
	autoclose int fd = fcntl(u->top, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_infra(err, errno, "cannot open the target");
	while (path.n) {
		struct view part = view_cut(&path, '/');
		autofree char *text = mem_strndup(part.p, part.n);
		int below = -1;

		if (step_down(u, fd, text, name, &below, err) < 0)
			return -1;
		close(fd);
		fd = below;
	}
	*out = steal_fd(&fd);
	return 0;
}

/* The directory of a normal name, kept open from entry to entry: archives list a directory together. A
 * symlink cannot come in between: an entry that replaces a directory is refused by unlinkat. */
static int parent_open(struct unpack *u, const char *name, const char **leaf, struct err *err)
{
	const char *slash = strrchr(name, '/');
	struct view dir = { name, slash ? (size_t)(slash - name) : 0 };
	int fd;

	*leaf = slash ? slash + 1 : name;
	if (u->parent && view_is(dir, u->parent))
		return 0;
	if (dir_open(u, dir, name, &fd, err) < 0)
		return -1;
	if (u->parent_fd >= 0)
		close(u->parent_fd);
	u->parent_fd = fd;
	free(u->parent);
	u->parent = mem_strndup(dir.p, dir.n);
	return 0;
}

static int read_failed(const struct unpack *u, struct archive *a, struct err *err)
{
	return err_user(err, "%s: is damaged or cut short: %s", u->path, archive_error_string(a));
}

static int count_bytes(struct unpack *u, int64_t n, struct err *err)
{
	if (n < 0 || n > BYTES_MAX || (u->bytes += n) > BYTES_MAX)
		return err_user(err, "%s: is not unpacked: it holds more than %lld GiB", u->path, BYTES_MAX >> 30);
	return 0;
}

static int data_write(struct unpack *u, struct archive *a, int fd, struct err *err)
{
	const void *data;
	size_t n;
	la_int64_t offset, at = 0;
	int status;

	while ((status = archive_read_data_block(a, &data, &n, &offset)) == ARCHIVE_OK) {
		if (offset != at && lseek(fd, offset, SEEK_SET) < 0) /* a hole of a sparse file */
			return err_infra(err, errno, "cannot seek");
		if (fs_write_all(fd, data, n, err) < 0)
			return -1;
		at = offset + (la_int64_t)n;
		import_tell(u->im, u->what, (int64_t)n);
	}
	return status == ARCHIVE_EOF ? 0 : read_failed(u, a, err);
}

/* Makes room: a later entry of the same name replaces an earlier one, as tar has it. */
static int make_room(const struct unpack *u, const char *leaf, const char *name, struct err *err)
{
	if (unlinkat(u->parent_fd, leaf, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR || errno == EPERM)
		return hostile(u, name, "replaces a directory", err);
	return err_infra(err, errno, "cannot replace %s", name);
}

static int put_file(struct unpack *u, struct archive *a, struct archive_entry *entry, const char *leaf,
		    const char *name, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	mode_t mode = archive_entry_perm(entry) & 0100 ? 0555 : 0444;
	autoclose int fd = -1;

	if (count_bytes(u, archive_entry_size(entry), err) < 0)
		return -1;
	fd = openat(u->parent_fd, leaf, flags, mode);
	if (fd < 0 && errno == EEXIST) {
		if (make_room(u, leaf, name, err) < 0)
			return -1;
		fd = openat(u->parent_fd, leaf, flags, mode);
	}
	if (fd < 0)
		return err_infra(err, errno, "cannot make the file %s", name);
	if (data_write(u, a, fd, err) < 0)
		return -1;
	/* A sparse file may end in a hole. */
	if (archive_entry_sparse_count(entry) && ftruncate(fd, archive_entry_size(entry)) < 0)
		return err_infra(err, errno, "%s", name);
	return 0;
}

static int put_symlink(struct unpack *u, struct archive_entry *entry, const char *leaf, const char *name,
		       struct err *err)
{
	const char *target = archive_entry_symlink(entry);

	if (!target)
		target = archive_entry_symlink_utf8(entry);
	if (!target || !*target)
		return hostile(u, name, "is a symlink to nothing", err);
	if (make_room(u, leaf, name, err) < 0)
		return -1;
	if (symlinkat(target, u->parent_fd, leaf) < 0)
		return err_infra(err, errno, "cannot make the symlink %s", name);
	return 0;
}

static int put_hardlink(struct unpack *u, const char *target, const char *leaf, const char *name, struct err *err)
{
	autofree char *normal = name_normal(u, target, err);
	const char *slash;
	autoclose int dir = -1;
	struct stat st;

	if (!normal)
		return -1;
	slash = strrchr(normal, '/');
	if (dir_open(u, (struct view){ normal, slash ? (size_t)(slash - normal) : 0 }, target, &dir, err) < 0)
		return -1;
	if (fstatat(dir, slash ? slash + 1 : normal, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return hostile(u, name, "is a hard link to what is no file in the archive", err);
	if (strcmp(normal, name) == 0)
		return 0;
	if (make_room(u, leaf, name, err) < 0)
		return -1;
	if (linkat(dir, slash ? slash + 1 : normal, u->parent_fd, leaf, 0) < 0)
		return err_infra(err, errno, "cannot make the hard link %s", name);
	return 0;
}

static int put_entry(struct unpack *u, struct archive *a, struct archive_entry *entry, const char *raw, struct err *err)
{
	autofree char *name = name_normal(u, raw, err);
	const char *leaf, *target = archive_entry_hardlink(entry);
	mode_t type = archive_entry_filetype(entry);
	int fd;

	if (!name)
		return -1;
	if (!target && type == AE_IFDIR) {
		if (dir_open(u, view_of(name), raw, &fd, err) < 0)
			return -1;
		close(fd);
		return 0;
	}
	if (!*name)
		return hostile(u, raw, "has no name", err);
	if (parent_open(u, name, &leaf, err) < 0)
		return -1;
	if (target)
		return put_hardlink(u, target, leaf, name, err);
	if (type == AE_IFREG)
		return put_file(u, a, entry, leaf, name, err);
	if (type == AE_IFLNK)
		return put_symlink(u, entry, leaf, name, err);
	return hostile(u, name, "is a device, a socket or a pipe", err);
}

static int put_all(struct unpack *u, struct archive *a, struct err *err)
{
	struct archive_entry *entry;
	int status;

	/* A warning is about names that the locale cannot show; their bytes are fine. */
	while ((status = archive_read_next_header(a, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(entry);

		if (!name)
			name = archive_entry_pathname_utf8(entry);
		if (!name)
			return hostile(u, "", "has a name that cannot be read", err);
		if (u->entries++ == ENTRIES_MAX)
			return err_user(err, "%s: is not unpacked: it holds more than %d files", u->path, ENTRIES_MAX);
		if (put_entry(u, a, entry, name, err) < 0)
			return -1;
	}
	if (status == ARCHIVE_EOF)
		return 0;
	return u->entries ? read_failed(u, a, err)
			  : err_user(err, "%s: is no tar archive: %s; a source is %s", u->path, archive_error_string(a),
				     SOURCE_FORMS);
}

/* Reads what stands behind the archive's end. libarchive takes an archive that was cut between two files
 * for a whole one; the zero block that must be there (POSIX ustar) tells. */
static int check_end(struct unpack *u, struct err *err)
{
	const void *data;
	ssize_t n;

	while ((n = stream_read(&u->stream, &data)) > 0)
		;
	if (n < 0)
		return err_infra(err, errno, "%s: cannot read", u->path);
	if (u->stream.zeros < 512)
		return err_user(err, "%s: is cut short: the mark of the archive's end is missing", u->path);
	return 0;
}

static int unpack_stream(struct unpack *u, struct err *err)
{
	struct archive *a = archive_read_new();
	int status = -1;

	if (!a)
		abort();
	archive_read_support_format_tar(a);
	if (archive_read_open(a, u, NULL, on_read, NULL) == ARCHIVE_OK)
		status = put_all(u, a, err);
	else
		err_user(err, "%s: is no tar archive: %s; a source is %s", u->path, archive_error_string(a),
			 SOURCE_FORMS);
	if (status == 0)
		status = check_end(u, err);
	archive_read_free(a);
	return status;
}

/* What the decompressor says of a damaged file explains what tar made of the rest. */
static int unpack_file(struct unpack *u, int file, struct err *err)
{
	struct err inner = { 0 };
	int status;

	if (stream_open(file, &u->stream, err) < 0)
		return -1;
	status = unpack_stream(u, err);
	if (stream_close(&u->stream, &inner) < 0 && (status == 0 || inner.class == ERR_USER)) {
		*err = inner;
		return err_wrap(err, "%s", u->path);
	}
	return status;
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

int unpack(struct import *im, const char *path, struct err *err)
{
	autofree char *dir = fs_join(im->work, "unpacked");
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC), top = -1;
	struct unpack u = { .im = im, .path = path, .parent_fd = -1 };
	int status;

	if (file < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	if (mkdir(dir, 0755) < 0 || (top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_infra(err, errno, "%s", dir);
	u.top = top;
	u.what = mem_printf("unpacking %s", path_leaf(path));
	status = unpack_file(&u, file, err);
	if (u.parent_fd >= 0)
		close(u.parent_fd);
	free(u.parent);
	free(u.what);
	return status < 0 ? -1 : strip_top(im, dir, err);
}
