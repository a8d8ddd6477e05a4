/* Executes the operations on a fresh tmpfs and makes that the root. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static uint64_t bind_flags(enum op_type type)
{
	/* A device is written to all the same; its mode, which is the host's, is not. */
	if (type == OP_DEVICE)
		return MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
	return MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (type == OP_BIND_RO ? MOUNT_ATTR_RDONLY : 0);
}

static bool has_source(enum op_type type)
{
	return type == OP_BIND_RO || type == OP_BIND_RW || type == OP_DEVICE;
}

static const char *const device_nodes[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
};

static const struct {
	const char *name, *target;
} device_links[] = {
	{ "ptmx", "pts/ptmx" },          { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
};

int open_inside(const struct world *w, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, w->root, path, &how, sizeof(how));
}

static int make_dir(const struct world *w, char *path, struct err *err);

/* Opens the directory that path is in, made when missing. The path is written to meanwhile. */
static int make_parent(const struct world *w, char *path, struct err *err)
{
	char *slash = strrchr(path, '/');
	int fd;

	if (!slash)
		return err_infra(err, EINVAL, "%s: a path in the sandbox must be absolute", path);
	if (slash == path)
		return make_dir(w, (char[]){ "/" }, err);
	*slash = '\0';
	fd = make_dir(w, path, err);
	*slash = '/';
	return fd;
}

static int make_dir(const struct world *w, char *path, struct err *err)
{
	autoclose int parent = -1;
	int fd = open_inside(w, path, O_DIRECTORY);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_infra(err, errno, "%s: cannot open in the sandbox", path);
	parent = make_parent(w, path, err);
	if (parent < 0)
		return -1;
	if (mkdirat(parent, strrchr(path, '/') + 1, 0755) < 0 && errno != EEXIST)
		return err_infra(err, errno, "%s: cannot make the directory in the sandbox", path);
	fd = open_inside(w, path, O_DIRECTORY);
	return fd >= 0 ? fd : err_infra(err, errno, "%s: cannot open in the sandbox", path);
}

enum { LINKS_MAX = 8 };

static int make_mount_point(const struct world *w, char *path, int links, struct err *err);

/* The symlink that path is leads nowhere: what it names is made. Many a root has such a /etc/resolv.conf. */
static int make_link_target(const struct world *w, int parent, const char *path, int links, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char target[1024], end[2048];
	ssize_t n = readlinkat(parent, slash + 1, target, sizeof(target) - 1);

	if (n <= 0)
		return 0;
	target[n] = '\0';
	if (links >= LINKS_MAX)
		return err_infra(err, ELOOP, "%s: cannot make the file in the sandbox", path);
	if (target[0] == '/')
		n = snprintf(end, sizeof(end), "%s", target);
	else
		n = snprintf(end, sizeof(end), "%.*s/%s", (int)(slash - path), path, target);
	if (n >= (ssize_t)sizeof(end))
		return err_infra(err, ENAMETOOLONG, "%s: cannot make the file in the sandbox", path);
	return make_mount_point(w, end, links + 1, err);
}

