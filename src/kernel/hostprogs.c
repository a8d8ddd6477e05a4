#define _GNU_SOURCE
#include "kernel/hostprogs.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* An entry is one file, so that it is there whole or not at all:
 *
 *	SHA-256 of the rest, and a newline
 *	[{"path", "mode", "size"}], and a newline
 *	the files' bytes, one behind the other
 */
#define ENTRY_MAX (8u << 20) /* bytes; those of 6.1 and 6.12 have 0.7 MB */

enum {
	ENTRIES_MAX = 16,
	FILES_MAX = 200,
	FORMAT = 1, /* part of the key */
};

/* What make %config fills, as of 4.x to 6.x. */
static const char *const dirs[] = { "scripts/basic", "scripts/kconfig" };

/* ---- the key ---- */

/* A program of PATH by its digest, "" when there is none. */
static json_t *program_digest(const char *home, const char *name)
{
	autofree char *path = fs_which(name);
	char hex[HASH_HEX];
	struct err ignored = { 0 };

	return json_string(path && stamp_digest(home, path, hex, &ignored) == 0 ? hex : "");
}

/* Of the toolchain's programs those that have to do with the host. Where it gives make options of its own (LLVM=1 makes
 * clang the host's compiler as well), all of them. */
static json_t *tools_of(const json_t *toolchain)
{
	json_t *all = json_object_get(toolchain, "tools"), *host = json_array(), *tool;
	bool whole = json_array_size(json_object_get(toolchain, "make")) > 0;
	size_t i;

	json_array_foreach (all, i, tool) {
		const char *name = json_str_or(tool, "name", "");

		if (whole || strcmp(name, "hostcc") == 0 || strcmp(name, "make") == 0)
			json_array_append(host, tool);
	}
	return host;
}

/* The directory of the compiler, which comes first in PATH: a gcc in it would be the host's. */
static json_t *compiler_dir(const json_t *toolchain)
{
	const char *compiler = json_str_or(toolchain, "compiler", ""), *prefix = json_str_or(toolchain, "prefix", "");
	autofree char *driver = toolchain_driver(compiler, prefix), *path = fs_which(driver);
	const char *slash = path ? strrchr(path, '/') : NULL;

	return json_text(slash ? (struct view){ path, (size_t)(slash - path) } : VIEW(""));
}

/* HOME/cache/kconfig/<key>, owned. */
static char *entry_path(const struct step *step, const json_t *toolchain)
{
	autojson json_t *identity = json_object();
	json_t *make = json_object_get(toolchain, "make");
	char key[HASH_HEX];

	json_object_set_new(identity, "format", json_integer(FORMAT));
	json_object_set(identity, "source", json_object_get(step->spec, "source"));
	json_object_set_new(identity, "make", make ? json_incref(make) : json_array());
	json_object_set_new(identity, "tools", tools_of(toolchain));
	json_object_set_new(identity, "path", compiler_dir(toolchain));
	if (json_object_get(toolchain, "root"))
		json_object_set(identity, "root", json_object_get(toolchain, "root"));
	if (json_object_get(toolchain, "layer"))
		json_object_set(identity, "layer", json_object_get(toolchain, "layer"));
	json_object_set_new(identity, "flex", program_digest(step->home, "flex"));
	json_object_set_new(identity, "bison", program_digest(step->home, "bison"));
	json_object_set_new(identity, "libc", json_string(gnu_get_libc_version()));
	json_digest(identity, key);
	return mem_printf("%s/cache/kconfig/%s", step->home, key);
}

/* ---- laying ---- */

static bool path_is_ours(const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && i < countof(dirs); i++)
		if (view_is((struct view){ path, (size_t)(slash - path) }, dirs[i]))
			return slash[1] && strcmp(slash, "/.") != 0 && strcmp(slash, "/..") != 0;
	return false;
}

static int file_lay(int out, const json_t *file, struct view *bytes, struct timespec now, struct err *err)
{
	const struct timespec dates[2] = { now, now };
	const char *path = json_str_or(file, "path", "");
	int64_t size = json_int_or(file, "size", -1);
	mode_t mode = (mode_t)json_int_or(file, "mode", 0) & 0777;
	autoclose int fd = -1;

	if (!path_is_ours(path) || size < 0 || (uint64_t)size > bytes->n)
		return err_infra(err, 0, "%s: no file of an entry", path);
	fd = openat(out, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode | 0600);
	if (fd < 0 || fs_write_all(fd, bytes->p, (size_t)size, err) < 0 || futimens(fd, dates) < 0)
		return err_infra(err, errno, "%s", path);
	bytes->p += size;
	bytes->n -= (size_t)size;
	return 0;
}

/* The entry's list of files, new, and the bytes behind it; NULL when it is not as it was written. */
static json_t *entry_parse(struct view entry, struct view *bytes)
{
	char hex[HASH_HEX];
	struct view rest = entry, digest = view_cut(&rest, '\n'), list;

	if (!rest.p)
		return NULL;
	hash_bytes(rest.p, rest.n, hex);
	if (!view_is(digest, hex))
		return NULL;
	list = view_cut(&rest, '\n');
	*bytes = rest.p ? rest : VIEW("");
	return json_loadb(list.p, list.n, 0, NULL);
}

