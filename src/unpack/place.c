/* Where an entry goes: every name is walked from the top by directory descriptors that do not follow symlinks, so that
 * nothing can be written outside. (libarchive's own ARCHIVE_EXTRACT_SECURE_* checks want the target as the working
 * directory of the whole process.) */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

char *name_normal(const struct unpack *u, const char *name, struct err *err)
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

int dir_open(const struct unpack *u, struct view path, const char *name, int *out, struct err *err)
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
int parent_open(struct unpack *u, const char *name, const char **leaf, struct err *err)
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

int make_room(const struct unpack *u, const char *leaf, const char *name, struct err *err)
{
	if (unlinkat(u->parent_fd, leaf, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR || errno == EPERM)
		return hostile(u, name, "replaces a directory", err);
	return err_infra(err, errno, "cannot replace %s", name);
}
