#include "base/hash.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>

struct hash {
	struct sha256_ctx ctx;
};

struct hash *hash_new(void)
{
	struct hash *h = mem_alloc(sizeof(*h));

	sha256_init(&h->ctx);
	return h;
}

void hash_add(struct hash *h, const void *p, size_t n)
{
	sha256_update(&h->ctx, n, p);
}

void hash_end(struct hash *h, char hex[static HASH_HEX])
{
	unsigned char raw[SHA256_DIGEST_SIZE];

	sha256_digest(&h->ctx, sizeof(raw), raw);
	for (size_t i = 0; i < sizeof(raw); i++) {
		hex[2 * i] = "0123456789abcdef"[raw[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
	}
	hex[64] = '\0';
	hash_free(h);
}

void hash_free(struct hash *h)
{
	free(h);
}

void hash_free_at(struct hash **h)
{
	hash_free(*h);
}

void hash_bytes(const void *p, size_t n, char hex[static HASH_HEX])
{
	struct hash *h = hash_new();

	hash_add(h, p, n);
	hash_end(h, hex);
}

int hash_fd(int fd, char hex[static HASH_HEX], struct err *err)
{
	enum { CHUNK = 64 << 10 };
	autofree char *chunk = mem_alloc(CHUNK);
	autohash struct hash *h = hash_new();

	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_infra(err, errno, "cannot read");
		if (n == 0)
			break;
		hash_add(h, chunk, (size_t)n);
	}
	hash_end(steal(&h), hex);
	return 0;
}

int hash_file(const char *path, char hex[static HASH_HEX], struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	return hash_fd(fd, hex, err) < 0 ? err_wrap(err, "%s", path) : 0;
}
