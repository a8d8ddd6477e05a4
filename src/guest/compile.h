/* One program of a guest, compiled in a sandbox. */
#ifndef GUEST_COMPILE_H
#define GUEST_COMPILE_H

#include "base/err.h"
#include "base/json.h"

struct compile {
	const json_t *toolchain;  /* the spec's */
	const json_t *cflags;     /* array of strings, or NULL */
	const char *src;          /* directory of the sources, only read */
	const char *out;          /* directory for the program */
	const char *program;      /* its name there */
	const char *log;          /* file to which the compiler's words are added */
	const char *const *files; /* below src, NULL-terminated */
};

/* ERR_INFRA with the first error of the compiler when it did not succeed. */
int compile_run(const struct compile *compile, struct err *err);

#endif
