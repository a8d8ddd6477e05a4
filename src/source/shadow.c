#define _GNU_SOURCE
#include "source/shadow.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char *shadow_path(const struct import *im, const char *below)
{
	return mem_printf("%s/git%s", im->work, below);
}

/* Quotes in git's C style, which its configuration and objects/info/alternates both read. */
static void add_quoted(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		if (*s == '\n')
			buf_adds(b, "\\n");
		else
			buf_addc(b, *s);
	}
	buf_addc(b, '"');
}

static int put(const struct import *im, const char *name, const struct buf *text, struct err *err)
{
	autofree char *path = shadow_path(im, name);

	return fs_write(AT_FDCWD, path, text->data, text->n, 0644, err);
}

/* The repository's configuration first, so that what follows wins over it. Nothing in here outlives the import, so
 * nothing needs to be synced or small. Hooks and helpers stay out. */
static int put_config(const struct import *im, const struct repo *repo, struct err *err)
{
	autofree char *common = fs_join(repo->common_dir, "config");
	autofree char *own = fs_join(repo->git_dir, "config.worktree");
	autobuf struct buf b = { 0 };
	bool sha1 = strcmp(repo->format, "sha1") == 0;

	buf_adds(&b, "[include]\n\tpath = ");
	add_quoted(&b, common);
	buf_adds(&b, "\n\tpath = ");
	add_quoted(&b, own);
	buf_printf(&b, "\n[core]\n\trepositoryformatversion = %d\n\tbare = false\n", sha1 ? 0 : 1);
	buf_adds(&b, "\tfsync = none\n\tlooseCompression = 0\n\tsafecrlf = false\n\tuntrackedCache = false\n"
		     "\tfsmonitor = false\n\tsplitIndex = false\n\thooksPath = /dev/null\n"
		     "[checkout]\n\tworkers = 0\n[advice]\n\taddEmbeddedRepo = false\n");
	if (!sha1)
		buf_printf(&b, "[extensions]\n\tobjectFormat = %s\n", repo->format);
	return put(im, "/config", &b, err);
}

/* info/attributes comes before all others. */
static int put_attributes(const struct import *im, const struct repo *repo, struct err *err)
{
	autofree char *from = fs_join(repo->common_dir, "info/attributes");
	autobuf struct buf b = { 0 };

	if (access(from, R_OK) == 0 && fs_read(AT_FDCWD, from, 1 << 20, &b, err) < 0)
		return -1;
	return put(im, "/info/attributes", &b, err);
}

static int put_no_attributes(const struct import *im, struct err *err)
{
	autobuf struct buf b = { 0 };

	buf_adds(&b, "* -text -ident !filter !working-tree-encoding !eol !crlf\n");
	return put(im, "/info/attributes", &b, err);
}

/* The repository's own excludes, and the home when it lies in the work tree. */
static int put_excludes(const struct import *im, const struct repo *repo, struct err *err)
{
	autofree char *from = fs_join(repo->common_dir, "info/exclude");
	autobuf struct buf b = { 0 };
	size_t top = strlen(repo->path);

	if (access(from, R_OK) == 0 && fs_read(AT_FDCWD, from, 1 << 20, &b, err) < 0)
		return -1;
	if (str_starts(im->home, repo->path) && im->home[top] == '/') {
		buf_addc(&b, '\n');
		for (const char *p = im->home + top; *p; p++) {
			if (strchr("\\*?[ ", *p))
				buf_addc(&b, '\\');
			buf_addc(&b, *p);
		}
		buf_adds(&b, "/\n");
	}
	return put(im, "/info/exclude", &b, err);
}

static int put_alternates(const struct import *im, const struct repo *repo, struct err *err)
{
	autofree char *objects = fs_join(repo->common_dir, "objects");
	autobuf struct buf b = { 0 };

	add_quoted(&b, objects);
	buf_addc(&b, '\n');
	return put(im, "/objects/info/alternates", &b, err);
}

int shadow_make(struct import *im, const struct repo *repo, struct err *err)
{
	static const char *const dirs[] = { "/objects/info", "/refs", "/info" };
	autofree char *there = shadow_path(im, "/HEAD");
	struct buf head = { .data = (char *)"ref: refs/heads/none\n", .n = strlen("ref: refs/heads/none\n") };

	if (access(there, F_OK) == 0)
		return 0;
	for (size_t i = 0; i < countof(dirs); i++) {
		autofree char *dir = shadow_path(im, dirs[i]);

		if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0)
			return -1;
	}
	if (put_config(im, repo, err) < 0 || put_attributes(im, repo, err) < 0 || put_excludes(im, repo, err) < 0 ||
	    put_alternates(im, repo, err) < 0)
		return -1;
	return put(im, "/HEAD", &head, err);
}

/* Runs git on the shadow with the work tree at top. What is written out has an index of its own (that of a
 * sparse checkout would leave files out), and the person's configuration has no say in it. */
static int run(const struct import *im, bool export, const char *top, const char *const *argv, struct buf *out,
	       struct err *err)
{
	autofree char *dir = mem_printf("GIT_DIR=%s/git", im->work);
	autofree char *file = mem_printf("GIT_INDEX_FILE=%s/git/%s", im->work, export ? "index-export" : "index");
	autofree char *work_tree = mem_printf("GIT_WORK_TREE=%s", top);
	const char *env[] = { GIT_CLEAN_ENV, dir, file, work_tree,
			      /* a snapshot's environment ends here */
			      export ? "GIT_CONFIG_GLOBAL=/dev/null" : NULL, "GIT_CONFIG_NOSYSTEM=1",
			      "GIT_ATTR_NOSYSTEM=1", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", NULL };
	struct proc proc = { .argv = argv, .dir = top, .env = env };

	return proc_run(&proc, out, err);
}

/* Copies one file with its mtime: git tells by the index's mtime which entries it must read again. */
static int copy_index_file(const struct import *im, const char *from_dir, const char *name, struct err *err)
{
	autofree char *from = fs_join(from_dir, name), *to = mem_printf("%s/git/%s", im->work, name);
	autoclose int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	struct stat st;

	if (in < 0 && errno == ENOENT)
		return 0; /* nothing was ever added */
	if (in < 0 || fstat(in, &st) < 0)
		return err_infra(err, errno, "%s: cannot read", from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0)
		return err_infra(err, errno, "%s", to);
	if (fs_copy(in, out, err) < 0)
		return err_wrap(err, "%s", from);
	if (futimens(out, (struct timespec[2]){ st.st_atim, st.st_mtim }) < 0)
		return err_infra(err, errno, "%s", to);
	return 0;
}

/* The index and, where core.splitIndex is in use, the part it shares with earlier ones. */
static int copy_index(const struct import *im, const struct repo *repo, struct err *err)
{
	autoclosedir DIR *d = opendir(repo->git_dir);
	struct dirent *e;

	if (!d)
		return err_infra(err, errno, "%s", repo->git_dir);
	while ((e = readdir(d)))
		if (str_starts(e->d_name, "sharedindex.") && copy_index_file(im, repo->git_dir, e->d_name, err) < 0)
			return -1;
	return copy_index_file(im, repo->git_dir, "index", err);
}

int shadow_snapshot(struct import *im, const struct repo *repo, const char *top, char **tree, struct err *err)
{
	static const char *const add[] = { "git", "add", "--all", "--", ".", NULL };
	static const char *const write[] = { "git", "write-tree", NULL };
	autobuf struct buf out = { 0 };
	struct view id;

	import_tell(im, "looking at the work tree", 0);
	if (import_work(im, err) < 0 || shadow_make(im, repo, err) < 0 || copy_index(im, repo, err) < 0)
		return -1;
	if (run(im, false, top, add, NULL, err) < 0) {
		/* Once more: a file may have gone or changed in between. */
		*err = (struct err){ 0 };
		if (copy_index(im, repo, err) < 0 || run(im, false, top, add, NULL, err) < 0)
			return err_wrap(err, "%s: cannot be snapshotted", top);
	}
	if (run(im, false, top, write, &out, err) < 0)
		return err_wrap(err, "%s: cannot be snapshotted", top);
	id = view_trim((struct view){ out.data, out.n });
	*tree = mem_strndup(id.p, id.n);
	return 0;
}

int shadow_export(struct import *im, const char *tree, struct err *err)
{
	const char *read[] = { "git", "read-tree", tree, NULL };
	static const char *const write[] = { "git", "checkout-index", "--all", "--force", "--quiet", NULL };

	if (mkdir(im->tree, 0755) < 0)
		return err_infra(err, errno, "%s", im->tree);
	if (put_no_attributes(im, err) < 0)
		return -1;
	import_tell(im, "writing out the git tree", 0);
	if (run(im, true, im->tree, read, NULL, err) < 0)
		return err_wrap(err, "cannot read the git tree %s", tree);
	if (run(im, true, im->tree, write, NULL, err) < 0)
		return err_wrap(err,
				"cannot write out the git tree %s (of a partial clone all objects must be there: "
				"check the revision out once)",
				tree);
	return 0;
}
