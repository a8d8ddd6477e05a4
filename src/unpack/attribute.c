/* Modes, times and extended attributes of a root's entries, as far as an ordinary user can set them. */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static bool is_listed(const struct buf *names, const char *name)
{
	struct view rest = { names->data, names->n };

	while (rest.p)
		if (view_is(view_cut(&rest, ','), name))
			return true;
	return false;
}

/* Some archivers write an xattr twice, in two ways. */
static const char *xattr_next(struct archive_entry *entry, struct buf *names, const void **value, size_t *n)
{
	const char *name;

	while (archive_entry_xattr_next(entry, &name, value, n) == ARCHIVE_OK) {
		if (is_listed(names, name))
			continue;
		if (names->n)
			buf_addc(names, ',');
		buf_adds(names, name);
		return name;
	}
	return NULL;
}

void xattr_names(struct archive_entry *entry, struct buf *names)
{
	const void *value;
	size_t n;

	archive_entry_xattr_reset(entry);
	while (xattr_next(entry, names, &value, &n))
		;
}

/* An ordinary user may set those of user.*; overlayfs takes some of them for its own (user.overlay.opaque), and an
 * archive must not tell it what to show. */
static bool may_set(const char *name)
{
	return str_starts(name, "user.") && !str_starts(name, "user.overlay.");
}

static void note_xattr(const struct unpack *u, const char *name)
{
	autobuf struct buf shown = { 0 };
	autofree char *what = NULL;

	buf_add_printable(&shown, (struct view){ name, strnlen(name, 100) });
	what = mem_printf("xattrs %s not set", shown.data ? shown.data : "");
	note_count(u, what);
}

static void xattrs_set(const struct unpack *u, struct archive_entry *entry, int fd)
{
	autobuf struct buf names = { 0 };
	const char *name;
	const void *value;
	size_t n;

	archive_entry_xattr_reset(entry);
	while ((name = xattr_next(entry, &names, &value, &n)))
		if (fd < 0 || !may_set(name) || fsetxattr(fd, name, value, n, 0) < 0)
			note_xattr(u, name);
	if (archive_entry_acl_types(entry))
		note_count(u, "access control lists not set");
}

void attributes_lost(struct unpack *u, struct archive_entry *entry)
{
	xattrs_set(u, entry, -1);
}

int attributes_set(struct unpack *u, struct archive_entry *entry, const char *leaf, int fd, struct err *err)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
					   { archive_entry_mtime(entry), archive_entry_mtime_nsec(entry) } };
	mode_t perm = archive_entry_perm(entry), mode = (perm & 0777) | 0400;
	mode_t type = archive_entry_filetype(entry);
	int status = 0;

	xattrs_set(u, entry, fd); /* before the mode, which may forbid it */
	if (perm & 06000 && type != AE_IFDIR)
		note_count(u, "setuid and setgid bits dropped");
	if (archive_entry_uid(entry) || archive_entry_gid(entry))
		note_count(u, "owners other than root not set");
	if (type == AE_IFDIR)
		return 0;
	if (fd >= 0)
		status = fchmod(fd, mode);
	else if (type != AE_IFLNK)
		status = fchmodat(u->parent_fd, leaf, mode, 0);
	if (status < 0)
		return err_infra(err, errno, "%s: cannot set its mode", leaf);
	if (archive_entry_mtime_is_set(entry))
		utimensat(u->parent_fd, leaf, times, AT_SYMLINK_NOFOLLOW); /* a date is worth no failure */
	return 0;
}
