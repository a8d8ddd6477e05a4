/* Sources that are there, and the import of one more, whatever its kind. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

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
