/* Starts kiln-unpack and takes what it says. */
#define _GNU_SOURCE
#include "unpack/unpack.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "unpack/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const unpack_deb_ends[] = { ".tar.xz", ".tar.zst", ".tar.bz2", ".tar.gz", NULL };

/* One call. */
struct call {
	const struct unpack_options *options; /* or NULL */
	pid_t pid;
	FILE *from;
	struct buf message;
	char *path;
	bool ended;
	struct err err; /* how it ended */
};

/* Beside this program, or where a test has it. */
static char *program_path(void)
{
	static const char *const places[] = { "kiln-unpack", "../../kiln-unpack" };

	for (size_t i = 0; i < countof(places); i++) {
		autofree char *path = fs_beside(places[i]);

		if (path && access(path, X_OK) == 0)
			return steal(&path);
	}
	return NULL;
}

static _Noreturn void child_run(const char *program, char *const *argv, int out)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execv(program, argv);
	_exit(127);
}

static int call_start(struct call *c, const char *const *argv, struct err *err)
{
	autofree char *program = program_path();
	int pipes[2];

	if (!program)
		return err_infra(err, 0, "kiln-unpack, which belongs to Kiln, is not there; install Kiln as a whole");
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	c->pid = fork();
	if (c->pid == 0)
		child_run(program, (char *const *)argv, pipes[1]);
	close(pipes[1]);
	if (c->pid < 0) {
		close(pipes[0]);
		return err_infra(err, errno, "fork");
	}
	c->from = fdopen(pipes[0], "r");
	if (!c->from)
		abort();
	return 0;
}

/* --- what it says --- */

/* A text of an entry, NULL for none. False: the message is none of its. */
static bool text_take(struct view *rest, const char **text)
{
	const char *end;
	bool some = rest->n && *rest->p == '+';

	*text = NULL;
	if (!rest->n || (!some && *rest->p != '-'))
		return false;
	*rest = (struct view){ rest->p + 1, rest->n - 1 };
	if (!some)
		return true;
	end = memchr(rest->p, 0, rest->n);
	if (!end)
		return false;
	*text = rest->p;
	*rest = (struct view){ end + 1, rest->n - (size_t)(end + 1 - rest->p) };
	return true;
}

static bool take_entry(const struct call *c, struct view rest)
{
	struct wire_entry n;
	const char *texts[WIRE_TEXTS];
	struct unpack_entry e;

	if (rest.n < sizeof(n))
		return false;
	memcpy(&n, rest.p, sizeof(n));
	rest = (struct view){ rest.p + sizeof(n), rest.n - sizeof(n) };
	for (size_t i = 0; i < WIRE_TEXTS; i++)
		if (!text_take(&rest, &texts[i]))
			return false;
	e = (struct unpack_entry){ texts[0], n.mode,   n.uid,    n.gid,    n.size,  n.major,     n.minor,
				   texts[1], texts[2], texts[3], texts[4], n.mtime, n.mtime_nsec };
	if (!e.path)
		return false;
	if (c->options && c->options->entry)
		c->options->entry(c->options->arg, &e);
	return true;
}

static bool take_bytes(const struct call *c, struct view message)
{
	int64_t n;

	if (message.n != sizeof(n))
		return false;
	memcpy(&n, message.p, sizeof(n));
	if (c->options && c->options->tell)
		c->options->tell(c->options->arg, n);
	return true;
}

static bool take_notes(const struct call *c, struct view message)
{
	autojson json_t *more = json_loadb(message.p, message.n, 0, NULL);
	json_t *notes = c->options ? c->options->notes : NULL, *n;
	const char *what;

	json_object_foreach (more, what, n)
		if (notes)
			json_object_set_new(notes, what,
					    json_integer(json_int_or(notes, what, 0) + json_integer_value(n)));
	return more != NULL;
}

static bool take_end(struct call *c, struct view message)
{
	if (message.n != sizeof(c->err))
		return false;
	memcpy(&c->err, message.p, sizeof(c->err));
	c->err.msg[sizeof(c->err.msg) - 1] = '\0';
	c->ended = true;
	return true;
}

static bool take(struct call *c, uint32_t kind, struct view message)
{
	switch (kind) {
	case WIRE_BYTES:
		return take_bytes(c, message);
	case WIRE_ENTRY:
		return take_entry(c, message);
	case WIRE_NOTES:
		return take_notes(c, message);
	case WIRE_PATH:
		free(c->path);
		c->path = mem_strndup(message.p, message.n);
		return true;
	case WIRE_END:
		return take_end(c, message);
	}
	return false;
}

/* False at the end, or where what comes is no message. */
static bool listen_once(struct call *c)
{
	struct wire_head head;

	if (fread(&head, sizeof(head), 1, c->from) != 1 || head.size > WIRE_MAX)
		return false;
	buf_clear(&c->message);
	if (fread(buf_reserve(&c->message, head.size), 1, head.size, c->from) != head.size)
		return false;
	return take(c, head.kind, (struct view){ c->message.data, head.size });
}

static int call_end(struct call *c, struct err *err)
{
	int status = 0;

	fclose(c->from);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!c->ended)
		return err_infra(err, 0, "kiln-unpack ended early (status %#x)", (unsigned)status);
	if (c->err.class == ERR_NONE)
		return 0;
	*err = c->err;
	return -1;
}

static int call(struct call *c, const char *const *argv, struct err *err)
{
	int status = call_start(c, argv, err);

	if (status == 0) {
		while (!c->ended && listen_once(c))
			;
		status = call_end(c, err);
	}
	buf_free(&c->message);
	return status;
}

int unpack_tar(const char *path, const char *dir, const struct unpack_options *options, struct err *err)
{
	const char *const argv[] = { "kiln-unpack", "tar", path, dir, options->root ? "root" : "source",
				     options->hint, NULL };

	return call(&(struct call){ .options = options }, argv, err);
}

int unpack_deb(const char *deb, const char *package, const char *dir, char **tarball, struct err *err)
{
	const char *const argv[] = { "kiln-unpack", "deb", deb, package, dir, NULL };
	struct call c = { 0 };
	int status = call(&c, argv, err);

	if (status == 0 && c.path)
		*tarball = steal(&c.path);
	else if (status == 0)
		status = err_infra(err, 0, "%s: kiln-unpack does not say where the tarball is", deb);
	free(c.path);
	return status;
}
