#define _GNU_SOURCE
#include "stage3/mirror.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { TRIES = 4, WAIT_MS = 1000, IDLE_S = 60, CONNECT_S = 30, REDIRECTS = 10, TOLD_TIMES = 10 };

/* One request. */
struct transfer {
	const struct mirror *m;
	const char *url;
	CURL *curl;
	char message[CURL_ERROR_SIZE];
	struct buf *out; /* where it goes: here, or */
	int fd;          /* to a file */
	int64_t have, told;
	int64_t size; /* of the whole file; for a buffer the most it may be */
	bool begun;   /* the first byte of this try is there */
	/* What a failure is: one that may not come again, one of going on in the middle, one of another file. */
	bool again, restart, another;
	struct err err;
};

static int size_differs(struct transfer *t, int64_t size)
{
	t->another = true;
	if (t->out)
		err_user(&t->err, "is larger than %lld bytes, so it is not what it is taken for", (long long)t->size);
	else if (size < 0)
		err_infra(&t->err, 0, "has more than the %lld bytes that it must have", (long long)t->size);
	else
		err_infra(&t->err, 0, "has %lld bytes, not the %lld that it must have", (long long)size,
			  (long long)t->size);
	return -1;
}

/* Before the first byte: whether the mirror's file has the right size. */
static int size_check(struct transfer *t)
{
	curl_off_t length = -1;

	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0 && (t->out ? length > t->size : t->have + length != t->size))
		return size_differs(t, t->have + length);
	return 0;
}

static size_t on_data(char *data, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (t->err.class != ERR_NONE || (!t->begun && size_check(t) < 0))
		return 0;
	if (t->have + (int64_t)n > t->size) {
		size_differs(t, -1);
		return 0;
	}
	if (t->out)
		buf_add(t->out, data, n);
	else if (fs_write_all(t->fd, data, n, &t->err) < 0)
		return 0;
	t->have += (int64_t)n;
	t->begun = true;
	if (!t->out && t->m->tell && (t->have - t->told >= t->size / TOLD_TIMES || t->have == t->size)) {
		t->m->tell(t->m->arg, t->have, t->size);
		t->told = t->have;
	}
	return n;
}

static int failed_http(struct transfer *t, long status)
{
	t->again = status >= 500 || status == 408 || status == 429;
	if (status == 404 || status == 410) {
		err_user(&t->err, "the mirror has no such file (HTTP %ld)", status);
		t->err.num = ENOENT;
		return -1;
	}
	return err_infra(&t->err, 0, "the mirror answers HTTP %ld", status);
}

static int failed(struct transfer *t, CURLcode code)
{
	const char *why = *t->message ? t->message : curl_easy_strerror(code);
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->err.class != ERR_NONE) /* the data was refused here */
		return -1;
	t->restart = t->have && (code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME || status == 416);
	switch ((int)code) {
	case CURLE_HTTP_RETURNED_ERROR:
		return failed_http(t, status);
	case CURLE_FILE_COULDNT_READ_FILE:
		err_user(&t->err, "there is no such file");
		t->err.num = ENOENT;
		return -1;
	case CURLE_URL_MALFORMAT:
		return err_user(&t->err, "is no URL: %s", why);
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_user(&t->err, "leads to what is neither http nor https: %s", why);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_infra(&t->err, 0,
				 "%s; look at the host's date, and whether the package ca-certificates is there", why);
	case CURLE_TOO_MANY_REDIRECTS:
		return err_infra(&t->err, 0, "%s", why);
	}
	t->again = true;
	return err_infra(&t->err, 0, "%s", why);
}

static void options_set(struct transfer *t)
{
	CURL *c = t->curl;

	curl_easy_setopt(c, CURLOPT_URL, t->url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->message);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "kiln");
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,file");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(t->m->idle_s ? t->m->idle_s : IDLE_S));
	curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->have);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
}

