/* A layer being made: see layer.h. What the files of this part share. */
#ifndef LAYER_PRIVATE_H
#define LAYER_PRIVATE_H

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "catalog/catalog.h"

#define LAYER_PREFIX "/kiln/native"

struct layering {
	const struct catalog_layer *recipe;
	const char *from;      /* tree of the native root */
	const char *root;      /* tree of the root that it is for */
	char *native;          /* what becomes LAYER_PREFIX */
	char *links;           /* what is laid over the root */
	char *interpreter;     /* where native programs find their loader: below LAYER_PREFIX; NULL until one is seen */
	VEC(char *) libraries; /* directories below native that hold shared libraries, as /usr/lib/... */
	int64_t programs, links_made;
};

/* copy.c: takes a path of the native root over, with all below it: files by hard links. */
int layer_copy(struct layering *l, const char *path, struct err *err);
/* A program of usr/bin, with whatever its symlinks lead to. False when the native root has none of that name. */
int layer_program(struct layering *l, const char *name, bool *there, struct err *err);
/* What a glob names in a tree, as paths from its top: appended. */
void layer_glob(const char *tree, const char *pattern, string_vec *paths);

/* relocate.c: gives each program below native its loader and libraries there. ERR_USER: a library is missing. */
int layer_relocate(struct layering *l, struct err *err);

#endif
