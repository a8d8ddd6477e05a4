/* Removes roots that no recipe's link names any more. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/work.h"
#include "root/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { DOWNLOAD_DIGITS = 16 /* as mirror_fetch names them */ };

static bool is_hidden(const char *name)
{
	return name[0] == '.';
}

/* The ids that links name. */
static void linked(const char *roots, struct map *ids)
{
	autofree char *path = fs_join(roots, "recipe");
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char target[512];
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target));
		const char *slash = n > 0 ? memrchr(target, '/', (size_t)n) : NULL;

		if (slash)
			map_set(ids, (struct view){ slash + 1, (size_t)(target + n - slash - 1) }, ids);
	}
}

/* It is moved away first, so that none is ever seen half removed. */
static int remove_one(const char *home, const char *dir, const char *id, struct err *err)
{
	char attempt[UUID_TEXT];
	autofree char *work = NULL, *place = fs_join(dir, id), *aside = NULL;
	autoclose int lock = -1;

	uuid_make(attempt);
	if (work_make(home, attempt, &work, &lock, err) < 0)
		return -1;
	aside = fs_join(work, "removed");
	if (rename(place, aside) < 0)
		return err_infra(err, errno, "%s: cannot be moved away", place);
	work_remove(home, attempt);
	return 0;
}

typedef bool keep_fn(const char *dir, const char *name, const struct map *ids);

static bool keep_root(const char *dir, const char *name, const struct map *ids)
{
	return strcmp(name, "recipe") == 0 || strcmp(name, "pool") == 0 || map_get(ids, view_of(name));
}

/* A layer belongs to two roots. */
static bool keep_layer(const char *dir, const char *name, const struct map *ids)
{
	autofree char *path = mem_printf("%s/%s/layer.json", dir, name);
	autojson json_t *layer = NULL;
	struct err ignored = { 0 };

	return json_read(AT_FDCWD, path, &layer, &ignored) == 0 &&
	       map_get(ids, view_of(json_str_or(layer, "root", ""))) &&
	       map_get(ids, view_of(json_str_or(layer, "from", "")));
}

/* What is in HOME/NAME and is not kept. */
static int sweep(const char *home, const char *name, keep_fn *keep, const struct map *ids, size_t *removed,
		 struct err *err)
{
	autofree char *path = fs_join(home, name);
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;

	*removed = 0;
	while (dir && (e = readdir(dir))) {
		if (is_hidden(e->d_name) || keep(path, e->d_name, ids))
			continue;
		if (remove_one(home, path, e->d_name, err) < 0)
			return -1;
		++*removed;
	}
	return 0;
}

/* The names of what the roots that are there were unpacked from. */
static void bases(const char *home, struct map *names)
{
	autofree char *path = fs_join(home, "roots");
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		autofree char *file = mem_printf("%s/%s/root.json", path, e->d_name);
		autojson json_t *record = NULL;
		struct err ignored = { 0 };
		const char *name;

		if (is_hidden(e->d_name) || !fs_exists(AT_FDCWD, file) ||
		    json_read(AT_FDCWD, file, &record, &ignored) < 0)
			continue;
		name = json_str_or(json_object_get(record, "base"), "name", "");
		map_set(names, view_of(name), names);
	}
}

/* Nobody fetches it just now, and it is not what a root would be made from once more. */
static bool is_left(const char *home, const char *name, const struct map *names)
{
	autofree char *path = mem_printf("%s/locks/download-%.*s", home, DOWNLOAD_DIGITS, name);
	struct err ignored = { 0 };
	autoclose int lock = -1;

	if (strlen(name) <= DOWNLOAD_DIGITS || map_get(names, view_of(name + DOWNLOAD_DIGITS + 1)))
		return false;
	return fs_lock(AT_FDCWD, path, false, &lock, &ignored) == 0;
}

static int downloads_sweep(const char *home, size_t *removed, struct err *err)
{
	autofree char *path = fs_join(home, "cache/download");
	autoclosedir DIR *dir = opendir(path);
	struct map names = { 0 };
	struct dirent *e;
	int status = 0;

	bases(home, &names);
	while (dir && status == 0 && (e = readdir(dir))) {
		if (is_hidden(e->d_name) || !is_left(home, e->d_name, &names))
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) < 0)
			status = err_infra(err, errno, "%s/%s: cannot be removed", path, e->d_name);
		else
			++*removed;
	}
	map_free(&names);
	return status;
}

int root_gc(const char *home, struct root_removed *removed, struct err *err)
{
	autofree char *roots = fs_join(home, "roots"), *pool = fs_join(roots, "pool");
	struct map ids = { 0 };
	struct pool_sums swept = { 0 };
	int status;

	linked(roots, &ids);
	status = sweep(home, "roots", keep_root, &ids, &removed->roots, err) < 0 ||
				 sweep(home, "layers", keep_layer, &ids, &removed->layers, err) < 0
			 ? -1
			 : 0;
	if (status == 0 && fs_exists(AT_FDCWD, pool))
		status = pool_sweep(pool, &swept, err);
	map_free(&ids);
	return status < 0 ? -1 : downloads_sweep(home, &removed->downloads, err);
}
