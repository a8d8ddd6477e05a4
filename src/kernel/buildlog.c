#define _GNU_SOURCE
#include "kernel/buildlog.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <ctype.h>
#include <string.h>

/* What a line holds, or how it begins. The forms are those of gcc, clang, as, ld, lld, modpost, objtool, conf,
 * dtc and make, as their sources print them. */
struct mark {
	const char *text;
	bool at_start;
	enum line_class class;
};

static const struct mark host_marks[] = {
	{ "internal compiler error: Killed", false, LINE_HOST_FAULT },
	{ "qemu: uncaught target signal ", true, LINE_HOST_FAULT }, /* the emulator, or what it runs */
	{ "qemu: unhandled CPU exception ", true, LINE_HOST_FAULT },
	{ "Bail out! ERROR:", true, LINE_HOST_FAULT }, /* an assertion of the emulator */
	{ "FATAL: kernel too old", true, LINE_HOST_FAULT },
	{ "Fatal glibc error: ", true, LINE_HOST_FAULT },
	{ "internal compiler error: Segmentation fault", false, LINE_HOST_FAULT },
	{ "internal compiler error: Bus error", false, LINE_HOST_FAULT },
	{ "internal compiler error: Illegal instruction", false, LINE_HOST_FAULT },
	{ " signal terminated program ", false, LINE_HOST_FAULT },
	{ "unable to execute command: ", false, LINE_HOST_FAULT },
	{ "command failed due to signal", false, LINE_HOST_FAULT },
	{ "No space left on device", false, LINE_HOST_FAULT },
	{ "Disk quota exceeded", false, LINE_HOST_FAULT },
	{ "Cannot allocate memory", false, LINE_HOST_FAULT },
	{ "virtual memory exhausted", false, LINE_HOST_FAULT },
	{ "out of memory allocating", false, LINE_HOST_FAULT },
	{ "Too many open files", false, LINE_HOST_FAULT },
	{ "Input/output error", false, LINE_HOST_FAULT },
	{ ": command not found", false, LINE_HOST_FAULT },
};

static const struct mark marks[] = {
	{ ": fatal error: ", false, LINE_ERROR },
	{ ": error: ", false, LINE_ERROR },
	{ ": Error: ", false, LINE_ERROR },
	{ ": ERROR (", false, LINE_ERROR },
	{ "error: ", true, LINE_ERROR },
	{ "Error: ", true, LINE_ERROR },
	{ "ERROR: ", true, LINE_ERROR },
	{ "ERROR (", true, LINE_ERROR },
	{ "FATAL ERROR: ", true, LINE_ERROR },
	{ "FATAL: ", true, LINE_ERROR },
	{ ": undefined reference to ", false, LINE_ERROR },
	{ ": multiple definition of ", false, LINE_ERROR },
	{ ": relocation truncated to fit: ", false, LINE_ERROR },
	{ ": cannot find ", false, LINE_ERROR },
	{ " will not fit in region ", false, LINE_ERROR },
	{ "*** Can't find default configuration", true, LINE_ERROR },
	{ ": syntax error", false, LINE_ERROR },
	{ ": unknown statement ", false, LINE_ERROR },
	{ ": can't open file \"", false, LINE_ERROR },
	{ ":error: ", false, LINE_ERROR },
	{ ": warning: ", false, LINE_WARNING },
	{ ":warning: ", false, LINE_WARNING },
	{ ": Warning: ", false, LINE_WARNING },
	{ ": Warning (", false, LINE_WARNING },
	{ "warning: ", true, LINE_WARNING },
	{ "Warning: ", true, LINE_WARNING },
	{ "Warning (", true, LINE_WARNING },
	{ "WARNING: ", true, LINE_WARNING },
};

static const char *mark_find(const struct mark *mark, struct view line)
{
	if (mark->at_start)
		return view_starts(line, view_of(mark->text)) ? line.p : NULL;
	return memmem(line.p, line.n, mark->text, strlen(mark->text));
}

static bool view_has(struct view v, const char *text)
{
	return memmem(v.p, v.n, text, strlen(text)) != NULL;
}

static bool view_ends(struct view v, const char *text)
{
	size_t n = strlen(text);

	return v.n >= n && memcmp(v.p + v.n - n, text, n) == 0;
}

/* "make[2]: *** ...": what follows the stars, or { NULL, 0 }. */
static struct view make_complaint(struct view line)
{
	struct view none = { NULL, 0 };
	const char *stars = memmem(line.p, line.n, ": *** ", 6);

	if (!stars)
		return none;
	stars += 6;
	return (struct view){ stars, line.n - (size_t)(stars - line.p) };
}

static enum line_class make_classify(struct view said)
{
	if (view_starts(said, VIEW("Waiting for unfinished jobs")) || view_starts(said, VIEW("Deleting ")))
		return LINE_PLAIN;
	if (!view_starts(said, VIEW("[")))
		return LINE_ERROR; /* No rule to make target, missing separator, $(error ...) */
	/* The kernel's out-of-memory killer, or an operator; a crash of a program of the tree is the tree's. */
	if (view_ends(said, "] Killed") || view_ends(said, "] Terminated"))
		return LINE_HOST_FAULT;
	return LINE_FOLLOW_UP;
}

/* The shell's "sh: 1: flex: not found" and make's "make[1]: flex: No such file or directory" tell of a
 * missing program; a compiler's "x.h: No such file or directory" has "error:" in between. */
static bool is_missing_program(struct view line)
{
	if (view_starts(line, VIEW("/bin/sh:")) || view_starts(line, VIEW("sh:")))
		return view_ends(line, ": not found");
	if (view_starts(line, VIEW("make:")) || view_starts(line, VIEW("make[")))
		return view_ends(line, ": No such file or directory") && !view_has(line, ": *** ");
	return false;
}

static bool is_link_follow_up(struct view line)
{
	return view_has(line, "error: ld returned ") || view_has(line, "error: linker command failed");
}

enum line_class line_classify(struct view line)
{
	enum line_class class = LINE_PLAIN;
	const char *first = NULL;
	struct view said;

	/* Indented lines are the progress of Kbuild and the source that compilers quote. */
	if (line.n < 5 || line.p[0] == ' ' || line.p[0] == '\t')
		return LINE_PLAIN;
	for (size_t i = 0; i < countof(host_marks); i++)
		if (mark_find(&host_marks[i], line))
			return LINE_HOST_FAULT;
	if (is_missing_program(line))
		return LINE_HOST_FAULT;
	if (is_link_follow_up(line))
		return LINE_FOLLOW_UP;
	said = make_complaint(line);
	if (said.p)
		return make_classify(said);
	/* Of several marks the leftmost is the message's own; the others are what it quotes. */
	for (size_t i = 0; i < countof(marks); i++) {
		const char *at = mark_find(&marks[i], line);

		if (at && (!first || at < first)) {
			first = at;
			class = marks[i].class;
		}
	}
	return class;
}

static char *printable(struct view line)
{
	struct buf b = { 0 };

	buf_add_printable(&b, line);
	return buf_steal(&b);
}

static void line_count(struct buildlog *log, struct view line)
{
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	switch (line_classify(line)) {
	case LINE_PLAIN:
		break;
	case LINE_WARNING:
		log->warnings++;
		break;
	case LINE_ERROR:
		log->errors++;
		if (log->first_errors.n < BUILDLOG_FIRST_ERRORS)
			*vec_push(&log->first_errors) = printable(line);
		break;
	case LINE_FOLLOW_UP:
		if (!log->follow_up)
			log->follow_up = printable(line);
		break;
	case LINE_HOST_FAULT:
		if (!log->host_fault)
			log->host_fault = printable(line);
		break;
	}
}

static int copy_keep(struct buildlog *log, const char *p, size_t n, struct err *err)
{
	static const char cut[] = "\n[the log is cut here: it is too long]\n";

	if (log->fd < 0 || log->room == 0)
		return 0;
	if (n < log->room) {
		log->room -= n;
		return fs_write_all(log->fd, p, n, err);
	}
	if (fs_write_all(log->fd, p, log->room, err) < 0)
		return -1;
	log->room = 0;
	return fs_write_all(log->fd, cut, sizeof(cut) - 1, err);
}

/* A line that lies whole in p is looked at in place; log->line holds what came in pieces. */
static void line_add(struct buildlog *log, struct view part)
{
	size_t room = log->line.n < BUILDLOG_LINE ? BUILDLOG_LINE - log->line.n : 0;

	buf_add(&log->line, part.p, part.n < room ? part.n : room);
}

int buildlog_add(struct buildlog *log, const char *p, size_t n, struct err *err)
{
	const char *end = p + n;

	if (copy_keep(log, p, n, err) < 0)
		return err_wrap(err, "the build's log");
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct view part = { p, (size_t)((nl ? nl : end) - p) };

		if (!nl || log->line.n) {
			line_add(log, part);
			if (nl)
				buildlog_end(log);
		} else {
			line_count(log, view_first(part, BUILDLOG_LINE));
		}
		p += (nl ? nl : end) - p + (nl ? 1 : 0);
	}
	return 0;
}

void buildlog_end(struct buildlog *log)
{
	if (log->line.n)
		line_count(log, (struct view){ log->line.data, log->line.n });
	buf_clear(&log->line);
}

const char *buildlog_reason(const struct buildlog *log)
{
	return log->first_errors.n ? log->first_errors.data[0] : log->follow_up;
}

void buildlog_free(struct buildlog *log)
{
	for (size_t i = 0; i < log->first_errors.n; i++)
		free(log->first_errors.data[i]);
	vec_free(&log->first_errors);
	free(log->follow_up);
	free(log->host_fault);
	buf_free(&log->line);
	*log = (struct buildlog){ .fd = log->fd };
}
