#define _GNU_SOURCE
#include "enter/enter.h"

#include "base/cleanup.h"
#include "base/proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Those that people and programs send on purpose; a terminal sends its own to the foreground, which we are not in. */
static void passed_signals(sigset_t *set)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };

	sigemptyset(set);
	for (size_t i = 0; i < countof(signals); i++)
		sigaddset(set, signals[i]);
}

/* Hands signals on until the sandbox has ended. */
static int follow(struct sandbox_child *child, int signals, struct err *err)
{
	struct pollfd p[] = { { child->pidfd, POLLIN, 0 }, { signals, POLLIN, 0 } };
	struct signalfd_siginfo info;

	while (!p[0].revents) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_infra(err, errno, "poll");
		if (p[1].revents & POLLIN && read(signals, &info, sizeof(info)) == sizeof(info))
			sandbox_signal(child, (int)info.ssi_signo);
	}
	return 0;
}

/* As a shell sees it: ended by the same signal. */
static int status_pass(int status)
{
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	return 128 + WTERMSIG(status);
}

/* The program's end is its own and passed on as it is; only the likely cause is added. */
static void too_old_note(const struct way *way, const char *program, int status)
{
	const char *argv[] = { way->emulator, "--version", NULL };
	autobuf struct buf said = { 0 };
	struct err ignored = { 0 };
	struct view rest, line;

	if (!way->emulator || !WIFSIGNALED(status) || WTERMSIG(status) != SIGILL ||
	    proc_run(&(struct proc){ .argv = argv }, &said, &ignored) < 0 || !said.n)
		return;
	rest = (struct view){ said.data, said.n };
	line = view_cut(&rest, '\n');
	rest = line;
	line = view_cut(&rest, '('); /* the package's version */
	fprintf(stderr,
		"kiln: %s: an illegal instruction: it may need a newer qemu-user than " VIEW_FMT "(%s); install one, "
		"for example of the next release of the distribution\n",
		program, VIEW_ARG(line), way->emulator);
}

int enter_run(struct sandbox *sb, const struct way *way, const char *const *argv, struct err *err)
{
	struct sandbox_child child;
	bool terminal = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
	autoclose int signals = -1;
	sigset_t set, before;
	int status = 0, result;

	passed_signals(&set);
	if (terminal)
		sandbox_terminal(sb);
	sigprocmask(SIG_BLOCK, &set, &before);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_infra(err, errno, "signalfd");
	if (sandbox_spawn(sb, argv, &(struct sandbox_stdio){ 0, 1, 2 }, &child, err) < 0)
		return -1;
	result = follow(&child, signals, err);
	if (sandbox_wait(&child, &status, NULL, err) < 0)
		result = -1;
	if (terminal) { /* back to our own foreground; SIGTTOU would stop us */
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpgrp());
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result < 0)
		return -1;
	too_old_note(way, argv[0], status);
	return status_pass(status);
}
