#define _GNU_SOURCE
#include "guest/guest.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpio/cpio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 8, SOURCE_MAX = 1 << 20 };

/* Files found so far; strings and contents live in the arena. */
struct sources {
	struct arena arena;
	VEC(struct cpio_entry) files;
};

static int sources_scan(struct sources *s, const char *dir, const char *below, int depth, struct err *err);

static int file_read(struct sources *s, const char *path, const char *name, struct err *err)
{
	autobuf struct buf content = { 0 };

	if (fs_read(AT_FDCWD, path, SOURCE_MAX, &content, err) < 0)
		return -1;
	*vec_push(&s->files) = (struct cpio_entry){
		.path = arena_strdup(&s->arena, name),
		.mode = S_IFREG | 0644,
		.data = arena_memdup(&s->arena, content.data ? content.data : "", content.n),
		.size = content.n,
	};
	return 0;
}

static int entry_scan(struct sources *s, const char *dir, const char *name, int depth, struct err *err)
{
	autofree char *path = fs_join(dir, name);
	struct stat st;

	if (stat(path, &st) < 0)
		return err_infra(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return sources_scan(s, dir, name, depth + 1, err);
	if (S_ISREG(st.st_mode) && (str_ends(name, ".c") || str_ends(name, ".h")))
		return file_read(s, path, name, err);
	return 0;
}

/* below: the directory's path relative to dir, "" for dir itself. */
static int sources_scan(struct sources *s, const char *dir, const char *below, int depth, struct err *err)
{
	autofree char *path = *below ? fs_join(dir, below) : mem_strdup(dir);
	autoclosedir DIR *d = opendir(path);
	struct dirent *entry;

	if (!d)
		return err_infra(err, errno, "%s: cannot read the sources of guest-init", path);
	if (depth > DEPTH_MAX)
		return err_infra(err, 0, "%s: directories are nested too deeply", path);
	while ((entry = readdir(d))) {
		autofree char *name = NULL;

		if (entry->d_name[0] == '.') /* ., .., and what editors leave */
			continue;
		name = *below ? fs_join(below, entry->d_name) : mem_strdup(entry->d_name);
		if (entry_scan(s, dir, name, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct cpio_entry *)a)->path, ((const struct cpio_entry *)b)->path);
}

static int sources_pack(const char *dir, struct buf *out, struct err *err)
{
	struct sources s = { 0 };
	const struct cpio_sink sink = { .fd = -1, .buf = out };
	int ret = sources_scan(&s, dir, "", 0, err);

	if (ret == 0 && !s.files.n)
		ret = err_infra(err, 0, "%s: there are no sources of guest-init in it", dir);
	if (ret == 0) {
		qsort(s.files.data, s.files.n, sizeof(*s.files.data), compare_paths);
		ret = cpio_write(s.files.data, s.files.n, &sink, err);
	}
	vec_free(&s.files);
	arena_free(&s.arena);
	return ret;
}

int guest_sources_digest(const char *dir, char digest[static HASH_HEX], struct err *err)
{
	autobuf struct buf archive = { 0 };

	if (sources_pack(dir, &archive, err) < 0)
		return -1;
	hash_bytes(archive.data, archive.n, digest);
	return 0;
}

int guest_sources_put(struct depot *depot, const char *dir, char digest[static HASH_HEX], struct err *err)
{
	autobuf struct buf archive = { 0 };

	if (sources_pack(dir, &archive, err) < 0)
		return -1;
	return depot_put_bytes(depot, archive.data, archive.n, digest, err);
}
