/* The frame of an import: find what is there, else lock, work, publish. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { ID_DIGITS = 12, TELL_BYTES = 16 << 20 };

char *source_tree(const char *home, const char *id)
{
	return mem_printf("%s/sources/%s/tree", home, id);
}

json_t *source_spec(const json_t *record)
{
	return json_pack("{s:s, s:s}", "id", json_str_or(record, "id", ""), "digest",
			 json_str_or(record, "digest", ""));
}

int source_load(const char *home, const char *id, json_t **record, struct err *err)
{
	autofree char *path = mem_printf("%s/sources/%s/source.json", home, id);
	autofree char *clean = name_clean(view_of(id));

	/* An id never holds a slash, so that none can lead out of sources/. */
	if (strchr(id, '/') || *id == '.' || access(path, F_OK) < 0)
		return err_user(err, "no source \"%s\" is imported; \"ls %s/sources\" shows those that are", clean,
				home);
	return json_read(AT_FDCWD, path, record, err);
}

json_t *facts_new(const struct import *im, const char *kind, const char *name)
{
	json_t *facts = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "kind", kind, "name", name, "commit", "",
				  "branch", "", "describe", "", "order", "", "date", 0, "dirty", 0);

	json_object_set_new(facts, "spec", json_text(view_of(im->spec)));
	return facts;
}

void facts_digest(json_t *facts, const char *digest)
{
	const char *name = json_str_or(facts, "name", "source");
	autofree char *id = mem_printf("%s-%.*s", name, ID_DIGITS, digest);

	json_object_set_new(facts, "digest", json_string(digest));
	json_object_set_new(facts, "id", json_string(id));
}

void import_tell(struct import *im, const char *what, int64_t n)
{
	im->bytes += n;
	if (!im->progress || !im->progress->tell || (n && im->bytes - im->told < TELL_BYTES))
		return;
	im->told = im->bytes;
	im->progress->tell(im->progress->arg, what, im->bytes);
}

int import_lock(struct import *im, const char *name, struct err *err)
{
	autofree char *locks = fs_join(im->home, "locks");
	autofree char *path = mem_printf("%s/source-%s", locks, name);
	int lock;

	if (fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0)
		return -1;
	if (fs_lock(AT_FDCWD, path, false, &lock, err) < 0) {
		if (err->num != EWOULDBLOCK)
			return -1;
		*err = (struct err){ 0 };
		import_tell(im, "waiting for another import of the same source", 0);
		if (fs_lock(AT_FDCWD, path, true, &lock, err) < 0)
			return -1;
	}
	if (im->lock >= 0)
		close(im->lock);
	im->lock = lock;
	return 0;
}

int import_work(struct import *im, struct err *err)
{
	if (im->work)
		return 0;
	if (work_make(im->home, im->attempt, &im->work, &im->work_lock, err) < 0)
		return -1;
	im->tree = fs_join(im->work, "tree");
	return 0;
}

/* The lock goes first: removing a kernel took minutes on a disk mounted with discard, and nobody need wait for it. */
static void import_end(struct import *im)
{
	if (im->lock >= 0)
		close(im->lock);
	if (im->work)
		work_remove(im->home, im->attempt);
	if (im->work_lock >= 0)
		close(im->work_lock);
	free(im->work);
	free(im->tree);
}

json_t *import_find(const struct import *im, const json_t *facts)
{
	const char *id = json_str_or(facts, "id", ""), *digest = json_str_or(facts, "digest", "");
	autofree char *dir = mem_printf("%s/sources/%s", im->home, id);
	autofree char *path = fs_join(dir, "source.json"), *tree = fs_join(dir, "tree");
	autojson json_t *record = NULL;
	struct err ignored = { 0 };

	if (access(path, R_OK) < 0 || access(tree, X_OK) < 0 || json_read(AT_FDCWD, path, &record, &ignored) < 0 ||
	    strcmp(json_str_or(record, "digest", ""), digest) != 0)
		return NULL;
	json_object_update(record, (json_t *)facts);
	return json_incref(record);
}

static json_t *record_make(const json_t *facts, const char *release, const struct tree_size *size)
{
	json_t *record = json_copy((json_t *)facts);
	char now[CLOCK_TEXT];

	clock_format(clock_unix(), now);
	json_object_set_new(record, "release", json_text(view_of(release)));
	json_object_set_new(record, "imported", json_string(now));
	json_object_set_new(record, "files", json_integer(size->files));
	json_object_set_new(record, "bytes", json_integer(size->bytes));
	return record;
}

