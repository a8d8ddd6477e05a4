#define _GNU_SOURCE
#include "base/proc.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static _Noreturn void child_exec(const struct proc *proc, int out, int errfd)
{
	int in = proc->input > 0 ? proc->input : open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errfd, 2) < 0)
		_exit(127);
	if (proc->dir && chdir(proc->dir) < 0) {
		dprintf(2, "%s: %s\n", proc->dir, strerror(errno));
		_exit(127);
	}
	for (size_t i = 0; proc->env && proc->env[i]; i++)
		putenv((char *)proc->env[i]);
	execvp(proc->argv[0], (char *const *)proc->argv);
	dprintf(2, "%s\n", strerror(errno));
	_exit(127);
}

enum { STOP_MS = 50 };

static bool is_stopped(const struct proc *proc)
{
	return proc->stop && atomic_load(proc->stop);
}

/* Reads both pipes until both end; false when stdout went over its bound, or it is to stop. */
static bool drain(const struct proc *proc, int out_fd, int err_fd, size_t max, struct buf *out, struct buf *errs)
{
	struct pollfd fds[2] = { { out_fd, POLLIN, 0 }, { err_fd, POLLIN, 0 } };
	size_t kept = 0;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (is_stopped(proc))
			return false;
		if (poll(fds, 2, proc->stop ? STOP_MS : -1) <= 0)
			continue;
		for (int i = 0; i < 2; i++) {
			char chunk[16384];
			ssize_t n;

			if (!fds[i].revents)
				continue;
			n = read(fds[i].fd, chunk, sizeof(chunk));
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0) {
				fds[i].fd = -1;
				continue;
			}
			if (i == 0 && (kept += (size_t)n) > max)
				return false;
			if (i == 1 && errs->n > 65536)
				buf_clear(errs);
			if (i == 1 || out)
				buf_add(i == 0 ? out : errs, chunk, (size_t)n);
		}
	}
	return true;
}

static struct view last_line(const struct buf *b)
{
	struct view all = view_trim((struct view){ b->data, b->n });
	const char *nl = all.n ? memrchr(all.p, '\n', all.n) : NULL;

	return nl ? (struct view){ nl + 1, all.n - (size_t)(nl + 1 - all.p) } : all;
}

int proc_run(const struct proc *proc, struct buf *out, struct err *err)
{
	autobuf struct buf errs = { 0 };
	autobuf struct buf shown = { 0 };
	int o[2], e[2], status;
	bool fits;
	pid_t pid;

	if (pipe2(o, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	if (pipe2(e, O_CLOEXEC) < 0) {
		err_infra(err, errno, "pipe");
		close(o[0]);
		close(o[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		child_exec(proc, o[1], e[1]);
	close(o[1]);
	close(e[1]);
	if (pid < 0) {
		err_infra(err, errno, "fork");
		close(o[0]);
		close(e[0]);
		return -1;
	}
	fits = drain(proc, o[0], e[0], proc->max_output ? proc->max_output : 16u << 20, out, &errs);
	if (!fits)
		kill(pid, SIGKILL);
	close(o[0]);
	close(e[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	buf_add_printable(&shown, last_line(&errs));
	if (!fits && is_stopped(proc))
		return err_infra(err, ECANCELED, "%s", proc->argv[0]);
	if (!fits)
		return err_infra(err, 0, "%s: printed more than it may", proc->argv[0]);
	if (WIFSIGNALED(status))
		return err_infra(err, 0, "%s: ended by signal %d", proc->argv[0], WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_infra(err, 0, "%s: exit status %d%s%s", proc->argv[0], WEXITSTATUS(status),
				 shown.n ? ": " : "", shown.n ? shown.data : "");
	return 0;
}
