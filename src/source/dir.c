/* A plain directory: its digest is over the sorted mode, path and content of what is in it. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "source/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Deeper is no source but a mistake, and each level holds two descriptors. */
enum { DEPTH_MAX = 200, CHUNK = 65536 };

struct walk {
	struct import *im;
	const char *top;
	struct manifest *known; /* from the last time */
	struct manifest *seen;  /* for the next time */
	struct hash *digest;
	struct buf path; /* below top */
	dev_t home_dev;  /* a home inside the directory is no part of it */
	ino_t home_ino;
	int64_t skipped;
	int depth;
	char chunk[CHUNK];
};

/* to is -1 for a walk that only looks. */
static int walk_dir(struct walk *w, int from, int to, struct err *err);

static int changing(const struct walk *w, struct err *err)
{
	return err_user(err,
			"%s/%s: changes while it is read; wait until whatever writes there is done, then try "
			"again",
			w->top, w->path.data);
}

/* An entry that was there a moment ago. */
static int gone_or(const struct walk *w, struct err *err)
{
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EISDIR)
		return changing(w, err);
	return err_infra(err, errno, "%s/%s: cannot read", w->top, w->path.data);
}

static void digest_add(struct walk *w, const char *mode, const char *content)
{
	hash_add(w->digest, mode, strlen(mode) + 1);
	hash_add(w->digest, w->path.data, w->path.n + 1);
	hash_add(w->digest, content, strlen(content) + 1);
}

static int content_digest(struct walk *w, int fd, char hex[static HASH_HEX], struct err *err)
{
	autohash struct hash *h = hash_new();
	ssize_t n;

	while ((n = read(fd, w->chunk, CHUNK)) != 0) {
		if (n < 0 && errno != EINTR)
			return err_infra(err, errno, "%s/%s: cannot read", w->top, w->path.data);
		if (n > 0)
			hash_add(h, w->chunk, (size_t)n);
	}
	hash_end(steal(&h), hex);
	return 0;
}

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Copies into to (unless it is -1) and digests what was copied, not what it was copied from. */
static int take_content(struct walk *w, int from, int to, char hex[static HASH_HEX], struct err *err)
{
	if (lseek(from, 0, SEEK_SET) < 0)
		return err_infra(err, errno, "%s/%s", w->top, w->path.data);
	if (to < 0)
		return content_digest(w, from, hex, err);
	if (ftruncate(to, 0) < 0 || lseek(to, 0, SEEK_SET) < 0)
		return err_infra(err, errno, "%s", w->path.data);
	if (fs_copy(from, to, err) < 0)
		return err_wrap(err, "%s/%s", w->top, w->path.data);
	if (lseek(to, 0, SEEK_SET) < 0)
		return err_infra(err, errno, "%s", w->path.data);
	return content_digest(w, to, hex, err);
}

/* A file that changed under it is taken a second time, not a third. */
static int take_file(struct walk *w, int from, int to, struct stat *st, char hex[static HASH_HEX], struct err *err)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		struct stat after;

		if (fstat(from, st) < 0 || !S_ISREG(st->st_mode))
			return changing(w, err);
		if (take_content(w, from, to, hex, err) < 0)
			return -1;
		if (fstat(from, &after) == 0 && unchanged(st, &after))
			return 0;
	}
	return changing(w, err);
}

static int walk_file(struct walk *w, int from, int to, const char *name, struct stat *st, struct err *err)
{
	const char *known = to < 0 ? manifest_find(w->known, w->path.data, st) : NULL;
	const char *mode = st->st_mode & 0100 ? "100755" : "100644";
	autoclose int in = -1, out = -1;
	char hex[HASH_HEX];

	if (known) {
		digest_add(w, mode, known);
		manifest_add(w->seen, w->path.data, st, known);
		return 0;
	}
	in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return gone_or(w, err);
	if (to >= 0) {
		out = openat(to, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 0100 ? 0555 : 0444);
		if (out < 0)
			return err_infra(err, errno, "%s: cannot make the file", w->path.data);
	}
	if (take_file(w, in, out, st, hex, err) < 0)
		return -1;
	digest_add(w, mode, hex);
	manifest_add(w->seen, w->path.data, st, hex);
	import_tell(w->im, to < 0 ? "reading the directory" : "copying the directory", st->st_size);
	return 0;
}

static int walk_symlink(struct walk *w, int from, int to, const char *name, struct err *err)
{
	char target[4097];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return gone_or(w, err);
	target[n] = '\0';
	digest_add(w, "120000", target);
	if (to >= 0 && symlinkat(target, to, name) < 0)
		return err_infra(err, errno, "%s: cannot make the symlink", w->path.data);
	return 0;
}

static int walk_below(struct walk *w, int from, int to, const char *name, struct err *err)
{
	autoclose int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), out = -1;
	int status;

	if (in < 0)
		return gone_or(w, err);
	if (w->depth == DEPTH_MAX)
		return err_user(err, "%s/%s: is more than %d directories deep", w->top, w->path.data, DEPTH_MAX);
	if (to >= 0) {
		if (mkdirat(to, name, 0755) < 0)
			return err_infra(err, errno, "%s: cannot make the directory", w->path.data);
		out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (out < 0)
			return err_infra(err, errno, "%s", w->path.data);
	}
	digest_add(w, "040000", "");
	w->depth++;
	status = walk_dir(w, in, out, err);
	w->depth--;
	return status;
}

static int walk_entry(struct walk *w, int from, int to, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return gone_or(w, err);
	if (S_ISREG(st.st_mode))
		return walk_file(w, from, to, name, &st, err);
	if (S_ISLNK(st.st_mode))
		return walk_symlink(w, from, to, name, err);
	if (!S_ISDIR(st.st_mode)) {
		w->skipped++;
		return 0;
	}
	if (st.st_dev == w->home_dev && st.st_ino == w->home_ino)
		return 0;
	return walk_below(w, from, to, name, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **data;
	size_t n, cap;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->data[i]);
	vec_free(names);
}

static int names_read(const struct walk *w, int dir, struct names *names, struct err *err)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		err_infra(err, errno, "%s/%s: cannot list", w->top, w->path.data);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (errno = 0, e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			*vec_push(names) = mem_strdup(e->d_name);
	if (errno)
		return err_infra(err, errno, "%s/%s: cannot list", w->top, w->path.data);
	if (names->n)
		qsort(names->data, names->n, sizeof(*names->data), by_name);
	return 0;
}

static int walk_dir(struct walk *w, int from, int to, struct err *err)
{
	struct names names = { 0 };
	size_t length = w->path.n;
	int status = names_read(w, from, &names, err);

	for (size_t i = 0; i < names.n && status == 0; i++) {
		if (length)
			buf_addc(&w->path, '/');
		buf_adds(&w->path, names.data[i]);
		status = walk_entry(w, from, to, names.data[i], err);
		w->path.n = length;
		w->path.data[length] = '\0';
	}
	names_free(&names);
	return status;
}

/* One walk over the directory; what it saw is remembered for the next. */
static int walk(struct import *im, const char *path, const char *key, int from, int to, json_t *facts, struct err *err)
{
	autofree struct walk *w = mem_alloc(sizeof(*w));
	struct manifest known, seen = { .started = time(NULL) };
	char digest[HASH_HEX];
	struct stat home;
	int status;

	if (stat(im->home, &home) < 0)
		return err_infra(err, errno, "%s", im->home);
	manifest_load(&known, im->home, key);
	*w = (struct walk){ .im = im,
			    .top = path,
			    .known = &known,
			    .seen = &seen,
			    .digest = hash_new(),
			    .home_dev = home.st_dev,
			    .home_ino = home.st_ino };
	buf_adds(&w->path, "");
	status = walk_dir(w, from, to, err);
	hash_end(w->digest, digest);
	if (status == 0) {
		facts_digest(facts, digest);
		json_object_set_new(facts, "skipped", json_integer(w->skipped));
		manifest_save(&seen, im->home, key);
	}
	buf_free(&w->path);
	manifest_free(&known);
	manifest_free(&seen);
	return status;
}

static int copy(struct import *im, const char *path, const char *key, int from, json_t *facts, json_t **record,
		struct err *err)
{
	autoclose int to = -1;
	json_t *found;

	if (import_work(im, err) < 0)
		return -1;
	if (mkdir(im->tree, 0755) < 0 || (to = open(im->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_infra(err, errno, "%s", im->tree);
	if (walk(im, path, key, from, to, facts, err) < 0 || import_lock(im, json_str_or(facts, "id", ""), err) < 0)
		return -1;
	found = import_find(im, facts);
	if (!found)
		return import_publish(im, facts, record, err);
	*record = found;
	return 0;
}

int dir_import(struct import *im, const char *path, json_t **record, struct err *err)
{
	autofree char *name = name_clean(view_of(path_leaf(path))), *release = NULL;
	autofree char *cache = NULL, *lock = NULL;
	autojson json_t *facts = facts_new(im, "dir", name);
	autoclose int from = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char key[HASH_HEX];
	json_t *found;

	if (from < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	if (kernel_check(from, path, &release, err) < 0)
		return -1;
	hash_bytes(path, strlen(path), key);
	lock = mem_printf("dir-%s", key);
	cache = mem_printf("%s/cache/dir/%s", im->home, key);
	if (import_lock(im, lock, err) < 0)
		return -1;
	/* One that was never seen is digested while it is copied, another is looked at first. */
	if (access(cache, F_OK) == 0) {
		if (walk(im, path, key, from, -1, facts, err) < 0)
			return -1;
		found = import_find(im, facts);
		if (found) {
			*record = found;
			return 0;
		}
	}
	return copy(im, path, key, from, facts, record, err);
}
