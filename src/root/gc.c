/* Removes roots that no recipe's link names any more. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/work.h"
#include "root/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

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

/* A root is moved away first, so that none is ever seen half removed. */
static int remove_one(const char *home, const char *roots, const char *id, struct err *err)
{
	char attempt[UUID_TEXT];
	autofree char *work = NULL, *place = fs_join(roots, id), *aside = NULL;
	autoclose int lock = -1;

	uuid_make(attempt);
	if (work_make(home, attempt, &work, &lock, err) < 0)
		return -1;
	aside = fs_join(work, "root");
	if (rename(place, aside) < 0)
		return err_infra(err, errno, "%s: cannot be moved away", place);
	work_remove(home, attempt);
	return 0;
}

int root_gc(const char *home, size_t *removed, struct err *err)
{
	autofree char *roots = fs_join(home, "roots"), *pool = fs_join(roots, "pool");
	autoclosedir DIR *dir = opendir(roots);
	struct map ids = { 0 };
	struct pool_sums swept = { 0 };
	struct dirent *e;
	int status = 0;

	*removed = 0;
	linked(roots, &ids);
	while (status == 0 && dir && (e = readdir(dir))) {
		if (is_hidden(e->d_name) || strcmp(e->d_name, "recipe") == 0 || strcmp(e->d_name, "pool") == 0 ||
		    map_get(&ids, view_of(e->d_name)))
			continue;
		status = remove_one(home, roots, e->d_name, err);
		*removed += status == 0;
	}
	if (status == 0 && fs_exists(AT_FDCWD, pool))
		status = pool_sweep(pool, &swept, err);
	map_free(&ids);
	return status;
}
