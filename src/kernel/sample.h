/* Files of a kernel that every config compiles. */
#ifndef KERNEL_SAMPLE_H
#define KERNEL_SAMPLE_H

#include "base/err.h"
#include "base/mem.h"

#include <stddef.h>

/* Draws at most n object files ("kernel/fork.o") evenly from the directories that each kernel has, the same ones each
 * time. ERR_USER when the source has none. */
int sample_draw(const char *src, size_t n, string_vec *objects, struct err *err);
/* The objects that a Makefile compiles whatever the config is (obj-y and lib-y), in its order; dir is put before each.
 * Pure. */
struct view;
void sample_parse(struct view makefile, const char *dir, string_vec *objects);

#endif