/* An empty file to mount on, unless something is there. */
static int make_mount_point(const struct world *w, char *path, int links, struct err *err)
{
	autoclose int parent = -1;
	autoclose int made = -1;
	int fd = open_inside(w, path, 0);

	if (fd >= 0)
		return fd;
	parent = make_parent(w, path, err);
	if (parent < 0)
		return -1;
	fd = make_link_target(w, parent, path, links, err);
	if (fd)
		return fd;
	made = openat(parent, strrchr(path, '/') + 1, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	fd = made < 0 ? -1 : open_inside(w, path, 0);
	return fd >= 0 ? fd : err_infra(err, errno, "%s: cannot make the file in the sandbox", path);
}

static int mount_fs(const struct world *w, char *path, const char *type, const char *mode, unsigned flags,
		    struct err *err)
{
	autoclose int tree = new_fs(type, mode, flags, err);
	autoclose int target = -1;

	if (tree < 0)
		return -1;
	target = make_dir(w, path, err);
	return attach(tree, target, path, err);
}

/* A copy of a part of the host's tree, not yet attached. Its flags go on now, so that there is no moment
 * in which it is writable. They only add to what the host's mounts have: flags that its namespace locked
 * stay. */
static int open_source(struct world *w, const char *host, enum op_type type, struct err *err)
{
	struct mount_attr attr = { .attr_set = bind_flags(type) };
	autoclose int tree = open_tree(AT_FDCWD, host, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct stat st;

	if (tree < 0 || fstat(tree, &st) < 0)
		return err_infra(err, errno, "%s: cannot be bound into the sandbox", host);
	if (type == OP_DEVICE && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_infra(err, 0, "%s: is no device", host);
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0) {
		if (errno != ENOSYS)
			return err_infra(err, errno, "%s: cannot be made read-only", host);
		w->old_kernel = true;
	}
	return steal_fd(&tree);
}

static int attach_source(const struct world *w, int tree, char *inside, struct err *err)
{
	autoclose int target = -1;
	struct stat st;

	if (strcmp(inside, "/") == 0)
		return err_infra(err, 0, "nothing can be bound over / in the sandbox");
	if (fstat(tree, &st) < 0)
		return err_infra(err, errno, "%s: cannot look at what is to be bound", inside);
	target = S_ISDIR(st.st_mode) ? make_dir(w, inside, err) : make_mount_point(w, inside, 0, err);
	return attach(tree, target, inside, err);
}

static int make_symlink(const struct world *w, const char *target, char *inside, struct err *err)
{
	autoclose int parent = make_parent(w, inside, err);

	if (parent < 0)
		return -1;
	if (symlinkat(target, parent, strrchr(inside, '/') + 1) < 0)
		return err_infra(err, errno, "%s: cannot make the symlink in the sandbox", inside);
	return 0;
}

static int make_file(const struct world *w, const char *text, char *inside, struct err *err)
{
	autoclose int parent = make_parent(w, inside, err);
	autoclose int fd = -1;
	size_t n = strlen(text);

	if (parent < 0)
		return -1;
	/* A root may have something of that name, a symlink even. */
	unlinkat(parent, strrchr(inside, '/') + 1, 0);
	fd = openat(parent, strrchr(inside, '/') + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return err_infra(err, errno, "%s: cannot write the file in the sandbox", inside);
	return 0;
}

static int make_dev(struct world *w, struct err *err)
{
	char pts[] = "/dev/pts", shm[] = "/dev/shm";
	autoclose int dev = -1;

	/* What a root has there is no device here. */
	if (w->root != w->base &&
	    mount_fs(w, (char[]){ "/dev" }, "tmpfs", "0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err) < 0)
		return -1;
	dev = make_dir(w, (char[]){ "/dev" }, err);
	if (dev < 0)
		return -1;
	for (size_t i = 0; i < countof(device_nodes); i++) {
		autoclose int tree = open_source(w, device_nodes[i], OP_DEVICE, err);
		char inside[32];

		strcpy(inside, device_nodes[i]);
		if (tree < 0 || attach_source(w, tree, inside, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < countof(device_links); i++)
		if (symlinkat(device_links[i].target, dev, device_links[i].name) < 0)
			return err_infra(err, errno, "/dev/%s: cannot make the symlink", device_links[i].name);
	if (mount_fs(w, pts, "devpts", "0620", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err) < 0)
		return -1;
	return mount_fs(w, shm, "tmpfs", "1777", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
}

static int apply(struct world *w, const struct op *op, int source, struct err *err)
{
	int fd;

	switch (op->type) {
	case OP_BIND_RO:
	case OP_BIND_RW:
	case OP_DEVICE:
		return attach_source(w, source, op->inside, err);
	case OP_TMPFS:
		return mount_fs(w, op->inside, "tmpfs", "1777", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	case OP_DIR:
		fd = make_dir(w, op->inside, err);
		return fd < 0 ? -1 : close(fd);
	case OP_SYMLINK:
		return make_symlink(w, op->text, op->inside, err);
	case OP_FILE:
		return make_file(w, op->text, op->inside, err);
	case OP_PROC:
		if (mount_fs(w, op->inside, "proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
			     err) == 0)
			return 0;
		/* The kernel shows a new /proc only where the caller's own is whole. */
		return err->num == EPERM ? err_wrap(err, "parts of this host's /proc are masked, "
							 "as container engines do")
					 : -1;
	case OP_DEV:
		return make_dev(w, err);
	}
	return err_infra(err, 0, "unknown operation");
}

/* Whether nothing lies over the root: "/.." would lead there (statx(2), Linux 5.8). */
static bool is_alone(void)
{
	struct statx root, above;

	return statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root) == 0 &&
	       statx(AT_FDCWD, "/..", 0, STATX_MNT_ID, &above) == 0 && root.stx_mnt_id == above.stx_mnt_id;
}

/* Where the process stands, the old root comes to lie over the new one, and is taken away; over it the tmpfs, where
 * that is not the new root itself. */
static int pivot(const struct world *w, struct err *err)
{
	if (fchdir(w->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_infra(err, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0 || (w->root != w->base && umount2(".", MNT_DETACH) < 0) || chdir("/") < 0)
		return err_infra(err, errno, "cannot leave the old root");
	if (!is_alone())
		return err_infra(err, 0, "something of the host still lies over the new root");
	/* What is written to a root of its own is either thrown away or wanted. */
	if (w->root == w->base &&
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		return err_infra(err, errno, "cannot make / read-only");
	return 0;
}

/* Everything of the host is opened before the new root is attached, or a bind of / would hold the new root too.
 * All descriptors are closed with the first process's others. */
static int open_sources(struct world *w, const struct sandbox *sb, int *sources, struct err *err)
{
	for (size_t i = 0; i < sb->ops.n; i++) {
		const struct op *op = &sb->ops.data[i];

		sources[i] = has_source(op->type) ? open_source(w, op->text, op->type, err) : -1;
		if (has_source(op->type) && sources[i] < 0)
			return -1;
	}
	return 0;
}

static int attach_binfmt(const struct world *w, int table, struct err *err)
{
	static const char place[] = "/proc/sys/fs/binfmt_misc";
	autoclose int target = table < 0 ? -1 : open_inside(w, place, O_DIRECTORY);

	if (table >= 0 && target < 0)
		return err_infra(err, errno, "%s: cannot open in the sandbox", place);
	return table < 0 ? 0 : attach(table, target, place, err);
}

static int build(struct world *w, const struct start *start, struct err *err)
{
	const struct sandbox *sb = start->sb;
	int sources[sb->ops.n + 1], dirs[sb->lowers.n + 1];
	autoclose int table = -1;

	if (open_sources(w, sb, sources, err) < 0 || tree_open(sb, dirs, err) < 0 ||
	    binfmt_open(sb, start->formats, &table, err) < 0)
		return -1;
	/* Over /, which exists everywhere; paths still mean the host's, as the process's root is below. */
	if (move_mount(w->base, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_infra(err, errno, "cannot attach the new root");
	if (sb->lowers.n && tree_mount(w, sb, dirs, err) < 0)
		return -1;
	for (size_t i = 0; i < sb->ops.n; i++)
		if (apply(w, &sb->ops.data[i], sources[i], err) < 0)
			return -1;
	return attach_binfmt(w, table, err);
}

int world_enter(const struct start *start, struct err *err)
{
	struct world w = { .base = -1, .root = -1 };
	autoclose int base = -1;

	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_infra(err, errno, "cannot make mounts private");
	w.base = w.root = base = new_fs("tmpfs", "0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	if (base < 0 || build(&w, start, err) < 0 || pivot(&w, err) < 0)
		return -1;
	return w.old_kernel ? remount_binds(start->sb, err) : 0;
}
