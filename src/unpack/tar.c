/* The archive from its first entry to the mark of its end. */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>

/* A kernel has 80,000 files and 1.4 GiB (6.1), a root file system some 100,000: room for twenty of them, no more. */
enum { ENTRIES_MAX = 2000000 };

static ssize_t on_read(struct archive *a, void *arg, const void **data)
{
	struct unpack *u = arg;
	ssize_t n = stream_read(&u->stream, data);

	if (n < 0)
		archive_set_error(a, errno, "cannot read from the decompressor");
	return n;
}

static int no_archive(const struct unpack *u, struct archive *a, struct err *err)
{
	const char *hint = u->options->hint;

	return err_user(err, "%s: is no tar archive: %s%s%s", u->path, archive_error_string(a), hint ? "; " : "",
			hint ? hint : "");
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
	return u->entries ? read_failed(u, a, err) : no_archive(u, a, err);
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
		no_archive(u, a, err);
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

int tar_unpack(const char *path, const char *dir, const struct unpack_options *options, struct err *err)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC), top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct unpack u = { .options = options, .path = path, .top = top, .parent_fd = -1 };
	int status;

	if (file < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	if (top < 0)
		return err_infra(err, errno, "%s", dir);
	status = unpack_file(&u, file, err);
	if (u.parent_fd >= 0)
		close(u.parent_fd);
	free(u.parent);
	return status;
}
