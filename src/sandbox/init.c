/* The sandbox's first process: sets the world up, starts the program, reaps, and reports its status. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void send_report(int fd, const struct report *report)
{
	while (send(fd, report, sizeof(*report), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static int write_proc(const char *path, const char *text, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_infra(err, errno, "%s: cannot write", path);
	return 0;
}

/* One id each, which needs no privilege; setgroups must be given up for it (user_namespaces(7)). */
static int map_ids(unsigned inside, unsigned outside_uid, unsigned outside_gid, struct err *err)
{
	char uid[64], gid[64];

	snprintf(uid, sizeof(uid), "%u %u 1", inside, outside_uid);
	snprintf(gid, sizeof(gid), "%u %u 1", inside, outside_gid);
	if (write_proc("/proc/self/uid_map", uid, err) < 0)
		return -1;
	if (write_proc("/proc/self/setgroups", "deny", err) < 0)
		return -1;
	return write_proc("/proc/self/gid_map", gid, err);
}

/* A kernel without IPv4 has no loopback to bring up, which harms nobody. */
static void loopback_up(void)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd >= 0)
		ioctl(fd, SIOCSIFFLAGS, &lo);
}

/* The host's network comes with the sockets that its desktop and services have under names of no file. Landlock keeps
 * them away, from Linux 6.12 on (landlock(7)); its headers may be older here. Where it is not there, they stay. */
static void scope_sockets(void)
{
	const struct {
		uint64_t handled_access_fs, handled_access_net, scoped;
	} rules = { .scoped = 1 /* LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET */ };
	autoclose int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);

	if (fd >= 0)
		syscall(SYS_landlock_restrict_self, fd, 0);
}

static int drop_capabilities(const struct sandbox *sb, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	/* They reach no further than this namespace. */
	if (sb->superuser)
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_infra(err, errno, "no_new_privs") : 0;
	/* The kernel may know more capabilities than the headers: ends at the first that it does not. */
	for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_infra(err, errno, "cannot drop privileges");
	return 0;
}

/* getppid is 0 in a new pid namespace, so the caller's end of the socket tells whether it was dead
 * before the signal was asked for. Nobody else holds that end open. */
static void die_with_caller(int report)
{
	struct pollfd p = { .fd = report };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || (poll(&p, 1, 0) > 0 && p.revents & POLLHUP))
		_exit(1);
}

static void reset_signals(void)
{
	/* The kernel's struct sigaction, whose zero is SIG_DFL: libc refuses to touch the two signals that it keeps
	 * for itself, and a caller may have inherited them ignored. */
	static const unsigned char by_default[64];

	for (int sig = 1; sig < NSIG; sig++) /* fails for SIGKILL and SIGSTOP; the mask has 16 bytes on MIPS */
		if (syscall(SYS_rt_sigaction, sig, by_default, NULL, 8) < 0 && errno == EINVAL)
			syscall(SYS_rt_sigaction, sig, by_default, NULL, 16);
}

/* A table of program formats belongs to the namespace's root. Where the program is somebody else, all is set up as
 * root, and the program lives in a namespace below, which the table serves as well. A superuser lives in one below,
 * too, with a copy of the mounts: in that the kernel has locked what is read-only, which whoever made a mount may
 * else make writable again (mount_namespaces(7)). */
static bool has_inner(const struct sandbox *sb)
{
	return sb->binfmts.n || sb->superuser;
}

static int enter_inner(const struct sandbox *sb, struct err *err)
{
	if (unshare(CLONE_NEWUSER | (sb->superuser ? CLONE_NEWNS : 0)) < 0)
		return err_infra(err, errno, "cannot make a second user namespace");
	return map_ids(sb->superuser ? 0 : SANDBOX_UID, 0, 0, err);
}

static int set_up(const struct start *start, struct err *err)
{
	bool inner = has_inner(start->sb);

	if (map_ids(inner ? 0 : SANDBOX_UID, start->uid, start->gid, err) < 0 || world_enter(start, err) < 0)
		return -1;
	if (sethostname("kiln", 4) < 0)
		return err_infra(err, errno, "cannot set the host name");
	if (!start->sb->network)
		loopback_up();
	if (inner && enter_inner(start->sb, err) < 0)
		return -1;
	if (drop_capabilities(start->sb, err) < 0)
		return -1;
	if (start->sb->network)
		scope_sockets();
	return 0;
}

/* Starts the program and closes all that is its own. Returns its pid here, -1 with *err when it cannot
 * be executed. */
static pid_t start_program(const struct start *start, struct err *err)
{
	int p[2];
	pid_t pid;
	ssize_t n;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	pid = fork();
	if (pid < 0)
		return err_infra(err, errno, "fork in the sandbox");
	if (pid == 0) {
		close(p[0]);
		program_main(start, p[1]);
	}
	close(p[1]);
	while ((n = read(p[0], err, sizeof(*err))) < 0 && errno == EINTR)
		;
	close(p[0]);
	return n == 0 ? pid : -1;
}

static void close_all_but(int fd)
{
	if (fd > 0)
		close_range(0, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0u, 0);
}

/* Reaps whoever has ended; true when the program is among them. */
static bool reap(pid_t program, int *program_status)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == program) {
			*program_status = status;
			return true;
		}
		if (pid < 0 && errno == ECHILD)
			_exit(1);
		if (pid <= 0)
			return false;
	}
}

/* Orphans come to the first process of the namespace; all that is left when it ends dies with it. Signals that the
 * caller sends to it are meant for the program. All are blocked, so none is lost, and none is taken as ignored. */
static int reap_until(pid_t program)
{
	sigset_t all;
	int status, signal;

	sigfillset(&all);
	while (!reap(program, &status)) {
		if (sigwait(&all, &signal) != 0)
			continue;
		if (signal != SIGCHLD)
			kill(program, signal);
	}
	return status;
}

_Noreturn void init_main(struct start *start)
{
	struct report report = { .what = REPORT_STARTED };
	pid_t program;

	reset_signals();
	close(start->caller);
	die_with_caller(start->report);
	/* A caller that changed its user may be undumpable; then /proc/self is root's, its maps too. */
	prctl(PR_SET_DUMPABLE, 1);
	if (!start->sb->terminal)
		setsid();
	if (set_up(start, &report.err) < 0)
		goto failed;
	/* What of the caller's memory is still here is not for the program's eyes. */
	prctl(PR_SET_DUMPABLE, 0);
	die_with_caller(start->report); /* again: a change of credentials clears it */
	if (!start->argv) {
		send_report(start->report, &report);
		_exit(0);
	}
	program = start_program(start, &report.err);
	if (program < 0)
		goto failed;
	close_all_but(start->report);
	send_report(start->report, &report);
	report.what = REPORT_ENDED;
	report.status = reap_until(program);
	send_report(start->report, &report);
	_exit(0);
failed:
	report.what = REPORT_ERROR;
	send_report(start->report, &report);
	_exit(1);
}
