/* The frame of making a layer. */
#define _GNU_SOURCE
#include "layer/layer.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/work.h"
#include "layer/private.h"
#include "root/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { ID_DIGITS = 12, FORMAT = 1 /* of what a layer is; another number makes all anew */ };

/* What decides the layer: its recipe, and what both roots hold. */
static void identity_make(const struct catalog *c, const struct catalog_layer *recipe, const json_t *from,
			  const json_t *root, char hex[static HASH_HEX])
{
	autojson json_t *entry = catalog_entry_json(c, "layer", recipe->name), *identity = NULL;

	json_object_del(entry, "file");
	json_object_del(entry, "line");
	identity = json_pack("{s:i, s:O, s:s, s:s}", "format", FORMAT, "recipe", entry, "from",
			     json_str_or(from, "digest", ""), "root", json_str_or(root, "digest", ""));
	json_digest(identity, hex);
}

static bool root_has(const struct layering *l, const char *name)
{
	autofree char *path = mem_printf("%s/usr/bin/%s", l->root, name);
	struct stat st;

	return lstat(path, &st) == 0;
}

/* NAME in the root becomes the native PROGRAM, where the root has a NAME. */
static int stand_in(struct layering *l, const char *name, const char *program, struct err *err)
{
	autofree char *path = mem_printf("%s/usr/bin/%s", l->links, name);
	autofree char *target = mem_printf(LAYER_PREFIX "/usr/bin/%s", program);

	if (!root_has(l, name))
		return 0;
	l->links_made++;
	return symlink(target, path) < 0 && errno != EEXIST ? err_infra(err, errno, "%s", path) : 0;
}

static int tools_take(struct layering *l, const struct names *names, bool links, struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		bool there;

		if (layer_program(l, names->data[i], &there, err) < 0)
			return -1;
		if (links && there && stand_in(l, names->data[i], names->data[i], err) < 0)
			return -1;
	}
	return 0;
}

/* aarch64-linux-gnu-gcc-14 stands in for the root's aarch64-linux-gnu-gcc-14 and for its gcc-14. */
static int compilers_take(struct layering *l, struct err *err)
{
	autofree char *bin = mem_printf("%s/usr/bin", l->from);
	autoclosedir DIR *dir = opendir(bin);
	size_t n = strlen(l->recipe->prefix);
	struct dirent *e;
	bool any = false, there;

	while (dir && (e = readdir(dir))) {
		if (!str_starts(e->d_name, l->recipe->prefix))
			continue;
		if (layer_program(l, e->d_name, &there, err) < 0 ||
		    (there &&
		     (stand_in(l, e->d_name, e->d_name, err) < 0 || stand_in(l, e->d_name + n, e->d_name, err) < 0)))
			return -1;
		any |= there;
	}
	return any ? 0 : err_user(err, "the root %s has no compiler %s*", l->recipe->from, l->recipe->prefix);
}

static int data_take(struct layering *l, const struct names *globs, struct err *err)
{
	for (size_t i = 0; i < globs->n; i++) {
		string_vec paths = { 0 };
		int status = 0;

		layer_glob(l->from, globs->data[i], &paths);
		for (size_t k = 0; k < paths.n && status == 0; k++)
			status = layer_copy(l, paths.data[k], err);
		string_vec_free(&paths);
		if (status < 0)
			return -1;
	}
	return 0;
}

/* What must be at its own place is a symlink there, into the prefix. */
static int places_take(struct layering *l, struct err *err)
{
	for (size_t i = 0; i < l->recipe->places.n; i++) {
		string_vec paths = { 0 };
		int status = 0;

		layer_glob(l->native, l->recipe->places.data[i], &paths);
		for (size_t k = 0; k < paths.n && status == 0; k++) {
			autofree char *place = mem_printf("%s%s", l->links, paths.data[k]);
			autofree char *parent = mem_strndup(place, (size_t)(strrchr(place, '/') - place));
			autofree char *target = mem_printf(LAYER_PREFIX "%s", paths.data[k]);

			status = fs_mkdirs(AT_FDCWD, parent, 0755, err);
			if (status == 0 && symlink(target, place) < 0)
				status = err_infra(err, errno, "%s", place);
		}
		string_vec_free(&paths);
		if (status < 0)
			return -1;
	}
	return 0;
}

/* /lib and its kind, for scripts of the linker that name them. */
static int short_names(struct layering *l, struct err *err)
{
	static const char *const names[] = { "lib", "lib64", "bin" };

	for (size_t i = 0; i < countof(names); i++) {
		autofree char *link = fs_join(l->native, names[i]), *target = mem_printf("usr/%s", names[i]);

		if (symlink(target, link) < 0)
			return err_infra(err, errno, "%s", link);
	}
	return 0;
}

/* The compiler of the build's own programs: the native one, with all its parts below the prefix, and what it makes runs
 * by the loader and the libraries there. */
