#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "cpio/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

typedef VEC(struct cpio_entry) entry_vec;

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct cpio_entry *)a)->path, ((const struct cpio_entry *)b)->path);
}

static int check(const struct cpio_entry *entry, struct err *err)
{
	const char *fault = cpio_path_fault(entry->path);
	const mode_t type = entry->mode & S_IFMT;

	if (fault)
		return err_user(err, "initramfs: bad path \"%.64s\": %s", entry->path, fault);
	if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK && type != S_IFCHR && type != S_IFBLK)
		return err_user(err, "initramfs: %s: only files, directories, symbolic links and devices can be in it",
				entry->path);
	if (type == S_IFLNK && !entry->size)
		return err_user(err, "initramfs: %s: a symbolic link needs a target", entry->path);
	return 0;
}

/* The kernel drops a file without a word when its directory has not come before it. */
static void add_parents(const char *path, struct map *have, entry_vec *all, struct arena *arena)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const struct view parent = { path, (size_t)(slash - path) };

		if (map_get(have, parent))
			continue;
		*vec_push(all) =
			(struct cpio_entry){ .path = arena_strndup(arena, path, parent.n), .mode = S_IFDIR | 0755 };
		map_set(have, parent, (void *)path);
	}
}

static int collect(const struct cpio_entry *entries, size_t n, entry_vec *all, struct arena *arena, struct err *err)
{
	struct map have = { 0 };
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		ret = check(&entries[i], err);
		if (ret == 0 && map_get(&have, view_of(entries[i].path)))
			ret = err_user(err, "initramfs: %s is there twice", entries[i].path);
		map_set(&have, view_of(entries[i].path), (void *)&entries[i]);
		*vec_push(all) = entries[i];
	}
	for (size_t i = 0; ret == 0 && i < n; i++)
		add_parents(entries[i].path, &have, all, arena);
	map_free(&have);
	if (ret == 0 && all->n)
		qsort(all->data, all->n, sizeof(*all->data), compare_paths);
	return ret;
}

/* In sorted order a parent stands right before what is below it, or before its siblings' names: its kind is
 * looked up all the same. */
static int check_parents(const entry_vec *all, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct cpio_entry *entry = &all->data[i];
		const size_t length = strlen(entry->path);

		if (S_ISDIR(entry->mode))
			continue;
		for (size_t k = i + 1; k < all->n && strncmp(all->data[k].path, entry->path, length) == 0; k++)
			if (all->data[k].path[length] == '/')
				return err_user(err, "initramfs: %s is below %s, which is no directory",
						all->data[k].path, entry->path);
	}
	return 0;
}

int cpio_initramfs_write(const struct cpio_entry *entries, size_t n, const char *path, struct err *err)
{
	struct arena arena = { 0 };
	entry_vec all = { 0 };
	autoclose int fd = -1;
	struct cpio_sink sink;
	int ret = collect(entries, n, &all, &arena, err);

	if (ret == 0)
		ret = check_parents(&all, err);
	if (ret == 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0)
			ret = err_infra(err, errno, "%s: cannot write", path);
	}
	if (ret == 0) {
		sink = (struct cpio_sink){ .fd = fd };
		ret = cpio_write(all.data, all.n, &sink, err);
		if (ret < 0)
			unlink(path);
	}
	vec_free(&all);
	arena_free(&arena);
	return ret;
}

static int append_file(int to, const char *path, int64_t *size, struct err *err)
{
	autoclose int from = open(path, O_RDONLY | O_CLOEXEC);
	static const char zeros[4];
	char chunk[65536];
	ssize_t n;

	if (from < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	while ((n = read(from, chunk, sizeof(chunk))) > 0) {
		if (fs_write_all(to, chunk, (size_t)n, err) < 0)
			return -1;
		*size += n;
	}
	if (n < 0)
		return err_infra(err, errno, "%s: cannot read", path);
	n = (ssize_t)(-*size & 3);
	*size += n;
	return fs_write_all(to, zeros, (size_t)n, err);
}

int cpio_join(const char *const *archives, size_t n, const char *path, int64_t *size, struct err *err)
{
	autoclose int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	*size = 0;
	if (to < 0)
		return err_infra(err, errno, "%s: cannot write", path);
	for (size_t i = 0; i < n; i++)
		if (append_file(to, archives[i], size, err) < 0)
			return -1;
	return 0;
}
