/* What imports of all kinds are made of: find what is there, else lock, work, publish. */
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

enum { ID_DIGITS = 12, TELL_BYTES = 16 << 20 };

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
