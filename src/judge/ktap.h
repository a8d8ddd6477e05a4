/* KTAP (Documentation/dev-tools/ktap.rst of the kernel), line by line, among lines that are none. */
#ifndef JUDGE_KTAP_H
#define JUDGE_KTAP_H

#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum ktap_kind {
	KTAP_NONE, /* not of this protocol: anything else on the console */
	KTAP_DIAGNOSTIC,
	KTAP_VERSION,
	KTAP_PLAN,
	KTAP_OK,
	KTAP_NOT_OK,
};

enum ktap_result { KTAP_PASS, KTAP_FAIL, KTAP_SKIP };

struct ktap_test {
	char *name; /* with the names of the tests around it: parent/child */
	enum ktap_result result;
	int64_t line;
};

/* A list of results at one indentation. */
struct ktap_level {
	size_t indent;
	int64_t plan; /* -1: not announced */
	int64_t seen; /* results with a number of their own */
	int64_t last; /* highest number */
	size_t first; /* index of its first test */
};

/* Zero-initialised is before the first version line. */
struct ktap {
	VEC(struct ktap_level) levels;
	VEC(struct ktap_test) tests;
	int64_t dropped; /* results beyond the limit on memory, failing ones among them only after as many again */
	int64_t failed;  /* failing ones, dropped ones included */
};

enum ktap_kind ktap_line(struct ktap *k, struct view message, int64_t line);
/* A list of results is open that still misses some. */
bool ktap_is_open(const struct ktap *k);
/* Closes all lists: what a plan announced and did not come is a failure. */
void ktap_end(struct ktap *k, int64_t line);
void ktap_free(struct ktap *k);

#endif
