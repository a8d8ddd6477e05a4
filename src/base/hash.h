/* SHA-256 of bytes and files, as 64 lower-case hex digits. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/err.h"

#include <stddef.h>

enum { HASH_HEX = 65 }; /* 64 digits and the NUL */

struct hash; /* a digest being computed */

struct hash *hash_new(void);
void hash_add(struct hash *h, const void *p, size_t n);
void hash_end(struct hash *h, char hex[static HASH_HEX]); /* frees h */
void hash_free(struct hash *h);
void hash_free_at(struct hash **h);
#define autohash __attribute__((cleanup(hash_free_at)))

void hash_bytes(const void *p, size_t n, char hex[static HASH_HEX]);
/* Reads fd from where it stands to its end. */
int hash_fd(int fd, char hex[static HASH_HEX], struct err *err);
int hash_file(const char *path, char hex[static HASH_HEX], struct err *err);

#endif
