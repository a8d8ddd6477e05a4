#include "base/map.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

struct map_slot {
	char *key;
	size_t len;
	uint64_t hash;
	void *value;
};

/* FNV-1a, 64 bits. */
static uint64_t map_hash(struct view key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 0x100000001b3u;
	return h;
}

static struct map_slot *map_find(const struct map *m, struct view key, uint64_t hash)
{
	size_t mask = m->cap - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_slot *s = &m->slots[i];

		if (!s->key || (s->hash == hash && view_eq((struct view){ s->key, s->len }, key)))
			return s;
	}
}

static void map_resize(struct map *m)
{
	struct map bigger = { .cap = m->cap ? m->cap * 2 : 16, .n = m->n };

	bigger.slots = mem_alloc(bigger.cap * sizeof(*bigger.slots));
	for (size_t i = 0; i < m->cap; i++) {
		struct map_slot *s = &m->slots[i];

		if (s->key)
			*map_find(&bigger, (struct view){ s->key, s->len }, s->hash) = *s;
	}
	free(m->slots);
	*m = bigger;
}

void map_set(struct map *m, struct view key, void *value)
{
	uint64_t hash = map_hash(key);
	struct map_slot *s;

	if (m->n * 4 >= m->cap * 3)
		map_resize(m);
	s = map_find(m, key, hash);
	if (!s->key) {
		s->key = mem_strndup(key.p, key.n);
		s->len = key.n;
		s->hash = hash;
		m->n++;
	}
	s->value = value;
}

void *map_get(const struct map *m, struct view key)
{
	if (!m->cap)
		return NULL;
	return map_find(m, key, map_hash(key))->value;
}

void map_free(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct map){ 0 };
}
