/* What the loader would make of a program: read from its ELF file. */
#ifndef LAYER_LOADING_H
#define LAYER_LOADING_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

struct loading {
	char *interpreter; /* PT_INTERP; NULL: a library, or a static program */
	bool dynamic;
	VEC(char *) needed; /* DT_NEEDED */
	char *runpath;      /* DT_RUNPATH, or NULL */
};

/* Reads it. 1: it is an ELF file; 0: it is another; ERR_USER: a damaged one. */
int loading_read(const char *path, struct loading *out, struct err *err);
void loading_free(struct loading *e);

#endif
