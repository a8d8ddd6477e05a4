/* A root's archive, unpacked, and the list of what was in it. */
#define _GNU_SOURCE
#include "root/listing.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/map.h"
#include "unpack/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct taking {
	struct listing listing;
	struct map known; /* path -> 1 + index of its entry that was added last */
};

static void take(struct taking *t, const struct listed *e)
{
	listing_add(&t->listing, e);
	map_set(&t->known, view_of(e->path), (void *)t->listing.entries.n);
}

/* Directories that the archive does not name; the unpacker made them. */
static void take_parents(struct taking *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *parent = mem_strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!*path || map_get(&t->known, view_of(parent)))
		return;
	take_parents(t, parent);
	take(t, &(struct listed){ .path = parent, .mode = S_IFDIR | 0755 });
}

static void on_entry(void *arg, const struct unpack_entry *u)
{
	struct taking *t = arg;
	size_t first = u->link ? (size_t)map_get(&t->known, view_of(u->link)) : 0;
	struct listed e = {
		.path = u->path,
		.mode = u->mode,
		.uid = u->uid,
		.gid = u->gid,
		.size = u->size,
		.major = u->major,
		.minor = u->minor,
		.target = u->target,
		.xattrs = u->xattrs,
	};

	if (first) /* a copy: the vector may move */
		e = t->listing.entries.data[first - 1];
	e.path = u->path;
	if (u->digest)
		memcpy(e.digest, u->digest, HASH_HEX);
	take_parents(t, u->path);
	take(t, &e);
}

/* Now that all is in them, the deepest first. The owner may always read. */
static int modes_set(const struct listing *l, int top, struct err *err)
{
	for (size_t i = l->entries.n; i-- > 0;) {
		const struct listed *e = &l->entries.data[i];

		if (S_ISDIR(e->mode) && fchmodat(top, *e->path ? e->path : ".", (e->mode & 01777) | 0500, 0) < 0)
			return err_infra(err, errno, "%s: cannot set its mode", e->path);
	}
	return 0;
}

static int unpack_into(struct taking *t, const char *tar, const char *dir, const char *file, json_t *notes,
		       struct err *err)
{
	const struct unpack_options options = { .root = true, .notes = notes, .entry = on_entry, .arg = t };
	autoclose int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return err_infra(err, errno, "%s", dir);
	if (unpack_tar(tar, dir, &options, err) < 0)
		return -1;
	listing_sort(&t->listing);
	return modes_set(&t->listing, top, err) < 0 ? -1 : listing_write(&t->listing, file, NULL, err);
}

int root_unpack(const char *tar, const char *dir, const char *file, json_t *notes, struct err *err)
{
	struct taking t = { 0 };
	struct err ignored = { 0 };
	int status = unpack_into(&t, tar, dir, file, notes, err);

	listing_free(&t.listing);
	map_free(&t.known);
	if (status < 0)
		fs_remove(AT_FDCWD, dir, &ignored);
	if (status < 0 && err->num == ENOSPC)
		return err_wrap(err, "the disk is full; make room where %s is, then try again", dir);
	return status;
}
