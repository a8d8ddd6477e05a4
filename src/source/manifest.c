#define _GNU_SOURCE
#include "source/manifest.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>

/* Clocks of file systems tick in up to two seconds: a file changed just now may change again unseen. */
enum { SETTLE_SECONDS = 3, STAMP_TEXT = 160, MANIFEST_MAX = 1 << 30 };

static void stamp_make(const struct stat *st, char text[static STAMP_TEXT])
{
	snprintf(text, STAMP_TEXT, "%llx %llx %llx %llx.%lx %llx.%lx ", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
		 (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec,
		 (unsigned long long)st->st_ctim.tv_sec, (unsigned long)st->st_ctim.tv_nsec);
}

static char *manifest_path(const char *home, const char *key)
{
	return mem_printf("%s/cache/dir/%s", home, key);
}

static bool is_entry(struct view line)
{
	return line.n > HASH_HEX && line.p[line.n - HASH_HEX] == ' ';
}

void manifest_load(struct manifest *m, const char *home, const char *key)
{
	autofree char *path = manifest_path(home, key);
	struct err ignored = { 0 };
	struct view rest;

	*m = (struct manifest){ .started = time(NULL) };
	if (fs_read(AT_FDCWD, path, MANIFEST_MAX, &m->text, &ignored) < 0) {
		buf_clear(&m->text);
		return;
	}
	rest = (struct view){ m->text.data, m->text.n };
	while (rest.n) {
		struct view entry = view_cut(&rest, '\0'), name = view_cut(&rest, '\0');

		if (is_entry(entry) && name.n)
			map_set(&m->files, name, (char *)entry.p);
	}
}

const char *manifest_find(const struct manifest *m, const char *path, const struct stat *st)
{
	const char *entry = map_get(&m->files, view_of(path));
	char stamp[STAMP_TEXT];

	if (!entry)
		return NULL;
	stamp_make(st, stamp);
	return str_starts(entry, stamp) ? entry + strlen(stamp) : NULL;
}

void manifest_add(struct manifest *m, const char *path, const struct stat *st, const char *digest)
{
	char stamp[STAMP_TEXT];

	if (st->st_ctim.tv_sec + SETTLE_SECONDS > m->started || st->st_mtim.tv_sec + SETTLE_SECONDS > m->started)
		return;
	stamp_make(st, stamp);
	buf_adds(&m->text, stamp);
	buf_add(&m->text, digest, HASH_HEX);
	buf_add(&m->text, path, strlen(path) + 1);
}

void manifest_save(const struct manifest *m, const char *home, const char *key)
{
	autofree char *dir = fs_join(home, "cache/dir"), *path = manifest_path(home, key);
	struct err ignored = { 0 };

	if (fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) == 0)
		fs_write(AT_FDCWD, path, m->text.data ? m->text.data : "", m->text.n, 0644, &ignored);
}

void manifest_free(struct manifest *m)
{
	map_free(&m->files);
	buf_free(&m->text);
}
