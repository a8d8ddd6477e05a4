/* What the files of this module share. */
#ifndef LAB_PRIVATE_H
#define LAB_PRIVATE_H

#include "http/http.h"
#include "lab/lab.h"

struct lab {
	const struct catalog_lab *entry;
	struct http *http;
	int64_t clock_offset_ms; /* of the newest answer: theirs minus ours */
	int64_t retry_ms;        /* what the newest answer asks to wait, 0: nothing */
	int tries;               /* of a question that was not answered */
};

/* The secret that the entry's file or variable holds. Owned; wipe it. */
int token_read(const struct catalog_lab *entry, char **token, struct err *err);

/* Asks "api/v0.2/" + path, again where that may help: no answer, 429, 5xx. *answer is a new reference. An answer of
 * status 4xx is ERR_USER with num EACCES (401, 403), ENOENT (404) or EINVAL, and what the lab said. */
int client_get(struct lab *lab, const char *path, json_t **answer, struct err *err);
/* All results of a list, page after page. Path has no query but may have "?key=value". New reference. */
int client_list(struct lab *lab, const char *path, const char *ordering, json_t **results, struct err *err);
/* One request as it is, with its answer as it is. */
int client_ask(struct lab *lab, const struct http_request *request, struct http_reply *reply, struct err *err);
/* What the body of an error says: LAVA has four shapes of them. Appends one line. */
void client_complaint(const struct http_reply *reply, struct buf *out);

/* The survey's types as they are just now, without their boards. New reference. */
int lab_types(struct lab *lab, json_t **types, struct err *err);

/* 1: it does no harm to cancel the job; 0: wait. LAVA ends one that is cancelled after it was given a device and before
 * its dispatcher listens as a bug of its own, for which the device loses its health and thereby, in most labs, all
 * further jobs until an admin looks at it: lava_dispatcher/worker.py, cancel and check. A first line in its log says
 * that it listens. */
int job_is_ripe(struct lab *lab, int64_t id, struct err *err);

int job_cancel(struct lab *lab, int64_t id, struct err *err);
bool job_has_ended(const json_t *job);
/* Whether the lab's user submitted it. */
bool job_is_own(const struct lab *lab, const json_t *job);

/* What the log of the boot's job has grown by. ERR_INFRA with num EIO when the lab answers, but not with the log. */
struct boot;
int log_fetch(struct lab *lab, struct boot *b, struct err *err);

/* Notes in a place of the jobs at once which job is in it; frees the place, whose job has ended; leaves it with its
 * job, which counts until that ends. -1 is none: nothing is done. */
void slot_note(int slot, int64_t id, const char *attempt);
void slot_free(int *slot);
void slot_leave(int *slot);

/* ERR_USER when the token is not the user's, or the user may do more than a user should. */
int identity_check(struct lab *lab, struct err *err);

#endif
