/* QEMU's control channel: JSON messages, one a line, in both directions (QEMU's docs/interop/qmp-spec). */
#ifndef QEMU_QMP_H
#define QEMU_QMP_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Why a machine stopped or was reset: ShutdownCause in QEMU's qapi/run-state.json. */
#define QMP_CAUSES(X)                          \
	X(NONE, "none")                        \
	X(HOST_ERROR, "host-error")            \
	X(HOST_QUIT, "host-qmp-quit")          \
	X(HOST_RESET, "host-qmp-system-reset") \
	X(HOST_SIGNAL, "host-signal")          \
	X(HOST_UI, "host-ui")                  \
	X(GUEST_SHUTDOWN, "guest-shutdown")    \
	X(GUEST_RESET, "guest-reset")          \
	X(GUEST_PANIC, "guest-panic")          \
	X(SUBSYSTEM_RESET, "subsystem-reset")

enum qmp_cause {
#define X(name, text) QMP_CAUSE_##name,
	QMP_CAUSES(X)
#undef X
};

enum qmp_kind {
	QMP_OTHER, /* well-formed, and of no interest here */
	QMP_BAD,   /* no JSON object, or a line over QMP_LINE_MAX */
	QMP_GREETING,
	QMP_ERROR,  /* text: its description */
	QMP_STATUS, /* answer to query-status; text: "running", "internal-error", ... */
	QMP_SHUTDOWN,
	QMP_RESET,
	QMP_STOP,
	QMP_RESUME,
	QMP_PANICKED,
};

/* QEMU's longest message in a boot is under 1 KiB. */
enum { QMP_LINE_MAX = 64 * 1024, QMP_TEXT_MAX = 256 };

struct qmp_message {
	enum qmp_kind kind;
	enum qmp_cause cause;    /* of QMP_SHUTDOWN and QMP_RESET */
	char text[QMP_TEXT_MAX]; /* cut where it is longer */
};

/* Zero-initialised is a fresh channel. Memory is bounded by QMP_LINE_MAX and the largest piece given. */
struct qmp {
	struct buf pending;
	size_t taken;  /* bytes at the front of pending already handed out */
	bool skipping; /* in a line that was too long */
};

/* Adds what was read, in any cut. Call qmp_next until it returns false before adding more. */
void qmp_add(struct qmp *q, const void *p, size_t n);
/* Takes the next whole message; false when there is none yet. */
bool qmp_next(struct qmp *q, struct qmp_message *m);
void qmp_free(struct qmp *q);

/* To a socket that is never waited for: a QEMU that does not listen has ended or is stuck, and both show elsewhere. */
void qmp_send(int fd, const char *commands);

/* Commands, each with its newline. */
#define QMP_CAPABILITIES "{\"execute\":\"qmp_capabilities\"}\n"
#define QMP_CONT "{\"execute\":\"cont\"}\n"
#define QMP_QUERY_STATUS "{\"execute\":\"query-status\"}\n"
#define QMP_QUIT "{\"execute\":\"quit\"}\n"

#endif
