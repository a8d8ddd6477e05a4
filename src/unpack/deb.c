/* The tarball in a Debian package: a tar in an ar. */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The outer archive's entry as the input of the inner one. */
static ssize_t on_read(struct archive *inner, void *outer, const void **data)
{
	la_int64_t offset;
	size_t n;
	int status = archive_read_data_block(outer, data, &n, &offset);

	if (status == ARCHIVE_EOF)
		return 0;
	if (status != ARCHIVE_OK) {
		archive_set_error(inner, EIO, "%s", archive_error_string(outer));
		return -1;
	}
	return (ssize_t)n;
}

/* The ending when name is ./usr/src/PACKAGE.tar.*, else NULL. */
static const char *tarball_end(const char *name, const char *package)
{
	name += strspn(name, "./");
	for (const char *const *end = unpack_deb_ends; *end; end++) {
		autofree char *want = mem_printf("usr/src/%s%s", package, *end);

		if (strcmp(name, want) == 0)
			return *end;
	}
	return NULL;
}

static int save_entry(struct archive *a, const char *path, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	const void *data;
	size_t n;
	la_int64_t offset;
	int status;

	if (fd < 0)
		return err_infra(err, errno, "%s", path);
	while ((status = archive_read_data_block(a, &data, &n, &offset)) == ARCHIVE_OK)
		if (fs_write_all(fd, data, n, err) < 0)
			return err_wrap(err, "%s", path);
	if (status != ARCHIVE_EOF)
		return err_infra(err, 0, "the package is damaged: %s", archive_error_string(a));
	return 0;
}

/* data is the package's data.tar. */
static int save_tarball(struct archive *data, const char *package, const char *dir, char **tarball, struct err *err)
{
	struct archive_entry *entry;
	int status;

	while ((status = archive_read_next_header(data, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(entry);
		const char *end = name && archive_entry_filetype(entry) == AE_IFREG ? tarball_end(name, package) : NULL;
		autofree char *path = NULL;

		if (!end)
			continue;
		path = mem_printf("%s/%s%s", dir, package, end);
		if (save_entry(data, path, err) < 0)
			return -1;
		*tarball = steal(&path);
		return 0;
	}
	if (status != ARCHIVE_EOF)
		return err_infra(err, 0, "the package is damaged: %s", archive_error_string(data));
	return err_user(err,
			"the package holds no /usr/src/%s.tar.*: a package that only depends on the real one does "
			"not (\"apt-cache depends %s\" names that)",
			package, package);
}

static int open_data(struct archive *outer, struct archive *data, const char *deb, struct err *err)
{
	struct archive_entry *entry;

	archive_read_support_format_ar(outer);
	archive_read_support_filter_xz(data);
	archive_read_support_filter_gzip(data);
	archive_read_support_filter_zstd(data);
	archive_read_support_format_tar(data);
	if (archive_read_open_filename(outer, deb, 1 << 20) != ARCHIVE_OK)
		return err_infra(err, 0, "the package cannot be read: %s", archive_error_string(outer));
	while (archive_read_next_header(outer, &entry) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		if (!name || !str_starts(name, "data.tar"))
			continue;
		if (archive_read_open(data, outer, NULL, on_read, NULL) != ARCHIVE_OK)
			return err_infra(err, 0, "the package's data.tar cannot be read: %s",
					 archive_error_string(data));
		return 0;
	}
	return err_infra(err, 0, "the package has no data.tar");
}

int deb_unpack(const char *deb, const char *package, const char *dir, char **tarball, struct err *err)
{
	struct archive *outer = archive_read_new(), *data = archive_read_new();
	int status;

	if (!outer || !data)
		abort();
	status = open_data(outer, data, deb, err);
	if (status == 0)
		status = save_tarball(data, package, dir, tarball, err);
	archive_read_free(data);
	archive_read_free(outer);
	return status;
}
