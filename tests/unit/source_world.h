/* What the tests of sources share: a directory of its own for each, in it a home and a person's things. */
#ifndef TESTS_SOURCE_WORLD_H
#define TESTS_SOURCE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A directory of its own for each test: work/home is Kiln's, the rest is the person's. */
struct world {
	char *work, *home;
};

static inline int world_make(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));
	const char *tmp = getenv("TMPDIR");
	char *path = mem_printf("%s/kiln-source-XXXXXX", tmp ? tmp : "/tmp");

	assert_non_null(mkdtemp(path));
	w->work = realpath(path, NULL);
	free(path);
	w->home = fs_join(w->work, "home");
	*state = w;
	return 0;
}

static inline int world_remove(void **state)
{
	struct world *w = *state;
	struct err err = { 0 };

	assert_int_equal(fs_remove(AT_FDCWD, w->work, &err), 0);
	free(w->work);
	free(w->home);
	free(w);
	return 0;
}

static inline char *at(const struct world *w, const char *name)
{
	return fs_join(w->work, name);
}

static inline void put(const struct world *w, const char *name, mode_t mode, const char *text)
{
	autofree char *path = at(w, name), *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path));
	struct err err = { 0 };

	assert_int_equal(fs_mkdirs(AT_FDCWD, dir, 0755, &err), 0);
	assert_int_equal(fs_write(AT_FDCWD, path, text, strlen(text), mode, &err), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static const char makefile[] = "VERSION = 9\nPATCHLEVEL = 1\nSUBLEVEL = 2\nEXTRAVERSION = -rc3\nNAME = x\n";

static inline void put_kernel(const struct world *w, const char *dir)
{
	static const char *const names[] = { "Makefile", "Kconfig", "arch/z/Kconfig" };

	for (size_t i = 0; i < countof(names); i++) {
		autofree char *name = fs_join(dir, names[i]);

		put(w, name, 0644, i ? "# nothing\n" : makefile);
	}
}

static inline int import_spec(const struct world *w, const char *spec, json_t **record, struct err *err)
{
	*err = (struct err){ 0 };
	return source_import(w->home, spec, NULL, record, err);
}

static inline json_t *import_ok(const struct world *w, const char *spec)
{
	struct err err;
	json_t *record = NULL;

	if (import_spec(w, spec, &record, &err) < 0)
		fail_msg("%s: %s", spec, err.msg);
	return record;
}

static inline int entries(const struct world *w, const char *name)
{
	autofree char *path = at(w, name);
	autoclosedir DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	return d ? n - 2 : 0;
}

static inline void import_fails(const struct world *w, const char *spec, enum err_class class, const char *text)
{
	autojson json_t *record = NULL;
	struct err err;
	int before = entries(w, "home/sources");

	if (import_spec(w, spec, &record, &err) == 0)
		fail_msg("%s: was imported", spec);
	if (err.class != class || !strstr(err.msg, text))
		fail_msg("%s: class %d, \"%s\", not \"%s\"", spec, err.class, err.msg, text);
	assert_int_equal(entries(w, "home/sources"), before);
	assert_int_equal(entries(w, "home/tmp"), 0);
}

static inline char *in_tree(const struct world *w, const json_t *record, const char *name)
{
	autofree char *tree = source_tree(w->home, json_str_or(record, "id", "?"));

	return fs_join(tree, name);
}

static inline void tree_has(const struct world *w, const json_t *record, const char *name, mode_t mode,
			    const char *text)
{
	autofree char *path = in_tree(w, record, name);
	autobuf struct buf got = { 0 };
	struct err err = { 0 };
	struct stat st;

	if (fs_read(AT_FDCWD, path, 1 << 20, &got, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(got.data, text);
	assert_int_equal(stat(path, &st), 0);
	if ((st.st_mode & 07777) != mode)
		fail_msg("%s: mode %o, not %o", name, st.st_mode & 07777, mode);
}

static inline void tree_lacks(const struct world *w, const json_t *record, const char *name)
{
	autofree char *path = in_tree(w, record, name);

	if (fs_exists(AT_FDCWD, path))
		fail_msg("%s is in the tree", name);
}

static inline const char *text_of(const json_t *record, const char *key)
{
	return json_str_or(record, key, "(none)");
}

#endif
