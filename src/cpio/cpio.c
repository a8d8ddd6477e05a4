/* newc, as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst). By hand: its bytes are
 * in the keys of steps, and so must not change with the version of a library. */
#define _GNU_SOURCE
#include "cpio/cpio.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpio/newc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

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

static int sink_add(const struct cpio_sink *sink, const void *p, size_t n, struct err *err)
{
	if (sink->fd >= 0)
		return fs_write_all(sink->fd, p, n, err);
	buf_add(sink->buf, p, n);
	return 0;
}

/* What follows begins at a multiple of four bytes. */
static int sink_align(const struct cpio_sink *sink, int64_t n, struct err *err)
{
	static const char zeros[NEWC_ALIGN];

	return sink_add(sink, zeros, (size_t)(-n & (NEWC_ALIGN - 1)), err);
}

/* The content of a regular file of the host. It must not change its size while it is read. */
static int file_add(const struct cpio_sink *sink, const struct cpio_entry *entry, int fd, int64_t size, struct err *err)
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
		if (sink_add(sink, chunk, (size_t)n, err) < 0)
			return -1;
		done += n;
	}
	return 0;
}

/* Opens the file that an entry names. *fd stays -1 where it names none. */
static int file_open(const struct cpio_entry *entry, int *fd, int64_t *size, struct err *err)
{
	struct stat st;

	*size = S_ISREG(entry->mode) || S_ISLNK(entry->mode) ? (int64_t)entry->size : 0;
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

/* The kernel looks for other names of the same inode from two links on. */
static int header_add(const struct cpio_sink *sink, const struct newc *h, const char *name, struct err *err)
{
	size_t length = strlen(name) + 1;
	autobuf struct buf head = { 0 };

	buf_printf(&head, NEWC_MAGIC "%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x", h->inode, h->mode, 0, 0,
		   h->links, 0, h->size, 0, 0, h->major, h->minor, length, 0);
	buf_add(&head, name, length);
	return sink_add(sink, head.data, head.n, err) < 0 ? -1 : sink_align(sink, (int64_t)head.n, err);
}

static int entry_add(const struct cpio_sink *sink, const struct cpio_entry *entry, size_t number, struct err *err)
{
	struct newc h = {
		.inode = (unsigned)number, .mode = entry->mode, .links = 1, .major = entry->major, .minor = entry->minor
	};
	autoclose int fd = -1;
	int64_t size;

	if (file_open(entry, &fd, &size, err) < 0)
		return -1;
	if (size > UINT32_MAX)
		return err_user(err, "%s: has 4 GiB or more, which no initramfs can hold", entry->path);
	h.size = (unsigned)size;
	if (header_add(sink, &h, entry->path, err) < 0 ||
	    (fd >= 0 ? file_add(sink, entry, fd, size, err) : sink_add(sink, entry->data, (size_t)size, err)) < 0)
		return err_wrap(err, "%s", entry->path);
	return sink_align(sink, size, err);
}

int cpio_write(const struct cpio_entry *entries, size_t n, const struct cpio_sink *sink, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (entry_add(sink, &entries[i], i + 1, err) < 0)
			return -1;
	return header_add(sink, &(struct newc){ .links = 1 }, NEWC_END, err);
}
