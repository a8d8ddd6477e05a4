/* What the end of an emulated program tells of its emulator. */
#define _GNU_SOURCE
#include "root/root.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum fault { NO_FAULT, TOO_OLD, CRASHED };

/* The words of QEMU (linux-user/signal.c), of glibc (its loader's checks of kernel and CPU, strerror) and of gcc. The
 * first that is found counts. */
static const struct {
	const char *text;
	enum fault fault;
} marks[] = {
	{ "qemu: uncaught target signal 4 ", TOO_OLD },
	{ "FATAL: kernel too old", TOO_OLD },
	{ "Fatal glibc error: CPU ", TOO_OLD },
	{ "CPU ISA level is lower than required", TOO_OLD },
	{ "internal compiler error: Illegal instruction", TOO_OLD },
	{ "qemu: unhandled CPU exception ", TOO_OLD },
	{ "Function not implemented", TOO_OLD }, /* a system call */
	{ "qemu: uncaught target signal ", CRASHED },
	{ "Bail out! ERROR:", CRASHED },
	{ "internal compiler error: Segmentation fault", CRASHED },
	{ "internal compiler error: Bus error", CRASHED },
	{ "internal compiler error: Aborted", CRASHED },
};

static enum fault fault_said(struct view text)
{
	for (size_t i = 0; text.n && i < countof(marks); i++)
		if (memmem(text.p, text.n, marks[i].text, strlen(marks[i].text)))
			return marks[i].fault;
	return NO_FAULT;
}

static enum fault fault_shown(int status)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGTRAP };
	/* A shell's way to pass a signal on, too. */
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 128;

	for (size_t i = 0; i < countof(crashes); i++)
		if (signal == crashes[i])
			return CRASHED;
	return signal == SIGILL ? TOO_OLD : NO_FAULT;
}

char *root_emulator_blamed(const json_t *emulator, struct view text, int status)
{
	enum fault fault = emulator ? fault_said(text) : NO_FAULT;
	const char *version = json_str_or(emulator, "version", "this one"), *program;

	program = json_str_or(emulator, "program", "qemu-user");
	if (emulator && fault == NO_FAULT)
		fault = fault_shown(status);
	switch (fault) {
	case TOO_OLD:
		return mem_printf("it needs a newer qemu-user than %s (%s): install one, for example of the next "
				  "release of the distribution, or take an older root",
				  version, program);
	case CRASHED:
		return mem_printf("qemu-user %s (%s) crashed, or what it ran: try again, or with another qemu-user",
				  version, program);
	case NO_FAULT:
		break;
	}
	return NULL;
}
