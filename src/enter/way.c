/* The file that says how to enter, and whether it still holds. */
#define _GNU_SOURCE
#include "enter/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct {
	const char *key;
	size_t at;
} lines[] = {
	{ "arch", offsetof(struct way, arch) },         { "cpu", offsetof(struct way, cpu) },
	{ "magic", offsetof(struct way, magic) },       { "mask", offsetof(struct way, mask) },
	{ "emulator", offsetof(struct way, emulator) }, { "root", offsetof(struct way, root) },
	{ "recipe", offsetof(struct way, recipe) },
};

static char **slot(struct way *way, size_t i)
{
	return (char **)((char *)way + lines[i].at);
}

void way_free(struct way *way)
{
	for (size_t i = 0; i < countof(lines); i++) {
		free(*slot(way, i));
		*slot(way, i) = NULL;
	}
}

/* FNV-1a: nobody attacks his own cache. */
static uint64_t mix(uint64_t sum, const void *data, size_t n)
{
	for (const unsigned char *p = data; n--; p++)
		sum = (sum ^ *p) * 0x100000001b3;
	return sum;
}

static const uint64_t mix_start = 0xcbf29ce484222325;

/* Of all its files together, in whatever order they come. */
static uint64_t stamp_dir(const char *catalog, const char *name)
{
	autofree char *path = fs_join(catalog, name);
	autoclosedir DIR *dir = opendir(path);
	uint64_t sum = 0;
	struct dirent *e;
	struct stat st;

	while (dir && (e = readdir(dir))) {
		uint64_t one = mix(mix_start, e->d_name, strlen(e->d_name));

		if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, 0) < 0)
			continue;
		one = mix(one, &st.st_ino, sizeof(st.st_ino));
		one = mix(one, &st.st_size, sizeof(st.st_size));
		one = mix(one, &st.st_mtim, sizeof(st.st_mtim));
		sum += mix(one, &st.st_ctim, sizeof(st.st_ctim));
	}
	return sum;
}

/* Of all that decides what the file says: entries of the catalogue, where an emulator is looked for, the machine. */
static uint64_t stamp(const struct way_key *key)
{
	const char *path = getenv("PATH");
	struct utsname host = { 0 };
	uint64_t sum = mix_start;

	for (size_t i = 0; i < key->n_catalogs; i++) {
		uint64_t parts[] = { stamp_dir(key->catalogs[i], "arch"), stamp_dir(key->catalogs[i], "root") };

		sum = mix(sum, parts, sizeof(parts));
	}
	uname(&host);
	sum = mix(sum, host.machine, strlen(host.machine));
	return path ? mix(sum, path, strlen(path)) : sum;
}

/* Owned; NULL for a name that is none. */
static char *way_path(const struct way_key *key)
{
	static const char *const kinds[] = { [WAY_ARCH] = "arch", [WAY_GO] = "go", [WAY_ROOT] = "root" };

	if (!*key->name || strchr(key->name, '/') || strchr(key->name, '\n'))
		return NULL;
	return mem_printf("%s/cache/ways/%s-%s", key->home, kinds[key->kind], key->name);
}

static void take_line(struct way *way, struct view line, char *stamp_text, size_t n)
{
	struct view name = view_cut(&line, ' ');

	if (view_is(name, "stamp"))
		snprintf(stamp_text, n, "%.*s", (int)line.n, line.p ? line.p : "");
	for (size_t i = 0; line.p && i < countof(lines); i++) {
		if (view_is(name, lines[i].key)) {
			free(*slot(way, i));
			*slot(way, i) = mem_strndup(line.p, line.n);
		}
	}
}

bool way_read(const struct way_key *key, struct way *way)
{
	autofree char *path = way_path(key);
	autobuf struct buf text = { 0 };
	char found[32] = "", now[32];
	struct err ignored = { 0 };
	struct view rest;

	if (!path || fs_read(AT_FDCWD, path, 16384, &text, &ignored) < 0)
		return false;
	rest = (struct view){ text.data ? text.data : "", text.n };
	while (rest.p && rest.n)
		take_line(way, view_cut(&rest, '\n'), found, sizeof(found));
	snprintf(now, sizeof(now), "%016llx", (unsigned long long)stamp(key));
	if (strcmp(found, now) == 0 && way->arch && (!way->emulator || access(way->emulator, X_OK) == 0))
		return true;
	way_free(way);
	return false;
}

void way_write(const struct way_key *key, const struct way *way)
{
	autofree char *path = way_path(key), *dir = mem_printf("%s/cache/ways", key->home);
	autobuf struct buf text = { 0 };
	struct way copy = *way;
	struct err ignored = { 0 };

	buf_printf(&text, "stamp %016llx\n", (unsigned long long)stamp(key));
	for (size_t i = 0; i < countof(lines); i++)
		if (*slot(&copy, i))
			buf_printf(&text, "%s %s\n", lines[i].key, *slot(&copy, i));
	if (path && fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) == 0)
		fs_write(AT_FDCWD, path, text.data, text.n, 0644, &ignored);
}
