#define _GNU_SOURCE
#include "cpio/cpio.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { UNPACK_FILE_MAX = 16 << 20 };

static void archive_write_free_at(struct archive **a)
{
	archive_write_free(*a);
}

static void archive_read_free_at(struct archive **a)
{
	archive_read_free(*a);
}

static void entry_free_at(struct archive_entry **e)
{
	archive_entry_free(*e);
}

static int failed(struct archive *a, const char *what, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_infra(err, 0, "%s: %s", what, why ? why : "archive error");
}

const char *cpio_path_fault(const char *path)
{
	struct view rest = view_of(path);

	if (!*path)
		return "it is empty";
	if (rest.n >= PATH_MAX) /* the kernel skips longer ones without a word */
		return "it is too long";
	while (rest.p) {
		struct view part = view_cut(&rest, '/');

		if (!part.n)
			return "it begins or ends with a slash, or has two in a row";
		if (view_is(part, ".") || view_is(part, ".."))
			return "it has a component \".\" or \"..\"";
	}
	return NULL;
}

static la_ssize_t sink_write(struct archive *a, void *ctx, const void *p, size_t n)
{
	const struct cpio_sink *sink = ctx;
	struct err err = { 0 };

	if (sink->fd < 0) {
		buf_add(sink->buf, p, n);
	} else if (fs_write_all(sink->fd, p, n, &err) < 0) {
		archive_set_error(a, err.num, "%s", err.msg);
		return -1;
	}
	return (la_ssize_t)n;
}

/* The content of a regular file of the host. It must not change its size while it is read. */
static int file_add(struct archive *a, const struct cpio_entry *entry, int fd, int64_t size, struct err *err)
{
	char chunk[65536];
	int64_t done = 0;

	while (done < size) {
		ssize_t n =
			read(fd, chunk, (size_t)(size - done) < sizeof(chunk) ? (size_t)(size - done) : sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_infra(err, errno, "%s: cannot read", entry->file);
		if (n == 0)
			return err_infra(err, 0, "%s: it was cut short while it was read", entry->file);
		if (archive_write_data(a, chunk, (size_t)n) != n)
			return failed(a, entry->path, err);
		done += n;
	}
	return 0;
}

/* Opens the file that an entry names. *fd stays -1 where it names none. */
static int file_open(const struct cpio_entry *entry, int *fd, int64_t *size, struct err *err)
{
	struct stat st;

	*size = S_ISREG(entry->mode) ? (int64_t)entry->size : 0;
	if (!S_ISREG(entry->mode) || !entry->file)
		return 0;
	*fd = open(entry->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) < 0)
		return err_infra(err, errno, "%s: cannot open", entry->file);
	if (!S_ISREG(st.st_mode))
		return err_user(err, "%s: it is no regular file", entry->file);
	*size = st.st_size;
	return 0;
}

static int entry_add(struct archive *a, const struct cpio_entry *entry, int64_t inode, struct err *err)
{
	CLEANUP(entry_free_at) struct archive_entry *e = archive_entry_new();
	autoclose int fd = -1;
	int64_t size;

	if (file_open(entry, &fd, &size, err) < 0)
		return -1;
	archive_entry_set_pathname(e, entry->path);
	archive_entry_set_mode(e, entry->mode);
	archive_entry_set_size(e, size);
	archive_entry_set_ino64(e, inode);
	archive_entry_set_nlink(e, 1); /* from 2 on the kernel looks for hard links */
	archive_entry_set_mtime(e, 0, 0);
	archive_entry_set_rdevmajor(e, entry->major);
	archive_entry_set_rdevminor(e, entry->minor);
	if (S_ISLNK(entry->mode)) {
		autofree char *target = mem_strndup(entry->data, entry->size);

		archive_entry_set_symlink(e, target);
	}
	if (archive_write_header(a, e) != ARCHIVE_OK)
		return failed(a, entry->path, err);
	if (fd >= 0)
		return file_add(a, entry, fd, size, err);
	if (size && archive_write_data(a, entry->data, (size_t)size) != size)
		return failed(a, entry->path, err);
	return 0;
}

int cpio_write(const struct cpio_entry *entries, size_t n, const struct cpio_sink *sink, struct err *err)
{
	CLEANUP(archive_write_free_at) struct archive *a = archive_write_new();

	if (archive_write_set_format_cpio_newc(a) != ARCHIVE_OK || archive_write_add_filter_none(a) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK || /* no padding */
	    archive_write_open(a, (void *)sink, NULL, sink_write, NULL) != ARCHIVE_OK)
		return failed(a, "initramfs", err);
	for (size_t i = 0; i < n; i++)
		if (entry_add(a, &entries[i], (int64_t)i + 1, err) < 0)
			return -1;
	if (archive_write_close(a) != ARCHIVE_OK)
		return failed(a, "initramfs", err);
	return 0;
}

static int unpack_file(struct archive *a, struct archive_entry *e, const char *dir, struct err *err)
{
	const char *path = archive_entry_pathname(e);
	const char *fault = path ? cpio_path_fault(path) : "it is no text";
	const int64_t size = archive_entry_size(e);
	autofree char *to = NULL, *content = NULL;
	char *slash;

	if (fault)
		return err_infra(err, 0, "archive: bad path \"%s\": %s", path ? path : "", fault);
	if (archive_entry_filetype(e) != AE_IFREG || size > UNPACK_FILE_MAX)
		return err_infra(err, 0, "archive: %s is no regular file, or too large", path);
	content = mem_alloc((size_t)size + 1);
	if (archive_read_data(a, content, (size_t)size) != size)
		return failed(a, path, err);
	to = fs_join(dir, path);
	slash = strrchr(to, '/');
	*slash = '\0';
	if (fs_mkdirs(AT_FDCWD, to, 0755, err) < 0)
		return -1;
	*slash = '/';
	return fs_write(AT_FDCWD, to, content, (size_t)size, 0644, err);
}

int cpio_unpack(const struct buf *archive, const char *dir, cpio_file_fn file, void *ctx, struct err *err)
{
	CLEANUP(archive_read_free_at) struct archive *a = archive_read_new();
	struct archive_entry *e;
	int ret;

	if (archive_read_support_format_cpio(a) != ARCHIVE_OK ||
	    archive_read_open_memory(a, archive->data, archive->n) != ARCHIVE_OK)
		return failed(a, "archive", err);
	while ((ret = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
		if (archive_entry_filetype(e) == AE_IFDIR)
			continue;
		if (unpack_file(a, e, dir, err) < 0)
			return -1;
		file(ctx, archive_entry_pathname(e));
	}
	return ret == ARCHIVE_EOF ? 0 : failed(a, "archive", err);
}
