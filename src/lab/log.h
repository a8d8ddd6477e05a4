/* The log of a job, as the lab gives it: a line of YAML for each message. What the device's console said is told from
 * what LAVA itself says. */
#ifndef LAB_LOG_H
#define LAB_LOG_H

#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* LAVA's way to write a time, "2023-01-02T03:04:05.678901" in UTC, with a Z or without: ms since 1970, 0 for what is
 * none. */
int64_t lab_moment(const char *text);

struct lab_log {
	/* Text of the console, with its newlines, and when it came: ms since the epoch by the lab's clock, 0 where it
	 * does not say. */
	void (*console)(struct view text, int64_t at_ms, void *data);
	/* A result of LAVA's own: {"definition","case","result","error_type"?,"error_msg"?,...}. Borrowed. */
	void (*result)(const json_t *result, void *data);
	void *data;
	int64_t lines;    /* that were whole: where the next request begins */
	int64_t strange;  /* of them those that could not be read */
	int64_t last_ms;  /* of the newest line, whatever it says */
	bool over;        /* the job is being wound up: no more of its console comes */
	struct buf piece; /* of a line that has not come whole */
};

/* More of the log. */
void lab_log_add(struct lab_log *log, const char *p, size_t n);
/* A request begins at whole lines: what is left of one is dropped. */
void lab_log_cut(struct lab_log *log);
void lab_log_free(struct lab_log *log);

#endif