/* One try. What came is kept, also when it fails. */
static int transfer_once(struct transfer *t)
{
	CURLcode code;

	t->curl = curl_easy_init();
	if (!t->curl)
		abort();
	t->err = (struct err){ 0 };
	t->begun = t->again = t->restart = t->another = false;
	*t->message = '\0';
	options_set(t);
	code = curl_easy_perform(t->curl);
	if (code != CURLE_OK)
		failed(t, code);
	curl_easy_cleanup(t->curl);
	if (code == CURLE_OK && !t->out && t->have < t->size) {
		t->again = true;
		err_infra(&t->err, 0, "ended after %lld of %lld bytes", (long long)t->have, (long long)t->size);
	}
	return t->err.class == ERR_NONE ? 0 : -1;
}

/* Begins anew. */
static int transfer_reset(struct transfer *t)
{
	if (t->out)
		t->out->n -= (size_t)t->have;
	else if (ftruncate(t->fd, 0) < 0 || lseek(t->fd, 0, SEEK_SET) < 0)
		return err_infra(&t->err, errno, "cannot empty the file");
	t->have = 0;
	return 0;
}

/* Tries until it is there, or nothing more comes. */
static int transfer(struct transfer *t, struct err *err)
{
	int tries = t->m->tries ? t->m->tries : TRIES, vain = 0;
	int64_t wait = t->m->wait_ms ? t->m->wait_ms : WAIT_MS;
	bool restarted = false;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (;;) {
		int64_t before = t->have;

		if (transfer_once(t) == 0)
			break;
		if (t->restart && !restarted && transfer_reset(t) == 0) {
			restarted = true;
			continue;
		}
		vain = !t->out && t->have > before ? 0 : vain + 1; /* a text begins anew each time */
		if (!t->again || vain >= tries)
			break;
		clock_sleep(wait << (vain > 7 ? 7 : vain) >> 1);
		if (t->out && transfer_reset(t) < 0)
			break;
	}
	curl_global_cleanup();
	if (t->err.class == ERR_NONE)
		return 0;
	*err = t->err;
	return err_wrap(err, "%s", t->url);
}

int mirror_read(const struct mirror *m, const char *url, size_t max, struct buf *out, struct err *err)
{
	struct transfer t = { .m = m, .url = url, .out = out, .fd = -1, .size = (int64_t)max };
	size_t before = out->n;

	if (transfer(&t, err) == 0)
		return 0;
	out->n = before;
	return -1;
}

static const char *url_leaf(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash ? slash + 1 : url;
}

static char *download_path(const struct mirror *m, const char *url, const struct mirror_want *want)
{
	autofree char *leaf = mem_strdup(url_leaf(url));

	for (char *c = leaf; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-", *c))
			*c = '-';
	return mem_printf("%s/cache/download/%.16s-%s", m->home, want->digest, leaf);
}

/* Either of them. */
struct sum {
	bool longer;
	struct sha256_ctx sha256;
	struct sha512_ctx sha512;
};

static void sum_add(struct sum *sum, const void *p, size_t n)
{
	if (sum->longer)
		sha512_update(&sum->sha512, n, p);
	else
		sha256_update(&sum->sha256, n, p);
}

static bool sum_is(struct sum *sum, const char *digest)
{
	unsigned char raw[SHA512_DIGEST_SIZE];
	char hex[2 * SHA512_DIGEST_SIZE + 1];
	size_t n = sum->longer ? SHA512_DIGEST_SIZE : SHA256_DIGEST_SIZE;

	if (sum->longer)
		sha512_digest(&sum->sha512, n, raw);
	else
		sha256_digest(&sum->sha256, n, raw);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	return strcmp(hex, digest) == 0;
}

/* 1: it has the digest, 0: it has not. */
static int digest_holds(int fd, const char *digest, struct err *err)
{
	enum { CHUNK = 64 << 10 };
	autofree unsigned char *chunk = mem_alloc(CHUNK);
	struct sum sum = { .longer = strlen(digest) == 2 * SHA512_DIGEST_SIZE };
	off_t at = 0;
	ssize_t got;

	sha256_init(&sum.sha256);
	sha512_init(&sum.sha512);
	while ((got = pread(fd, chunk, CHUNK, at)) > 0) {
		sum_add(&sum, chunk, (size_t)got);
		at += got;
	}
	if (got < 0)
		return err_infra(err, errno, "cannot read what was fetched");
	return sum_is(&sum, digest);
}

/* Whether there is a whole file at path already. */
static bool is_fetched(const char *path, const struct mirror_want *want)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err ignored = { 0 };
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_size == want->size &&
	       digest_holds(fd, want->digest, &ignored) == 1;
}

