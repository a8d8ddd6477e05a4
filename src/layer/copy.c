/* Parts of a native root into a layer. */
#define _GNU_SOURCE
#include "layer/private.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

void layer_glob(const char *tree, const char *pattern, string_vec *paths)
{
	autofree char *full = mem_printf("%s%s", tree, pattern);
	size_t n = strlen(tree);
	glob_t found;

	if (glob(full, GLOB_NOSORT, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		*vec_push(paths) = mem_strdup(found.gl_pathv[i] + n);
	globfree(&found);
}

static int link_copy(const char *from, const char *to, struct err *err)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return err_infra(err, errno, "%s", from);
	target[n] = '\0';
	return symlink(target, to) < 0 && errno != EEXIST ? err_infra(err, errno, "%s", to) : 0;
}

/* Another name of the same file where that can be, else a copy. */
static int file_copy(const char *from, const char *to, mode_t mode, struct err *err)
{
	autoclose int in = -1, out = -1;

	if (link(from, to) == 0 || errno == EEXIST)
		return 0;
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);
	if (in < 0 || out < 0)
		return err_infra(err, errno, "%s", to);
	return fs_copy(in, out, err);
}

static int dir_copy(const char *from, const char *to, struct err *err);

static int entry_copy(const char *from, const char *to, struct err *err)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return err_infra(err, errno, "%s", from);
	if (S_ISLNK(st.st_mode))
		return link_copy(from, to, err);
	if (S_ISDIR(st.st_mode))
		return dir_copy(from, to, err);
	return S_ISREG(st.st_mode) ? file_copy(from, to, st.st_mode, err) : 0;
}

static int dir_copy(const char *from, const char *to, struct err *err)
{
	autoclosedir DIR *dir = opendir(from);
	struct dirent *e;

	if (!dir || (mkdir(to, 0755) < 0 && errno != EEXIST))
		return err_infra(err, errno, "%s", to);
	while ((e = readdir(dir))) {
		autofree char *below = fs_join(from, e->d_name), *made = fs_join(to, e->d_name);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && entry_copy(below, made, err) < 0)
			return -1;
	}
	return 0;
}

static int parent_make(const char *path, struct err *err)
{
	autofree char *parent = mem_strdup(path);

	*strrchr(parent, '/') = '\0';
	return fs_mkdirs(AT_FDCWD, parent, 0755, err);
}

int layer_copy(struct layering *l, const char *path, struct err *err)
{
	autofree char *from = mem_printf("%s%s", l->from, path), *to = mem_printf("%s%s", l->native, path);

	return parent_make(to, err) < 0 ? -1 : entry_copy(from, to, err);
}

/* Where a symlink of a root leads, as a path from its top: one step. Owned. */
static char *link_target(const char *tree, const char *path)
{
	autofree char *full = mem_printf("%s%s", tree, path);
	char target[4096];
	ssize_t n = readlink(full, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	if (target[0] == '/')
		return mem_strdup(target);
	return mem_printf("%.*s/%s", (int)(strrchr(path, '/') - path), path, target);
}

/* The file behind a chain of symlinks, or NULL. Owned. */
static char *resolve(const char *tree, const char *path)
{
	char *at = mem_strdup(path);

	for (int steps = 0; steps < 16; steps++) {
		char *next = link_target(tree, at);
		autofree char *full = mem_printf("%s%s", tree, at);

		if (!next && access(full, X_OK) == 0)
			return at;
		free(at);
		if (!next)
			return NULL;
		at = next;
	}
	free(at);
	return NULL;
}

/* The name leads to what it means in the end, which has a name of its own: some look at the name they are called by,
 * others for their parts beside the file. */
int layer_program(struct layering *l, const char *name, bool *there, struct err *err)
{
	autofree char *path = mem_printf("/usr/bin/%s", name), *file = resolve(l->from, path);
	autofree char *to = mem_printf("%s%s", l->native, path), *target = NULL;

	*there = file != NULL;
	if (!file)
		return 0;
	if (layer_copy(l, file, err) < 0)
		return -1;
	if (strcmp(file, path) == 0)
		return 0;
	target = mem_printf("../..%s", file);
	if (parent_make(to, err) < 0)
		return -1;
	return symlink(target, to) < 0 && errno != EEXIST ? err_infra(err, errno, "%s", to) : 0;
}
