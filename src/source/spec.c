#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void spec_free(struct spec *spec)
{
	free(spec->path);
	free(spec->revision);
	*spec = (struct spec){ 0 };
}

const char *path_leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *name_clean(struct view name)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < name.n && b.n < 64; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c == '\0' || c >= 128 || !(isalnum(c) || strchr("._+-", c)))
			c = '-';
		if (b.n || (c != '.' && c != '-'))
			buf_addc(&b, (char)c);
	}
	return b.n ? buf_steal(&b) : mem_strdup("source");
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has(const char *dir, const char *name)
{
	autofree char *path = fs_join(dir, name);

	return access(path, F_OK) == 0;
}

static bool is_bare(const char *dir)
{
	return has(dir, "HEAD") && has(dir, "objects") && has(dir, "refs") && !has(dir, "Makefile");
}

static int resolve(const char *path, struct spec *spec, struct err *err)
{
	spec->path = realpath(path, NULL);
	return spec->path ? 0 : err_infra(err, errno, "%s", path);
}

/* text has the form of git:PATH@REV, already without its prefix; no revision is HEAD. */
static int parse_revision(const char *text, struct spec *spec, struct err *err)
{
	autofree char *path = mem_strdup(text);

	spec->kind = SPEC_REVISION;
	/* A revision may hold an @ (HEAD@{1}), and so may a path: the longest directory wins. */
	for (char *at = path + strlen(path);; *at = '\0') {
		if (is_dir(path)) {
			size_t n = strlen(path);

			spec->revision = mem_strdup(text[n] ? text + n + 1 : "HEAD");
			break;
		}
		at = strrchr(path, '@');
		if (!at)
			return err_user(err, "%s: no such directory; a revision is written DIRECTORY@REVISION", text);
	}
	if (!*spec->revision || *spec->revision == '-')
		return err_user(err, "%s: a commit, tag or branch must follow the @", text);
	return resolve(path, spec, err);
}

static int parse_path(const char *text, const struct stat *st, struct spec *spec, struct err *err)
{
	if (S_ISREG(st->st_mode)) {
		spec->kind = SPEC_TARBALL;
		return resolve(text, spec, err);
	}
	if (!S_ISDIR(st->st_mode))
		return err_user(err, "%s: is neither a directory nor a file; a source is %s", text, SOURCE_FORMS);
	if (is_bare(text))
		return err_user(err, "%s: is a bare git repository: add the revision, as in %s@HEAD", text, text);
	/* A directory inside a repository has no .git of its own and is a plain directory. */
	spec->kind = has(text, ".git") ? SPEC_WORKTREE : SPEC_DIR;
	return resolve(text, spec, err);
}

/* https://..., ssh://..., user@host:path: Kiln keeps off the network, git does that better. */
static bool is_remote(const char *text)
{
	const char *scheme = strstr(text, "://"), *colon = strchr(text, ':'), *slash = strchr(text, '/');

	return (scheme && scheme > text) || (colon && colon > text && (!slash || colon < slash));
}

static int no_such(const char *text, struct err *err)
{
	const char *at = strrchr(text, '@');
	autofree char *left = at ? mem_strndup(text, (size_t)(at - text)) : NULL;

	if (left && access(left, F_OK) == 0)
		return err_user(err, "%s: %s is a file and has no revisions; give it without the @", text, left);
	return err_user(err, "%s: no such file or directory; a source is %s", text, SOURCE_FORMS);
}

static bool has_left_directory(const char *text)
{
	autofree char *path = mem_strdup(text);

	for (char *at; (at = strrchr(path, '@'));) {
		*at = '\0';
		if (is_dir(path))
			return true;
	}
	return false;
}

static int parse(const char *text, struct spec *spec, struct err *err)
{
	struct stat st;

	if (!*text)
		return err_user(err, "the source is empty; it is %s", SOURCE_FORMS);
	if (str_starts(text, "deb:")) {
		spec->kind = SPEC_DEB;
		spec->path = mem_strdup(text + strlen("deb:"));
		return 0;
	}
	if (str_starts(text, "git:") && !str_starts(text, "git://"))
		return parse_revision(text + strlen("git:"), spec, err);
	if (str_starts(text, "file://"))
		return parse_revision(text + strlen("file://"), spec, err);
	if (stat(text, &st) == 0)
		return parse_path(text, &st, spec, err);
	if (errno != ENOENT && errno != ENOTDIR)
		return err_infra(err, errno, "%s", text);
	if (has_left_directory(text))
		return parse_revision(text, spec, err);
	if (is_remote(text))
		return err_user(err, "%s: is elsewhere; git clone it first, then give DIRECTORY@REVISION", text);
	return no_such(text, err);
}

int spec_parse(const char *text, struct spec *spec, struct err *err)
{
	struct spec got = { 0 };

	if (parse(text, &got, err) < 0) {
		spec_free(&got);
		return -1;
	}
	*spec = got;
	return 0;
}
