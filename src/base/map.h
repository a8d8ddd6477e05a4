/* A hash map from strings to pointers. Keys are copied. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

#include <stddef.h>

struct map {
	struct map_slot *slots;
	size_t n, cap;
};

/* Zero-initialised is empty. Values are the caller's. */
void map_set(struct map *m, struct view key, void *value);
void *map_get(const struct map *m, struct view key); /* NULL when absent */
void map_free(struct map *m);

#endif