static int files_lay(const char *out, const json_t *files, struct view bytes, struct err *err)
{
	autoclose int dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct timespec now;
	json_t *file;
	size_t i;

	if (dir < 0)
		return err_infra(err, errno, "%s", out);
	for (i = 0; i < countof(dirs); i++)
		if (fs_mkdirs(dir, dirs[i], 0755, err) < 0)
			return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	json_array_foreach (files, i, file)
		if (file_lay(dir, file, &bytes, now, err) < 0)
			return -1;
	return 0;
}

bool hostprogs_lay(const struct step *step, const json_t *toolchain, const char *out)
{
	autofree char *path = entry_path(step, toolchain), *scripts = fs_join(out, "scripts");
	autobuf struct buf entry = { 0 };
	autojson json_t *files = NULL;
	struct view bytes = { 0 };
	struct err ignored = { 0 };

	if (!fs_exists(AT_FDCWD, path) || fs_read(AT_FDCWD, path, ENTRY_MAX, &entry, &ignored) < 0)
		return false;
	files = entry_parse((struct view){ entry.data ? entry.data : "", entry.n }, &bytes);
	if (files && files_lay(out, files, bytes, &ignored) == 0) {
		utimensat(AT_FDCWD, path, NULL, 0); /* who was used last stays longest */
		return true;
	}
	if (!files)
		unlink(path);
	fs_remove(AT_FDCWD, scripts, &ignored);
	return false;
}

/* ---- keeping ---- */

static int file_add(int dir, const char *in, const char *name, json_t *files, struct buf *bytes, struct err *err)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree char *self = mem_printf("/proc/self/fd/%d", fd), *path = fs_join(in, name);
	size_t before = bytes->n;
	struct stat st = { 0 };

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return 0; /* make makes lxdialog/ even where nothing comes into it */
	if (fd < 0 || !S_ISREG(st.st_mode) || json_array_size(files) >= FILES_MAX)
		return err_infra(err, 0, "%s: not to be kept", path);
	if (fs_read(AT_FDCWD, self, ENTRY_MAX, bytes, err) < 0)
		return -1;
	json_array_append_new(files, json_pack("{s:s, s:i, s:I}", "path", path, "mode", (int)(st.st_mode & 0777),
					       "size", (json_int_t)(bytes->n - before)));
	return bytes->n <= ENTRY_MAX ? 0 : err_infra(err, 0, "more than %u bytes", ENTRY_MAX);
}

/* All files of OUT/scripts/<dir>; a link or a pipe is the sign of a tree that works otherwise. */
static int dir_add(int out, const char *name, json_t *files, struct buf *bytes, struct err *err)
{
	int fd = openat(out, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return err_infra(err, errno, "%s", name);
	}
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    file_add(dirfd(dir), name, e->d_name, files, bytes, err) < 0)
			return -1;
	return 0;
}

static int entry_print(const char *out, struct buf *entry, struct err *err)
{
	autoclose int dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autojson json_t *files = json_array();
	autofree char *list = NULL;
	autobuf struct buf bytes = { 0 }, rest = { 0 };
	char hex[HASH_HEX];

	if (dir < 0)
		return err_infra(err, errno, "%s", out);
	for (size_t i = 0; i < countof(dirs); i++)
		if (dir_add(dir, dirs[i], files, &bytes, err) < 0)
			return -1;
	list = json_canonical(files);
	buf_printf(&rest, "%s\n", list);
	buf_add(&rest, bytes.data ? bytes.data : "", bytes.n);
	hash_bytes(rest.data, rest.n, hex);
	buf_printf(entry, "%s\n", hex);
	buf_add(entry, rest.data, rest.n);
	return 0;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* How many entries there are, and the one that was not used for longest, owned. */
static size_t entries_count(DIR *dir, char **oldest)
{
	struct timespec date = { 0 };
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (n++ && !is_before(&st.st_mtim, &date))
			continue;
		date = st.st_mtim;
		free(*oldest);
		*oldest = mem_strdup(e->d_name);
	}
	return n;
}

/* Removes what is beyond their number. */
static void entries_trim(const char *path)
{
	for (;;) {
		autoclosedir DIR *dir = opendir(path);
		autofree char *oldest = NULL;

		if (!dir || entries_count(dir, &oldest) <= ENTRIES_MAX || unlinkat(dirfd(dir), oldest, 0) < 0)
			return;
	}
}

void hostprogs_keep(const struct step *step, const json_t *toolchain, const char *out)
{
	autofree char *path = entry_path(step, toolchain), *dir = fs_join(step->home, "cache/kconfig");
	autofree char *tmp = fs_join(step->work, "hostprogs");
	autobuf struct buf entry = { 0 };
	struct err ignored = { 0 };

	if (fs_exists(AT_FDCWD, path) || entry_print(out, &entry, &ignored) < 0 ||
	    fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) < 0 ||
	    fs_write(AT_FDCWD, tmp, entry.data, entry.n, 0644, &ignored) < 0)
		return;
	if (link(tmp, path) == 0) /* unless somebody was first */
		entries_trim(dir);
	unlink(tmp);
}
