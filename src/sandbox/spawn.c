/* The caller's side: clone, hear how the set-up went, wait, kill. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pid_t clone_namespaces(const struct sandbox *sb, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
			 CLONE_PIDFD | (sb->network ? 0 : CLONE_NEWNET),
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* Signals are blocked over the clone: the caller's handlers must not run in the child, which shares its
 * signal pipes until it has put the handlers off. */
static pid_t start_init(struct start *start, int *pidfd)
{
	sigset_t all, before;
	pid_t pid;
	int num;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone_namespaces(start->sb, pidfd);
	num = errno;
	if (pid == 0)
		init_main(start);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = num;
	return pid;
}

/* False when the first process ended without a word. */
static bool receive(int fd, struct report *report)
{
	ssize_t n;

	while ((n = recv(fd, report, sizeof(*report), 0)) < 0 && errno == EINTR)
		;
	return n == sizeof(*report);
}

static pid_t reap(pid_t pid, int *status, struct rusage *usage)
{
	pid_t reaped;

	while ((reaped = wait4(pid, status, 0, usage)) < 0 && errno == EINTR)
		;
	return reaped;
}

/* Names the host's switch, where one is known to forbid namespaces. */
static int explain(struct err *err)
{
	autofree char *why = NULL;

	if (err->num != EPERM && err->num != ENOSPC && err->num != EACCES && err->num != EINVAL)
		return -1;
	why = forbidding_switch();
	return why ? err_wrap(err, "%s", why) : -1;
}

static int hear_start(pid_t pid, int report_fd, struct err *err)
{
	struct report report = { 0 };

	if (receive(report_fd, &report) && report.what == REPORT_STARTED)
		return 0;
	if (report.what == REPORT_ERROR)
		*err = report.err;
	else
		err_infra(err, 0, "the sandbox's first process was killed during set-up");
	reap(pid, NULL, NULL);
	err_wrap(err, "sandbox");
	return explain(err);
}

static char **formats_make(const struct sandbox *sb)
{
	char **texts = mem_alloc((sb->binfmts.n + 1) * sizeof(*texts));

	for (size_t i = 0; i < sb->binfmts.n; i++)
		texts[i] = binfmt_text(&sb->binfmts.data[i]);
	return texts;
}

static void formats_free(char ***texts)
{
	for (char **t = *texts; t && *t; t++)
		free(*t);
	free(*texts);
}

int spawn(const struct sandbox *sb, const char *const *argv, const struct sandbox_stdio *stdio,
	  struct sandbox_child *child, struct err *err)
{
	struct start start = { .sb = sb, .argv = argv, .stdio = *stdio, .uid = geteuid(), .gid = getegid() };
	autofree char **env = mem_alloc((sb->env.n + 1) * sizeof(*env));
	autofree struct sock_filter *insns = NULL;
	CLEANUP(formats_free) char **formats = NULL;
	autoclose int caller = -1;
	int pair[2], pidfd = -1;
	pid_t pid;

	if (filter_make(sb, &start.filter, err) < 0)
		return -1;
	insns = start.filter.filter;
	start.formats = formats = formats_make(sb);
	if (sb->env.n)
		memcpy(env, sb->env.data, sb->env.n * sizeof(*env));
	start.env = env;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_infra(err, errno, "socketpair");
	caller = start.caller = pair[0];
	start.report = pair[1];
	pid = start_init(&start, &pidfd);
	if (pid < 0)
		err_infra(err, errno, "sandbox: cannot make namespaces");
	close(pair[1]);
	if (pid < 0)
		return explain(err);
	if (hear_start(pid, caller, err) < 0) {
		close(pidfd);
		return -1;
	}
	*child = (struct sandbox_child){ .pid = pid, .pidfd = pidfd, .report = steal_fd(&caller) };
	return 0;
}

int sandbox_spawn(const struct sandbox *sb, const char *const *argv, const struct sandbox_stdio *stdio,
		  struct sandbox_child *child, struct err *err)
{
	return spawn(sb, argv, stdio, child, err);
}

int sandbox_wait(struct sandbox_child *child, int *status, struct rusage *usage, struct err *err)
{
	struct report report = { 0 };
	bool ended = receive(child->report, &report) && report.what == REPORT_ENDED;

	if (reap(child->pid, status, usage) < 0)
		return err_infra(err, errno, "cannot wait for the sandbox");
	close(child->pidfd);
	close(child->report);
	child->pidfd = child->report = -1;
	if (ended)
		*status = report.status;
	return 0;
}

void sandbox_kill(struct sandbox_child *child)
{
	pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
}

void sandbox_signal(struct sandbox_child *child, int signal)
{
	pidfd_send_signal(child->pidfd, signal, NULL, 0);
}