/* Puts what stands at the place of a source and is none aside, to be removed with the work directory. */
static int clear_damaged(struct import *im, const char *place, struct err *err)
{
	autofree char *aside = fs_join(im->work, "damaged");

	if (rename(place, aside) < 0 && errno != ENOENT)
		return err_infra(err, errno, "%s: is no finished source and cannot be moved away", place);
	return 0;
}

/* One rename makes it there or not. Before it everything is on the disk, so that a power cut cannot leave a
 * source whose files are empty; for a whole kernel that takes a second or two. */
static int publish_rename(struct import *im, const char *made, const char *id, struct err *err)
{
	autofree char *sources = fs_join(im->home, "sources"), *place = fs_join(sources, id);
	autoclose int fd = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_infra(err, errno, "%s: cannot sync", made);
	if (fs_mkdirs(AT_FDCWD, sources, 0755, err) < 0 || clear_damaged(im, place, err) < 0)
		return -1;
	if (rename(made, place) < 0)
		return err_infra(err, errno, "%s: cannot move the source here", place);
	return 0;
}

int import_publish(struct import *im, const json_t *facts, json_t **record, struct err *err)
{
	autofree char *made = fs_join(im->work, "made"), *made_tree = fs_join(made, "tree");
	autofree char *file = fs_join(made, "source.json"), *release = NULL;
	autoclose int tree = open(im->tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autojson json_t *got = NULL;
	struct tree_size size;

	if (tree < 0)
		return err_infra(err, errno, "%s", im->tree);
	if (kernel_check(tree, im->spec, &release, err) < 0)
		return -1;
	import_tell(im, "making the source read-only", 0);
	if (tree_seal(tree, &size, err) < 0)
		return -1;
	if (mkdir(made, 0755) < 0 || rename(im->tree, made_tree) < 0)
		return err_infra(err, errno, "%s", made_tree);
	got = record_make(facts, release, &size);
	if (json_write(AT_FDCWD, file, got, err) < 0 || publish_rename(im, made, json_str_or(facts, "id", ""), err) < 0)
		return -1;
	*record = steal(&got);
	return 0;
}

/* git and apt say a full disk in words only, so the free space is asked as well. */
static void explain_full_disk(const struct import *im, struct err *err)
{
	char inner[sizeof(err->msg)];
	struct statvfs fs;
	long long free_mb;

	if (err->class != ERR_INFRA || !im->work || statvfs(im->home, &fs) < 0)
		return;
	free_mb = (long long)fs.f_bavail * (long long)fs.f_frsize >> 20;
	if (err->num != ENOSPC && err->num != EDQUOT && (err->num || free_mb >= 4))
		return;
	memcpy(inner, err->msg, sizeof(inner));
	err_infra(err, ENOSPC,
		  "%s: no room for the source %s: %lld MiB are free, a kernel takes about 1600 MiB; "
		  "make room there, or choose another place with --home (%.200s)",
		  im->home, im->spec, free_mb, inner);
}

static int import_by_kind(struct import *im, const struct spec *spec, json_t **record, struct err *err)
{
	switch (spec->kind) {
	case SPEC_DIR:
		return dir_import(im, spec->path, record, err);
	case SPEC_WORKTREE:
		return worktree_import(im, spec->path, record, err);
	case SPEC_REVISION:
		return revision_import(im, spec->path, spec->revision, record, err);
	case SPEC_TARBALL:
		return tarball_import(im, spec->path, record, err);
	case SPEC_DEB:
		return deb_import(im, spec->path, record, err);
	}
	abort();
}

int source_import(const char *home, const char *text, const struct source_progress *progress, json_t **record,
		  struct err *err)
{
	autofree char *full_home = NULL;
	struct import im = { .spec = text, .progress = progress, .work_lock = -1, .lock = -1 };
	struct spec spec;
	int status;

	/* git and apt run in directories of their own: home must not be relative. */
	if (fs_mkdirs(AT_FDCWD, home, 0755, err) < 0)
		return -1;
	full_home = realpath(home, NULL);
	if (!full_home)
		return err_infra(err, errno, "%s", home);
	im.home = full_home;
	uuid_make(im.attempt);
	if (spec_parse(text, &spec, err) < 0)
		return -1;
	status = import_by_kind(&im, &spec, record, err);
	if (status < 0)
		explain_full_disk(&im, err);
	import_end(&im);
	spec_free(&spec);
	return status;
}