static int disk_full(struct err *err, const char *path, int64_t missing)
{
	return err_infra(
		err, ENOSPC,
		"%s: %lld MiB are missing on this disk; make room, then try again: it goes on where it stopped", path,
		(long long)((missing >> 20) + 1));
}

/* Sooner than when the disk is full. */
static int check_room(const struct transfer *t, const char *path, struct err *err)
{
	struct statvfs fs;
	int64_t room, need = t->size - t->have;

	if (fstatvfs(t->fd, &fs) < 0)
		return 0;
	room = (int64_t)(fs.f_bavail * fs.f_frsize);
	return room < need ? disk_full(err, path, need - room) : 0;
}

/* Fetches what is missing of the part that t->fd is. */
static int fetch_rest(struct transfer *t, const char *path, struct err *err)
{
	if (t->have > t->size && transfer_reset(t) < 0) {
		*err = t->err;
		return -1;
	}
	if (t->have == t->size)
		return 0;
	if (check_room(t, path, err) < 0 || transfer(t, err) < 0) {
		if (err->num == ENOSPC && t->err.class != ERR_NONE)
			disk_full(err, path, t->size - t->have);
		return -1;
	}
	return 0;
}

static int fetch_part(struct transfer *t, const char *part, const struct mirror_want *want, struct err *err)
{
	bool resumed = t->have > 0;
	int holds;

	if (fetch_rest(t, part, err) < 0) {
		if (t->another || t->have == 0)
			unlink(part);
		return -1;
	}
	holds = digest_holds(t->fd, want->digest, err);
	if (holds == 0 && resumed) { /* the part may have been of another file: once more, from its beginning */
		if (transfer_reset(t) < 0) {
			*err = t->err;
			return -1;
		}
		return fetch_part(t, part, want, err);
	}
	if (holds == 0) {
		unlink(part);
		return err_infra(err, 0,
				 "%s: was fetched, and is not what its digest says; nothing of it is kept. The mirror "
				 "may be in the middle of an update: try again later, or another mirror",
				 t->url);
	}
	return holds < 0 ? -1 : 0;
}

static int fetch_locked(const struct mirror *m, const char *url, const struct mirror_want *want, const char *path,
			struct err *err)
{
	autofree char *part = mem_printf("%s.part", path);
	autoclose int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct transfer t = { .m = m, .url = url, .fd = fd, .size = want->size };

	if (fd < 0)
		return err_infra(err, errno, "%s: cannot open", part);
	t.have = lseek(fd, 0, SEEK_END);
	if (t.have < 0)
		return err_infra(err, errno, "%s", part);
	if (fetch_part(&t, part, want, err) < 0)
		return -1;
	return rename(part, path) < 0 ? err_infra(err, errno, "%s: cannot rename into place", path) : 0;
}

int mirror_fetch(const struct mirror *m, const char *url, const struct mirror_want *want, char **path, struct err *err)
{
	autofree char *place = download_path(m, url, want), *locks = fs_join(m->home, "locks");
	autofree char *dir = fs_join(m->home, "cache/download");
	autofree char *lock_path = mem_printf("%s/download-%.16s", locks, want->digest);
	autoclose int lock = -1;

	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0 || fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0 ||
	    fs_lock(AT_FDCWD, lock_path, true, &lock, err) < 0)
		return -1;
	if (!is_fetched(place, want) && fetch_locked(m, url, want, place, err) < 0)
		return -1;
	*path = steal(&place);
	return 0;
}
