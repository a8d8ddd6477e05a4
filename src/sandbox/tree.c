/* A root out of directories of the host: an overlay whose upper layer lies in memory, or one directory as it is. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

int tree_open(const struct sandbox *sb, int *fds, struct err *err)
{
	for (size_t i = 0; i < sb->lowers.n; i++) {
		fds[i] = open(sb->lowers.data[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fds[i] < 0)
			return err_infra(err, errno, "%s: cannot be the sandbox's root", sb->lowers.data[i]);
	}
	return 0;
}

/* fsconfig takes at most 255 bytes; a path by way of a descriptor is always short. */
static void lower_list(const struct sandbox *sb, const int *fds, struct buf *list)
{
	for (size_t i = 0; i < sb->lowers.n; i++)
		buf_printf(list, "%s/proc/self/fd/%d", i ? ":" : "", fds[i]);
}

/* xattrs of its own are user.overlay.*, which need no privilege (Linux 5.11, Documentation/filesystems/overlayfs). */
static int overlay_new(const struct world *w, const char *lowers, struct err *err)
{
	autoclose int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	char upper[64], work[64];
	int tree = -1;

	snprintf(upper, sizeof(upper), "/proc/self/fd/%d/upper", w->base);
	snprintf(work, sizeof(work), "/proc/self/fd/%d/work", w->base);
	if (mkdirat(w->base, "upper", 0755) < 0 || mkdirat(w->base, "work", 0755) < 0)
		return err_infra(err, errno, "cannot make the upper layer");
	if (fs >= 0 && fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", lowers, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", upper, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_SET_STRING, "workdir", work, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (tree < 0)
		err_infra(err, errno,
			  "cannot lay an overlay over the root (Linux 5.11 and CONFIG_OVERLAY_FS are needed)");
	return tree;
}

/* All but the paths given to tree_open comes from there. */
static int in_place_new(const char *dir, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	autoclose int tree = open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0)
		return err_infra(err, errno, "%s: cannot be the sandbox's root", dir);
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_infra(err, errno, "%s: cannot be mounted without set-user-id", dir);
	return steal_fd(&tree);
}

/* An overlay takes only directories of mounts that are attached: the tmpfs is by now. */
int tree_mount(struct world *w, const struct sandbox *sb, const int *fds, struct err *err)
{
	autobuf struct buf lowers = { 0 };
	autoclose int target = -1;

	lower_list(sb, fds, &lowers);
	w->root = sb->in_place ? in_place_new(sb->lowers.data[0], err) : overlay_new(w, lowers.data, err);
	if (w->root < 0)
		return -1;
	if (mkdirat(w->base, "root", 0755) < 0 ||
	    (target = openat(w->base, "root", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_infra(err, errno, "cannot make the place of the new root");
	return attach(w->root, target, "/", err);
}
