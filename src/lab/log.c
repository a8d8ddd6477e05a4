#define _GNU_SOURCE
#include "lab/log.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "lab/flow.h"

#include <string.h>
#include <time.h>

/* LAVA cuts its own lines at a million bytes. */
enum { LINE_MAX_BYTES = 2 << 20 };

int64_t lab_moment(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ms = 0;

	if (!rest)
		return 0;
	if (*rest == '.')
		for (int i = 1, scale = 100; i <= 3 && rest[i] >= '0' && rest[i] <= '9'; i++, scale /= 10)
			ms += (rest[i] - '0') * scale;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* What the device prints comes as target, or as feedback where LAVA reads it for another's sake; one of both may hold
 * what belongs between lines of the other. */
static bool is_console(const char *level)
{
	return strcmp(level, "target") == 0 || strcmp(level, "feedback") == 0;
}

/* "start: 3 finalize (timeout 00:10:00) [common]", which lava_dispatcher/power.py has as its last action: the device is
 * switched off, and what LAVA says to it then reads as if it came from it. */
static bool begins_finalize(const char *text)
{
	const char *rest = text && str_starts(text, "start: ") ? text + 7 : NULL;

	return rest && str_starts(rest + strspn(rest, "0123456789."), " finalize ");
}

static void on_message(struct lab_log *log, const json_t *line)
{
	const char *level = json_str_or(line, "lvl", "");
	json_t *msg = json_object_get(line, "msg");
	int64_t at = lab_moment(json_str_or(line, "dt", ""));

	if (at)
		log->last_ms = at;
	if (!is_console(level) && begins_finalize(json_string_value(msg)))
		log->over = true;
	if (is_console(level) && json_is_string(msg)) {
		autobuf struct buf text = { 0 };

		if (log->over)
			return;
		buf_add(&text, json_string_value(msg), json_string_length(msg));
		buf_addc(&text, '\n');
		log->console((struct view){ text.data, text.n }, at, log->data);
	} else if (strcmp(level, "results") == 0 && json_is_object(msg)) {
		log->result(msg, log->data);
	}
}

static void on_line(struct lab_log *log, struct view line)
{
	autojson json_t *message = NULL;

	log->lines++;
	if (view_starts(line, VIEW("- ")))
		message = flow_parse((struct view){ line.p + 2, line.n - 2 });
	if (json_is_object(message))
		on_message(log, message);
	else
		log->strange++;
}

/* Beyond all measure: the rest of the line is not kept. */
static void piece_add(struct lab_log *log, struct view part)
{
	size_t room = log->piece.n < LINE_MAX_BYTES ? LINE_MAX_BYTES - log->piece.n : 0;

	part = view_first(part, room);
	buf_add(&log->piece, part.p, part.n);
}

void lab_log_add(struct lab_log *log, const char *p, size_t n)
{
	struct view rest = { p, n };

	while (rest.n) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		struct view part = { rest.p, nl ? (size_t)(nl - rest.p) : rest.n };

		rest = (struct view){ part.p + part.n + (nl ? 1 : 0), rest.n - part.n - (nl ? 1 : 0) };
		if (nl && !log->piece.n) {
			on_line(log, part);
			continue;
		}
		piece_add(log, part);
		if (nl) {
			on_line(log, (struct view){ log->piece.data, log->piece.n });
			buf_clear(&log->piece);
		}
	}
}

void lab_log_cut(struct lab_log *log)
{
	buf_clear(&log->piece);
}

void lab_log_free(struct lab_log *log)
{
	buf_free(&log->piece);
}