static int hostcc_write(struct layering *l, struct err *err)
{
	autofree char *path = fs_join(l->native, "usr/bin/hostcc");
	autobuf struct buf text = { 0 };

	buf_printf(&text,
		   "#!" LAYER_PREFIX "/usr/bin/sh\nexec " LAYER_PREFIX "/usr/bin/gcc -B" LAYER_PREFIX
		   "/usr/bin/ --sysroot=" LAYER_PREFIX " -Wl,--dynamic-linker=%s -Wl,--disable-new-dtags",
		   l->interpreter);
	for (size_t i = 0; i < l->libraries.n; i++)
		buf_printf(&text, " -Wl,-rpath=" LAYER_PREFIX "%s", l->libraries.data[i]);
	buf_adds(&text, " \"$@\"\n");
	return fs_write(AT_FDCWD, path, text.data, text.n, 0755, err);
}

static int layer_fill(struct layering *l, struct err *err)
{
	autofree char *bin = fs_join(l->links, "usr/bin"), *native_bin = fs_join(l->native, "usr/bin");

	if (fs_mkdirs(AT_FDCWD, bin, 0755, err) < 0 || fs_mkdirs(AT_FDCWD, native_bin, 0755, err) < 0)
		return -1;
	if (compilers_take(l, err) < 0 || tools_take(l, &l->recipe->tools, true, err) < 0 ||
	    tools_take(l, &l->recipe->host, false, err) < 0 || data_take(l, &l->recipe->data, err) < 0)
		return -1;
	if (short_names(l, err) < 0 || layer_relocate(l, err) < 0 || places_take(l, err) < 0)
		return -1;
	return hostcc_write(l, err);
}

static int publish(const struct layering *l, const char *work, const char *place, json_t *record, struct err *err)
{
	autofree char *file = fs_join(work, "layer.json");
	autoclose int fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (json_write(AT_FDCWD, file, record, err) < 0)
		return -1;
	if (fd < 0 || syncfs(fd) < 0)
		return err_infra(err, errno, "%s: cannot sync", work);
	return rename(work, place) < 0 ? err_infra(err, errno, "%s: cannot move the layer here", place) : 0;
}

static void layering_free(struct layering *l)
{
	free(l->native);
	free(l->links);
	free(l->interpreter);
	for (size_t i = 0; i < l->libraries.n; i++)
		free(l->libraries.data[i]);
	vec_free(&l->libraries);
}

static int make_at(const char *home, struct layering *l, const char *place, json_t *record, struct err *err)
{
	char attempt[UUID_TEXT];
	autofree char *work = NULL, *layers = fs_join(home, "layers"), *made = NULL;
	autoclose int lock = -1;
	int status;

	uuid_make(attempt);
	if (fs_mkdirs(AT_FDCWD, layers, 0755, err) < 0 || work_make(home, attempt, &work, &lock, err) < 0)
		return -1;
	made = fs_join(work, "layer");
	l->native = fs_join(made, "native");
	l->links = fs_join(made, "links");
	status = layer_fill(l, err);
	if (status == 0) {
		json_object_set_new(record, "programs", json_integer(l->programs));
		json_object_set_new(record, "names", json_integer(l->links_made));
		status = publish(l, made, place, record, err);
	}
	work_remove(home, attempt);
	return status;
}

int layer_make(const char *home, const struct catalog *c, const struct catalog_layer *recipe, const json_t *from,
	       const json_t *root, json_t **record, struct err *err)
{
	autofree char *from_tree = root_tree(home, from), *root_dir = root_tree(home, root), *id = NULL;
	CLEANUP(layering_free)
	struct layering l = { .recipe = recipe, .from = from_tree, .root = root_dir };
	autofree char *patchelf = NULL, *place = NULL, *file = NULL, *lock_path = NULL, *locks = fs_join(home, "locks");
	autojson json_t *made = NULL;
	autoclose int lock = -1;
	char digest[HASH_HEX];

	identity_make(c, recipe, from, root, digest);
	id = mem_printf("%s-%.*s", recipe->name, ID_DIGITS, digest);
	place = mem_printf("%s/layers/%s", home, id);
	file = fs_join(place, "layer.json");
	lock_path = mem_printf("%s/layer-%s", locks, id);
	if (fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0 || fs_lock(AT_FDCWD, lock_path, true, &lock, err) < 0)
		return -1;
	if (fs_exists(AT_FDCWD, file))
		return json_read(AT_FDCWD, file, record, err);
	patchelf = fs_which("patchelf");
	if (!patchelf)
		return err_user(err, "patchelf is not there; install it with: apt-get install patchelf");
	made = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "digest", digest, "name", recipe->name, "root",
			 json_str_or(root, "id", ""), "from", json_str_or(from, "id", ""));
	if (make_at(home, &l, place, made, err) < 0)
		return -1;
	*record = steal(&made);
	return 0;
}
