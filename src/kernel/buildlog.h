/* What a build says: a bounded copy of it, and its warnings and errors counted in one pass. */
#ifndef KERNEL_BUILDLOG_H
#define KERNEL_BUILDLOG_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>

enum {
	BUILDLOG_LINE = 4096,       /* bytes of a line that are looked at */
	BUILDLOG_FIRST_ERRORS = 10, /* kept in full */
};

struct buildlog {
	int fd;        /* where the copy goes, or -1 */
	uint64_t room; /* bytes that may still be written to it */
	int64_t warnings, errors;
	VEC(char *) first_errors;
	char *follow_up;  /* first "make: *** [x] Error 1": only worth a word where nothing else complained */
	char *host_fault; /* first line that tells of the machine, not of the kernel; or NULL */
	struct buf line;  /* the unfinished one */
};

/* Takes the next bytes in, in pieces of any size. ERR_INFRA when the copy cannot be written. */
int buildlog_add(struct buildlog *log, const char *p, size_t n, struct err *err);
/* The last line may lack its newline: call it at the end of each program's output. */
void buildlog_end(struct buildlog *log);
/* Why it failed, borrowed: the first error, else what make said, else NULL. */
const char *buildlog_reason(const struct buildlog *log);
/* Leaves it empty; fd is the caller's. */
void buildlog_free(struct buildlog *log);

enum line_class {
	LINE_PLAIN,
	LINE_WARNING,
	LINE_ERROR,
	LINE_FOLLOW_UP,  /* says that something before it failed */
	LINE_HOST_FAULT, /* killed, out of memory, disk full, program missing */
};

enum line_class line_classify(struct view line);

#endif
