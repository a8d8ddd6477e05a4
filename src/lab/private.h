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

/* What the log of the boot's job has grown by. ERR_INFRA with num EIO when the lab answers, but not with the log. */
struct boot;
int log_fetch(struct lab *lab, struct boot *b, struct err *err);

/* Takes one of the jobs at once that the entry allows all Kilns at this home; slot is -1, or the one that was taken
 * before. 1: it is held until slot is closed, or the process ends; 0: none is free. */
int slot_take(const char *home, const struct catalog_lab *entry, int *slot, struct err *err);

/* ERR_USER when the token is not the user's, or the user may do more than a user should. */
int identity_check(struct lab *lab, struct err *err);

#endif
