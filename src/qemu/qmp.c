#define _GNU_SOURCE
#include "qemu/qmp.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
	const char *name;
	enum qmp_kind kind;
} events[] = {
	{ "SHUTDOWN", QMP_SHUTDOWN },       { "RESET", QMP_RESET }, { "STOP", QMP_STOP }, { "RESUME", QMP_RESUME },
	{ "GUEST_PANICKED", QMP_PANICKED },
};

static enum qmp_cause cause_of(const json_t *event)
{
	static const char *const texts[] = {
#define X(name, text) [QMP_CAUSE_##name] = text,
		QMP_CAUSES(X)
#undef X
	};
	const char *reason = json_str_or(json_object_get(event, "data"), "reason", "none");

	for (size_t i = 0; i < countof(texts); i++)
		if (strcmp(reason, texts[i]) == 0)
			return (enum qmp_cause)i;
	return QMP_CAUSE_NONE;
}

static enum qmp_kind event_kind(const char *name)
{
	for (size_t i = 0; i < countof(events); i++)
		if (strcmp(name, events[i].name) == 0)
			return events[i].kind;
	return QMP_OTHER;
}

static void keep_text(struct qmp_message *m, const char *text)
{
	snprintf(m->text, sizeof(m->text), "%s", text);
}

static void classify(const json_t *j, struct qmp_message *m)
{
	const char *event = json_str_or(j, "event", NULL);
	const json_t *error = json_object_get(j, "error");
	const char *status = json_str_or(json_object_get(j, "return"), "status", NULL);

	if (event) {
		m->kind = event_kind(event);
		m->cause = cause_of(j);
	} else if (error) {
		m->kind = QMP_ERROR;
		keep_text(m, json_str_or(error, "desc", "no description"));
	} else if (status) {
		m->kind = QMP_STATUS;
		keep_text(m, status);
	} else if (json_object_get(j, "QMP")) {
		m->kind = QMP_GREETING;
	}
}

static void parse_line(struct view line, struct qmp_message *m)
{
	autojson json_t *j = json_loadb(line.p, line.n, 0, NULL);

	*m = (struct qmp_message){ .kind = QMP_OTHER };
	if (json_is_object(j))
		classify(j, m);
	else
		m->kind = QMP_BAD;
}

void qmp_add(struct qmp *q, const void *p, size_t n)
{
	if (q->taken) {
		memmove(q->pending.data, q->pending.data + q->taken, q->pending.n - q->taken);
		q->pending.n -= q->taken;
		q->taken = 0;
	}
	buf_add(&q->pending, p, n);
}

/* A line that ends nowhere is dropped as it comes, but for the word that it was there. */
static bool drop_long_line(struct qmp *q, struct qmp_message *m)
{
	bool first = !q->skipping;

	if (!first || q->pending.n - q->taken > QMP_LINE_MAX) {
		buf_clear(&q->pending);
		q->taken = 0;
		q->skipping = true;
		*m = (struct qmp_message){ .kind = QMP_BAD };
		return first;
	}
	return false;
}

bool qmp_next(struct qmp *q, struct qmp_message *m)
{
	while (q->taken < q->pending.n) {
		struct view rest = { q->pending.data + q->taken, q->pending.n - q->taken };
		const char *nl = memchr(rest.p, '\n', rest.n);
		struct view line;

		if (!nl)
			return drop_long_line(q, m);
		line = (struct view){ rest.p, (size_t)(nl - rest.p) };
		q->taken += line.n + 1;
		if (q->skipping) {
			q->skipping = false;
			continue;
		}
		if (line.n > QMP_LINE_MAX) {
			*m = (struct qmp_message){ .kind = QMP_BAD };
			return true;
		}
		line = view_trim(line);
		if (line.n == 0)
			continue;
		parse_line(line, m);
		return true;
	}
	return false;
}

void qmp_free(struct qmp *q)
{
	buf_free(&q->pending);
	*q = (struct qmp){ 0 };
}

void qmp_send(int fd, const char *commands)
{
	(void)!send(fd, commands, strlen(commands), MSG_NOSIGNAL | MSG_DONTWAIT);
}
