/* Native programs that find their loader and their libraries below a prefix of their own, whatever root they lie in. */
#define _GNU_SOURCE
#include "layer/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "layer/loading.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void libraries_add(struct layering *l, const char *dir)
{
	for (size_t i = 0; i < l->libraries.n; i++)
		if (strcmp(l->libraries.data[i], dir) == 0)
			return;
	*vec_push(&l->libraries) = mem_strdup(dir);
}

/* The file of a library below native, owned; NULL when there is none. */
static char *library_find(const struct layering *l, const char *name)
{
	for (size_t i = 0; i < l->libraries.n; i++) {
		autofree char *path = mem_printf("%s%s/%s", l->native, l->libraries.data[i], name);

		if (access(path, R_OK) == 0)
			return steal(&path);
	}
	return NULL;
}

/* Whether all that a file needs is there, and all that that needs. */
static int closure_check(struct layering *l, struct map *seen, const char *program, const struct loading *e,
			 struct err *err)
{
	for (size_t i = 0; i < e->needed.n; i++) {
		const char *name = e->needed.data[i];
		autofree char *path = library_find(l, name);
		struct loading library;
		int status;

		if (map_get(seen, view_of(name)))
			continue;
		if (!path)
			return err_user(err,
					"the layer %s lacks %s, which %s needs; add its directory to the data of the "
					"layer, or its package to the root %s",
					l->recipe->name, name, program, l->recipe->from);
		map_set(seen, view_of(name), l);
		if (loading_read(path, &library, err) < 0)
			return -1;
		status = closure_check(l, seen, path, &library, err);
		loading_free(&library);
		if (status < 0)
			return -1;
	}
	return 0;
}

/* The loader that a program of the native root names, below the prefix: /lib64/ld.so is usr/lib64/ld.so there. */
static int interpreter_place(struct layering *l, const char *interpreter, struct err *err)
{
	autofree char *below = NULL, *name = mem_strdup(strrchr(interpreter, '/') + 1);

	if (l->interpreter)
		return 0;
	below = library_find(l, name);
	if (!below)
		return err_user(err, "the layer %s lacks the loader %s", l->recipe->name, interpreter);
	l->interpreter = mem_printf(LAYER_PREFIX "%s", below + strlen(l->native));
	return 0;
}

static void rpath_make(const struct layering *l, struct buf *out)
{
	for (size_t i = 0; i < l->libraries.n; i++)
		buf_printf(out, "%s" LAYER_PREFIX "%s", i ? ":" : "", l->libraries.data[i]);
}

/* Options of patchelf, which writes another file, that then takes the place of the first. */
static int patch(struct layering *l, const char *path, mode_t mode, const char *const *options, struct err *err)
{
	autofree char *made = mem_printf("%s.kiln", path);
	const char *argv[10] = { "patchelf", "--output", made, path };

	for (size_t i = 0; options[i]; i++)
		argv[4 + i] = options[i];
	if (proc_run(&(struct proc){ .argv = argv }, NULL, err) < 0)
		return err_wrap(err, "%s", path + strlen(l->native));
	if (chmod(made, mode & 0777) < 0 || rename(made, path) < 0)
		return err_infra(err, errno, "%s", path);
	return 0;
}

/* RPATH and not RUNPATH: it counts for the libraries of the libraries as well (ld.so(8)), which stay as they are. */
static int program_patch(struct layering *l, const char *path, mode_t mode, struct err *err)
{
	autobuf struct buf rpath = { 0 };

	rpath_make(l, &rpath);
	if (patch(l, path, mode,
		  (const char *const[]){ "--force-rpath", "--set-rpath", rpath.data, "--set-interpreter",
					 l->interpreter, NULL },
		  err) < 0)
		return -1;
	l->programs++;
	return 0;
}

/* But for those with a RUNPATH, for which no one else's RPATH counts: they keep what they have, and look on there. */
static int library_patch(struct layering *l, const char *path, mode_t mode, const struct loading *e, struct err *err)
{
	autobuf struct buf rpath = { 0 };

	buf_printf(&rpath, "%s:", e->runpath);
	rpath_make(l, &rpath);
	return patch(l, path, mode, (const char *const[]){ "--force-rpath", "--set-rpath", rpath.data, NULL }, err);
}

static int program_relocate(struct layering *l, struct map *seen, const char *path, mode_t mode,
			    const struct loading *e, struct err *err)
{
	if (!strchr(e->interpreter, '/'))
		return err_user(err, "%s: its loader is no path", path);
	if (closure_check(l, seen, path, e, err) < 0 || interpreter_place(l, e->interpreter, err) < 0)
		return -1;
	return program_patch(l, path, mode, err);
}

static int relocate_file(struct layering *l, struct map *seen, const char *path, mode_t mode, bool library,
			 struct err *err)
{
	struct loading e;
	int status = loading_read(path, &e, err);

	if (status <= 0)
		return status;
	status = 0;
	if (library && e.runpath)
		status = library_patch(l, path, mode, &e, err);
	else if (!library && e.interpreter)
		status = program_relocate(l, seen, path, mode, &e, err);
	loading_free(&e);
	return status;
}

typedef int visit_fn(struct layering *l, struct map *seen, const char *path, mode_t mode, struct err *err);

static int walk(struct layering *l, struct map *seen, const char *dir_path, visit_fn *visit, struct err *err)
{
	autoclosedir DIR *dir = opendir(dir_path);
	struct dirent *e;

	if (!dir)
		return err_infra(err, errno, "%s", dir_path);
	while ((e = readdir(dir))) {
		autofree char *path = fs_join(dir_path, e->d_name);
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) ? walk(l, seen, path, visit, err) < 0
					: S_ISREG(st.st_mode) && visit(l, seen, path, st.st_mode, err) < 0)
			return -1;
	}
	return 0;
}

/* A directory with a libc.so.* or ld-linux*.so.* or any other lib*.so.N is one of libraries; those deep below programs'
 * own directories are theirs. */
static int library_dirs(struct layering *l, struct err *err)
{
	static const char *const patterns[] = { "/usr/lib/lib*.so.*", "/usr/lib/*/lib*.so.*", "/usr/lib/*/*/lib*.so.*",
						"/usr/lib64/*.so.*" };

	for (size_t i = 0; i < countof(patterns); i++) {
		string_vec paths = { 0 };

		layer_glob(l->native, patterns[i], &paths);
		for (size_t k = 0; k < paths.n; k++) {
			*strrchr(paths.data[k], '/') = '\0';
			libraries_add(l, paths.data[k]);
		}
		string_vec_free(&paths);
	}
	return l->libraries.n ? 0 : err_user(err, "the layer %s has no shared libraries", l->recipe->name);
}

/* Programs are executable files; the loader and libraries are none, also those that can be run. A file is changed as a
 * new one, so that the native root's keeps its bytes. */
static int visit(struct layering *l, struct map *seen, const char *path, mode_t mode, struct err *err)
{
	bool library = strstr(strrchr(path, '/'), ".so");

	return library || mode & 0111 ? relocate_file(l, seen, path, mode, library, err) : 0;
}

int layer_relocate(struct layering *l, struct err *err)
{
	struct map seen = { 0 };
	int status = library_dirs(l, err) < 0 ? -1 : walk(l, &seen, l->native, visit, err);

	map_free(&seen);
	return status;
}
