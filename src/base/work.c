#define _GNU_SOURCE
#include "base/work.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int work_make(const char *home, const char *attempt, char **work, int *lock, struct err *err)
{
	autofree char *dir = mem_printf("%s/tmp/%s", home, attempt);
	autofree char *inside = fs_join(dir, "work");
	autofree char *lock_path = mem_printf("%s/tmp/%s.lock", home, attempt);
	autofree char *tmp = fs_join(home, "tmp");

	if (fs_mkdirs(AT_FDCWD, tmp, 0755, err) < 0 || fs_lock(AT_FDCWD, lock_path, true, lock, err) < 0 ||
	    fs_mkdirs(AT_FDCWD, inside, 0755, err) < 0)
		return -1;
	*work = steal(&inside);
	return 0;
}

void work_remove(const char *home, const char *attempt)
{
	autofree char *dir = mem_printf("%s/tmp/%s", home, attempt);
	autofree char *lock_path = mem_printf("%s/tmp/%s.lock", home, attempt);
	struct err ignored = { 0 };

	fs_remove(AT_FDCWD, dir, &ignored);
	unlink(lock_path);
}

/* An attempt whose lock can be taken has no living owner. */
static void sweep_one(const char *home, const char *lock_name)
{
	autofree char *path = mem_printf("%s/tmp/%s", home, lock_name);
	autofree char *attempt = mem_strndup(lock_name, strlen(lock_name) - strlen(".lock"));
	autoclose int lock = -1;
	struct err ignored = { 0 };

	if (fs_lock(AT_FDCWD, path, false, &lock, &ignored) == 0)
		work_remove(home, attempt);
}

int work_sweep(const char *home, struct err *err)
{
	autofree char *tmp = fs_join(home, "tmp");
	autoclosedir DIR *dir = opendir(tmp);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : err_infra(err, errno, "%s", tmp);
	while ((e = readdir(dir)))
		if (str_ends(e->d_name, ".lock"))
			sweep_one(home, e->d_name);
	return 0;
}
