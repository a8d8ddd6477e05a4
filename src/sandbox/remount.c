/* Read-only binds for kernels before 5.12: each mount below a bind is remounted on its own. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

static const struct {
	unsigned long statvfs, mount;
} kept_flags[] = {
	{ ST_RDONLY, MS_RDONLY },     { ST_NOSUID, MS_NOSUID },   { ST_NODEV, MS_NODEV },
	{ ST_NOEXEC, MS_NOEXEC },     { ST_NOATIME, MS_NOATIME }, { ST_NODIRATIME, MS_NODIRATIME },
	{ ST_RELATIME, MS_RELATIME },
};

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The operation that brought a mount: the last of those with the longest path. */
static const struct op *op_of(const struct sandbox *sb, const char *mount_point)
{
	const struct op *best = NULL;

	for (size_t i = 0; i < sb->ops.n; i++) {
		const struct op *op = &sb->ops.data[i];

		if (is_below(mount_point, op->inside) && (!best || strlen(op->inside) >= strlen(best->inside)))
			best = op;
	}
	return best;
}

/* Undoes the \ooo that /proc/self/mountinfo writes for blanks and backslashes, in place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static int remount(const char *path, const struct op *op, struct err *err)
{
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_NOSUID;
	struct statvfs st;

	if (statvfs(path, &st) < 0)
		return err_infra(err, errno, "%s: cannot look at the mount", path);
	/* A flag that the host's namespace locked must be given again, or the kernel refuses. */
	for (size_t i = 0; i < countof(kept_flags); i++)
		if (st.f_flag & kept_flags[i].statvfs)
			flags |= kept_flags[i].mount;
	flags |= op->type == OP_DEVICE ? MS_NOEXEC : MS_NODEV;
	if (op->type != OP_BIND_RW)
		flags |= MS_RDONLY;
	if (mount(NULL, path, NULL, flags, NULL) < 0)
		return err_infra(err, errno, "%s: cannot be made read-only", path);
	return 0;
}

static int remount_line(const struct sandbox *sb, struct view line, struct err *err)
{
	struct view point = { 0 };
	const struct op *op;
	autofree char *path = NULL;

	for (int field = 0; field < 5 && line.p; field++)
		point = view_cut(&line, ' ');
	path = mem_strndup(point.p, point.n);
	unescape(path);
	op = op_of(sb, path);
	if (op && (op->type == OP_BIND_RO || op->type == OP_BIND_RW || op->type == OP_DEVICE))
		return remount(path, op, err);
	return 0;
}

/* A bind whose path inside leads over a symlink is not found under its name in the list of mounts. */
static int check_read_only(const struct sandbox *sb, struct err *err)
{
	struct statvfs st;

	for (size_t i = 0; i < sb->ops.n; i++) {
		const struct op *op = &sb->ops.data[i];

		if (op->type == OP_BIND_RO && (statvfs(op->inside, &st) < 0 || !(st.f_flag & ST_RDONLY)))
			return err_infra(err, 0, "%s: cannot be made read-only by this kernel", op->inside);
	}
	return 0;
}

int remount_binds(const struct sandbox *sb, struct err *err)
{
	autobuf struct buf text = { 0 };
	struct view rest;

	if (fs_read(AT_FDCWD, "/proc/self/mountinfo", 16u << 20, &text, err) < 0)
		return -1;
	rest = (struct view){ text.data, text.n };
	while (rest.p) {
		struct view line = view_cut(&rest, '\n');

		if (line.n && remount_line(sb, line, err) < 0)
			return -1;
	}
	return check_read_only(sb, err);
}
