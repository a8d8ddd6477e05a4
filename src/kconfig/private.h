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

/* kconfig_get() for a symbol whose hash is known. */
const struct kconfig_value *config_find(const struct kconfig *config, struct view symbol, uint32_t hash);

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
