/* The process that becomes the program: descriptors, limits, the filter, exec. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <linux/seccomp.h>

/* Above every number that the program gets. */
static int first_free(const struct start *start)
{
	int top = 2;

	for (size_t i = 0; i < start->sb->fds.n; i++)
		if (start->sb->fds.data[i].inside > top)
			top = start->sb->fds.data[i].inside;
	return top + 1;
}

/* Copies a descriptor above all targets, so that no target overwrites a source. */
static int move_up(int fd, int above, struct err *err)
{
	int moved = fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fd;

	moved = moved < 0 ? -1 : fcntl(moved, F_DUPFD_CLOEXEC, above);
	return moved >= 0 ? moved : err_infra(err, errno, "cannot pass descriptor %d on", fd);
}

static int arrange_fds(const struct start *start, int *exec_fd, struct err *err)
{
	const struct passed_fd *passed = start->sb->fds.data;
	size_t n = start->sb->fds.n;
	int above = first_free(start);
	int std[3] = { start->stdio.in, start->stdio.out, start->stdio.err };
	int moved[n + 3];

	for (size_t i = 0; i < n + 3; i++)
		if ((moved[i] = move_up(i < 3 ? std[i] : passed[i - 3].host, above, err)) < 0)
			return -1;
	if ((*exec_fd = move_up(*exec_fd, above, err)) < 0)
		return -1;
	close_range(0, (unsigned)above - 1, 0);
	for (size_t i = 0; i < n + 3; i++)
		if (dup2(moved[i], i < 3 ? (int)i : passed[i - 3].inside) < 0)
			return err_infra(err, errno, "cannot pass a descriptor on");
	for (size_t i = 0; i < n + 3; i++)
		close(moved[i]);
	/* Reports a failed exec, closes with a good one. */
	if (*exec_fd != above) {
		*exec_fd = dup3(*exec_fd, above, O_CLOEXEC);
		if (*exec_fd < 0)
			return err_infra(err, errno, "dup3");
	}
	close_range((unsigned)above + 1, ~0u, 0);
	return 0;
}

static int set_limits(const struct sandbox *sb, struct err *err)
{
	struct rlimit none = { 0, 0 };
	struct rlimit size = { sb->file_size, sb->file_size };

	/* The host's core handler would run outside. */
	if (setrlimit(RLIMIT_CORE, &none) < 0 || (sb->file_size && setrlimit(RLIMIT_FSIZE, &size) < 0))
		return err_infra(err, errno, "cannot set limits");
	return 0;
}

/* Into a process group of its own, and that into the foreground; SIGTTOU is still blocked, as all signals are. */
static void take_terminal(void)
{
	setpgid(0, 0);
	tcsetpgrp(0, getpid());
}

static int become(const struct start *start, int *exec_fd, struct err *err)
{
	sigset_t none;

	if (arrange_fds(start, exec_fd, err) < 0 || set_limits(start->sb, err) < 0)
		return -1;
	if (chdir(start->sb->dir) < 0)
		return err_infra(err, errno, "%s: cannot be the working directory in the sandbox", start->sb->dir);
	if (!start->sb->terminal)
		setsid();
	else
		take_terminal();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &start->filter) < 0)
		return err_infra(err, errno, "cannot load the system call filter");
	environ = (char **)start->env;
	execvp(start->argv[0], (char *const *)start->argv);
	if (errno == ENOENT && strchr(start->argv[0], '/') && access(start->argv[0], F_OK) == 0)
		return err_infra(err, 0, "%s: its interpreter is not in the sandbox", start->argv[0]);
	return err_infra(err, errno, "%s: cannot run it in the sandbox", start->argv[0]);
}

_Noreturn void program_main(const struct start *start, int exec_fd)
{
	struct err err = { 0 };

	become(start, &exec_fd, &err);
	if (write(exec_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}
