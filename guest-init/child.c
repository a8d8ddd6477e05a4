#include "child.h"

#include "lib/sys.h"
#include "lib/text.h"

enum { POLL_MS = 50, CLOSED_MS = 2, REAP_MS = 2000 };

/* Output on its way to the console. The first line says whether the program speaks KTAP. */
struct relay {
	struct text line;
	bool begun, ktap;
};

static const char *relay_indent(struct relay *relay, const char *p, size_t n)
{
	char first[16] = { 0 };

	if (!relay->begun) {
		for (size_t i = 0; i < n && i < sizeof(first) - 1; i++)
			first[i] = p[i];
		relay->begun = true;
		relay->ktap = text_starts(first, "KTAP version") || text_starts(first, "TAP version") ||
			      text_starts(first, "1..");
	}
	return relay->ktap ? "  " : "# ";
}

static void relay_flush(struct relay *relay)
{
	struct text out = { .n = 0 };

	text_add(&out, relay_indent(relay, relay->line.data, relay->line.n));
	text_add_bytes(&out, relay->line.data, relay->line.n);
	text_write(&out, 1);
	relay->line.n = 0;
}

/* Lines longer than the buffer are passed on in pieces; each is indented, so that nothing a program
 * prints can begin a line of ours. */
static void relay_bytes(struct relay *relay, const char *p, size_t n)
{
	for (; n--; p++) {
		if (*p == '\n')
			relay_flush(relay);
		else if (*p != '\r')
			text_add_bytes(&relay->line, p, 1);
		if (relay->line.n == sizeof(relay->line.data) - 3)
			relay_flush(relay);
	}
}

_Noreturn static void become(const char *path, int output)
{
	const char *const argv[] = { path, NULL };
	const char *const envp[] = { "PATH=/bin:/sbin", "HOME=/", NULL };

	sys_dup(output, 1);
	sys_dup(output, 2);
	for (int fd = 3; fd < 8; fd++)
		sys_close(fd);
	sys_execve(path, argv, envp);
	sys_exit(127);
}

static uint32_t now(void)
{
	uint32_t ms = 0;

	sys_clock(&ms);
	return ms;
}

/* Kills all that the program left, and takes in what ended. We are the first process: everyone else
 * in this world is its descendant or a kernel thread, and those do not mind. */
static void sweep(long pid, bool reaped, int *status)
{
	const uint32_t begin = now();
	int other;
	long got;

	sys_kill(-1, SYS_SIGKILL);
	for (;;) {
		got = sys_wait(-1, &other, SYS_WNOHANG);
		if (got == pid && !reaped)
			*status = other;
		if (got < 0 || now() - begin > REAP_MS)
			return;
		if (!got)
			sys_poll(NULL, 0, 10);
	}
}

/* Passes output on until the program has ended and all of it is read. True when it was in time. */
static bool attend(long pid, int output, uint32_t limit, struct relay *relay, bool *reaped, int *status)
{
	const uint32_t begin = now();
	struct sys_pollfd poll = { .fd = output, .events = SYS_POLLIN };
	bool open = true;
	char bytes[1024];

	while (now() - begin < limit) {
		const long ready = sys_poll(&poll, open ? 1 : 0, *reaped ? 0 : open ? POLL_MS : CLOSED_MS);
		const long n = ready > 0 ? sys_read(output, bytes, sizeof(bytes)) : 0;

		if (n > 0)
			relay_bytes(relay, bytes, (size_t)n);
		else if (ready > 0)
			open = false;
		if (*reaped && n <= 0)
			return true;
		if (!*reaped)
			*reaped = sys_wait(pid, status, SYS_WNOHANG) == pid;
	}
	return *reaped;
}

void child_run(const char *path, uint32_t limit, struct child_end *end)
{
	struct relay relay = { .begun = false };
	bool reaped = false;
	int fds[2], status = 0;
	long pid = sys_pipe(fds);

	*end = (struct child_end){ .error = 0 };
	if (pid == 0)
		pid = sys_fork();
	if (pid == 0)
		become(path, fds[1]);
	if (pid < 0) {
		end->error = (int)-pid;
		return;
	}
	sys_close(fds[1]);
	end->timeout = !attend(pid, fds[0], limit, &relay, &reaped, &status);
	sweep(pid, reaped, &status);
	sys_close(fds[0]);
	if (relay.line.n)
		relay_flush(&relay);
	end->signal = status & 0x7f;
	end->status = status >> 8 & 0xff;
}
