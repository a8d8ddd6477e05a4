/* A disk that is soon full: a tmpfs in a mount namespace of a child's own. */
#ifndef UNIT_SMALL_DISK_H
#define UNIT_SMALL_DISK_H

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SMALL_DISK_SKIP = 77 };

/* Ends the child: nobody may make such a disk here. */
static inline _Noreturn void small_disk_none(const char *what)
{
	fprintf(stderr, "# no small disk here: %s: %s\n", what, strerror(errno));
	_exit(SMALL_DISK_SKIP);
}

static inline void small_disk_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		small_disk_none(path);
	close(fd);
}

/* Runs check(arg) in a child that sees a disk of so many KiB at dir; its result is the child's exit status: 0 is good.
 */
static inline int small_disk(const char *dir, int kib, int (*check)(void *arg), void *arg)
{
	char *uids = mem_printf("0 %u 1", geteuid()), *gids = mem_printf("0 %u 1", getegid()),
	     *size = mem_printf("size=%dk", kib);
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			small_disk_none("unshare");
		small_disk_write("/proc/self/setgroups", "deny");
		small_disk_write("/proc/self/uid_map", uids);
		small_disk_write("/proc/self/gid_map", gids);
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", dir, "tmpfs", 0, size) < 0)
			small_disk_none("mount");
		_exit(check(arg));
	}
	free(uids);
	free(gids);
	free(size);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif
