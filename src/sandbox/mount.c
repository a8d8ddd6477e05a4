/* File systems before they have a place, and their being put there. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

int attach(int tree, int target, const char *path, struct err *err)
{
	if (target < 0)
		return -1;
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_infra(err, errno, "%s: cannot mount in the sandbox", path);
	return 0;
}

int new_fs(const char *type, const char *mode, unsigned flags, struct err *err)
{
	autoclose int fs = fsopen(type, FSOPEN_CLOEXEC);
	int tree = -1;

	if (fs >= 0 && (!mode || fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) == 0) &&
	    (strcmp(type, "devpts") != 0 || fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666", 0) == 0) &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		tree = fsmount(fs, FSMOUNT_CLOEXEC, flags);
	if (tree < 0)
		err_infra(err, errno, "cannot mount a new %s", type);
	return tree;
}
