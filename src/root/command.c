/* A program that takes part in making a root. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

enum { TOLD_LINES = 6, TAIL_BYTES = 16384, FULL_BYTES = 1 << 20 };

/* The log's end, without empty lines behind it. */
static struct view log_end(const char *path, char tail[static TAIL_BYTES])
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	if (fd >= 0 && fstat(fd, &st) == 0)
		n = pread(fd, tail, TAIL_BYTES, st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
	while (n > 0 && tail[n - 1] == '\n')
		n--;
	return (struct view){ tail, n > 0 ? (size_t)n : 0 };
}

/* Its last lines, each behind a line break, safe to print. */
static void last_lines(struct view end, struct buf *out)
{
	const char *tail = end.p;
	ssize_t n = (ssize_t)end.n, start;
	struct view rest;
	int lines = 0;

	for (start = n; start > 0 && lines < TOLD_LINES; start--)
		lines += tail[start - 1] == '\n';
	rest = (struct view){ tail + start + (lines == TOLD_LINES), (size_t)(n - start - (lines == TOLD_LINES)) };
	while (n > 0 && rest.p) {
		buf_adds(out, "\n  ");
		buf_add_printable(out, view_cut(&rest, '\n'));
	}
}

bool disk_is_full(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) == 0 && (st.f_bavail * st.f_frsize < FULL_BYTES || (st.f_files && !st.f_ffree));
}

/* A program that meets a full disk says so in its own words, or not at all; by now it may have taken its files away. */
static bool met_full_disk(const struct making *m, struct view said)
{
	static const char words[] = "No space left on device";

	return (said.n && memmem(said.p, said.n, words, strlen(words))) || disk_is_full(m->work);
}

/* Lines that complain by themselves, as apt's and dpkg's do; what follows them only repeats that it failed. */
static bool complaints(struct view end, struct buf *out)
{
	static const char *const starts[] = { "E: ", "W: Failed", "W: GPG error", "dpkg: error" };
	int lines = 0;

	while (end.n && end.p && lines < TOLD_LINES) {
		struct view line = view_cut(&end, '\n');

		for (size_t i = 0; i < countof(starts); i++) {
			if (!view_starts(line, view_of(starts[i])))
				continue;
			buf_adds(out, "\n  ");
			buf_add_printable(out, line);
			lines++;
		}
	}
	return lines > 0;
}

static int failed(const struct making *m, const char *program, int status, struct err *err)
{
	char end[TAIL_BYTES];
	struct view said = log_end(m->log, end);
	autofree char *emulator = root_emulator_blamed(m->emulator, said, status);
	autobuf struct buf tail = { 0 };

	if (!complaints(said, &tail))
		last_lines(said, &tail);
	if (emulator)
		return err_infra(err, 0, "%s: %s:%s", program, emulator, tail.data ? tail.data : "");
	if (WIFSIGNALED(status))
		return err_infra(err, 0, "%s was ended by signal %d (%s):%s", program, WTERMSIG(status),
				 strsignal(WTERMSIG(status)), tail.data ? tail.data : "");
	if (met_full_disk(m, said))
		return err_infra(err, ENOSPC, "%s ended with status %d: the disk is full; make room where %s is",
				 program, WEXITSTATUS(status), m->options->home);
	return err_user(err, "%s ended with status %d:%s", program, WEXITSTATUS(status), tail.data ? tail.data : "");
}

int command_run(const struct making *m, const struct sandbox *sb, const char *const *argv, struct err *err)
{
	autoclose int log = open(m->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct sandbox_child child;
	int status = 0;

	if (log < 0)
		return err_infra(err, errno, "%s", m->log);
	if (sandbox_spawn(sb, argv, &(struct sandbox_stdio){ -1, log, log }, &child, err) < 0 ||
	    sandbox_wait(&child, &status, NULL, err) < 0)
		return -1;
	return status ? failed(m, argv[0], status, err) : 0;
}

void command_network(struct sandbox *sb)
{
	static const char *const files[] = { "/etc/nsswitch.conf", "/etc/ssl" };
	static const char *const variables[] = { "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY" };

	sandbox_network(sb);
	for (size_t i = 0; i < countof(files); i++)
		if (fs_exists(AT_FDCWD, files[i]))
			sandbox_bind(sb, files[i], files[i], SANDBOX_RO);
	for (size_t i = 0; i < countof(variables); i++)
		if (getenv(variables[i]))
			sandbox_env(sb, variables[i], getenv(variables[i]));
}
