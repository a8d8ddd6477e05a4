/* What the files of this module share: symbols, their hashes, and numbers. */
#ifndef KCONFIG_PRIVATE_H
#define KCONFIG_PRIVATE_H

#include "kconfig/kconfig.h"

#include <stdint.h>
#include <string.h>

/* [A-Za-z0-9_], whatever the locale. */
extern const bool symbol_chars[256];

/* Bytes of a symbol's name at p, at most n. */
static inline size_t symbol_len(const char *p, size_t n)
{
	size_t len = 0;

	while (len < n && symbol_chars[(unsigned char)p[len]])
		len++;
	return len;
}

/* Eight bytes a step, since a .config of 1 MB has 30,000 names. Requirements keep the hash of theirs. */
static inline uint32_t symbol_hash(struct view symbol)
{
	const uint64_t k = 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio */
	uint64_t h = symbol.n * k, w;
	const char *p = symbol.p;
	size_t n = symbol.n;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * k;
		h ^= h >> 29;
	}
	w = 0;
	if (n >= 4) {
		uint32_t head, tail;

		memcpy(&head, p, 4);
		memcpy(&tail, p + n - 4, 4);
		w = (uint64_t)head << 32 | tail;
	} else if (n) {
		w = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[n / 2] << 8 |
		    (unsigned char)p[n - 1];
	}
	h = (h ^ w) * k;
	return (uint32_t)(h >> 32);
}

struct entry {
	struct kconfig_value value;
	const char *name;
	uint32_t len, hash;
	bool set;
};

struct slot {
	uint32_t hash;
	uint32_t at; /* index into entries + 1; 0: free */
};

struct kconfig {
	char *text; /* the copy; names and values point into it */
	size_t n;
	struct entry *entries;
	size_t n_entries, cap;
	struct slot *slots;
	size_t mask;
};

/* memcmp for the short names of a hot loop, where the call itself is most of the time. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t x, y;

	if (n < 8)
		return memcmp(a, b, n) == 0;
	for (size_t i = 0; i + 8 < n; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&x, a + n - 8, 8);
	memcpy(&y, b + n - 8, 8);
	return x == y;
}

static inline struct slot *slot_find(const struct kconfig *c, struct view name, uint32_t hash)
{
	for (size_t i = hash & c->mask;; i = (i + 1) & c->mask) {
		struct slot *s = &c->slots[i];
		const struct entry *e;

		if (!s->at)
			return s;
		e = &c->entries[s->at - 1];
		if (s->hash == hash && e->len == name.n && same_bytes(e->name, name.p, name.n))
			return s;
	}
}

/* kconfig_get() for a symbol whose hash is known. Here, so that matching has no call in its loop. */
static inline const struct kconfig_value *config_find(const struct kconfig *config, struct view symbol, uint32_t hash)
{
	const struct slot *s = slot_find(config, symbol, hash);

	return s->at && config->entries[s->at - 1].set ? &config->entries[s->at - 1].value : NULL;
}

/* Kconfig numbers reach from -2^63 to 2^64 - 1 (addresses of 64-bit kernels). */
struct number {
	bool negative;
	uint64_t magnitude;
};

/* 12, -3, 0x1f, and 1f: Kconfig lets a hex option go without its 0x. 0 or -1. */
int number_parse(struct view text, struct number *out);
int number_cmp(struct number a, struct number b);

/* The value inside "..." with \" and \\ resolved, written over the text itself. text starts behind the
 * opening quote. Returns where the closing quote was, NULL when there is none. */
char *string_unescape(char *text, char *end, size_t *n);

/* "not set", "y", "12", "\"text\"", "empty": for people. In the arena or static. */
const char *value_text(const struct kconfig_value *value, struct arena *a);

#endif
