/* Sources from git: the tree id is the identity, so that a commit, a branch and a clean work tree of the same content
 * are the same source. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "source/shadow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MAX = 12 };

static void repo_free(struct repo *repo)
{
	free(repo->path);
	free(repo->git_dir);
	free(repo->common_dir);
	free(repo->format);
}

#define autorepo CLEANUP(repo_free)

/* Asks the person's repository; none of these commands writes. The words end with NULL; the answer has no last
 * newline and is owned. */
static __attribute__((sentinel)) int ask(const char *path, char **answer, struct err *err, ...)
{
	static const char *const env[] = { GIT_CLEAN_ENV, NULL };
	const char *argv[ARGS_MAX] = { "git" };
	struct proc proc = { .argv = argv, .dir = path, .env = env };
	autobuf struct buf out = { 0 };
	va_list words;

	va_start(words, err);
	for (size_t i = 1; i < ARGS_MAX - 1; i++)
		if (!(argv[i] = va_arg(words, const char *)))
			break;
	va_end(words);
	if (proc_run(&proc, &out, err) < 0)
		return -1;
	while (out.n && out.data[out.n - 1] == '\n')
		out.data[--out.n] = '\0';
	*answer = buf_steal(&out);
	return 0;
}

static char *ask_or_empty(const char *path, const char *a, const char *b, const char *c, const char *d)
{
	struct err ignored = { 0 };
	char *answer = NULL;

	return ask(path, &answer, &ignored, a, b, c, d, NULL) == 0 ? answer : mem_strdup("");
}

static int repo_open(const char *path, struct repo *repo, struct err *err)
{
	autofree char *answer = NULL, *git = fs_which("git");
	struct view rest, git_dir, common_dir, format;

	if (!git)
		return err_infra(err, 0, "git is missing and %s is a git repository: install the package git", path);
	if (ask(path, &answer, err, "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir",
		"--show-object-format", NULL) < 0)
		return err_wrap(err, "%s: git cannot read this repository", path);
	rest = view_of(answer);
	git_dir = view_cut(&rest, '\n');
	common_dir = view_cut(&rest, '\n');
	format = view_cut(&rest, '\n');
	if (!format.n || rest.p)
		return err_infra(err, 0,
				 "%s: git answers what Kiln cannot read; 2.31 or later is needed, and no "
				 "newline in the path",
				 path);
	*repo = (struct repo){
		.path = mem_strdup(path),
		.git_dir = mem_strndup(git_dir.p, git_dir.n),
		.common_dir = mem_strndup(common_dir.p, common_dir.n),
		.format = mem_strndup(format.p, format.n),
	};
	return 0;
}

/* /a/linux/.git and /a/linux.git are linux: all work trees of a repository give their sources one name. */
static char *repo_name(const struct repo *repo)
{
	const char *leaf = path_leaf(repo->common_dir);
	struct view name = view_of(leaf);

	if (view_is(name, ".git") && leaf > repo->common_dir + 1) {
		autofree char *above = mem_strndup(repo->common_dir, (size_t)(leaf - 1 - repo->common_dir));

		return name_clean(view_of(path_leaf(above)));
	}
	if (str_ends(leaf, ".git") && name.n > 4)
		name.n -= 4;
	return name_clean(name);
}

static char *branch_of(const char *path, const char *revision)
{
	autofree char *full = ask_or_empty(path, "rev-parse", "--symbolic-full-name", revision, NULL);

	if (str_starts(full, "refs/heads/"))
		return mem_strdup(full + strlen("refs/heads/"));
	if (str_starts(full, "refs/remotes/"))
		return mem_strdup(full + strlen("refs/remotes/"));
	return mem_strdup("");
}

static void set_text(json_t *facts, const char *key, const char *text)
{
	json_object_set_new(facts, key, json_text(view_of(text)));
}

/* Puts commit, branch and date into facts; the tree of the commit is owned. */
static int commit_facts(const char *path, const char *commit, const char *revision, json_t *facts, char **tree,
			struct err *err)
{
	autofree char *answer = NULL, *branch = branch_of(path, revision);
	struct view rest, line;

	if (ask(path, &answer, err, "rev-list", "-1", "--format=%T%n%ct", commit, NULL) < 0)
		return err_wrap(err, "%s: cannot read the commit %s", path, commit);
	rest = view_of(answer);
	view_cut(&rest, '\n'); /* "commit ..." */
	line = view_cut(&rest, '\n');
	if (line.n < 40 || !rest.n)
		return err_infra(err, 0, "%s: git shows no tree of the commit %s", path, commit);
	set_text(facts, "commit", commit);
	set_text(facts, "branch", branch);
	json_object_set_new(facts, "date", json_integer(strtoll(rest.p, NULL, 10)));
	*tree = mem_strndup(line.p, line.n);
	return 0;
}

/* A series applied at once has one date: what tells its commits apart is how many ancestors share that date.
 * Counting those only spares the walk over the whole history. */
static void order_facts(const char *path, json_t *facts)
{
	const char *commit = json_str_or(facts, "commit", "");
	long long date = json_int_or(facts, "date", 0);
	autofree char *age = mem_printf("--max-age=%lld", date);
	autofree char *count = ask_or_empty(path, "rev-list", "--count", age, commit);
	autofree char *order = mem_printf("%012lld-%06lld", date, strtoll(count, NULL, 10));
	autofree char *describe = ask_or_empty(path, "describe", "--tags", "--always", commit);
	autofree char *shown = mem_printf("%s%s", describe, json_bool_or(facts, "dirty", 0) ? "-dirty" : "");

	set_text(facts, "order", order);
	set_text(facts, "describe", shown);
}

/* describe walks the history: a stored record that has it for this commit spares that. */
static void describe_facts(const struct import *im, const char *path, json_t *facts)
{
	autojson json_t *stored = NULL;
	struct err ignored = { 0 };

	if (!*json_str_or(facts, "commit", ""))
		return;
	if (source_load(im->home, json_str_or(facts, "id", ""), &stored, &ignored) == 0 &&
	    strcmp(json_str_or(stored, "commit", ""), json_str_or(facts, "commit", "")) == 0 &&
	    json_bool_or(stored, "dirty", 0) == json_bool_or(facts, "dirty", 0)) {
		set_text(facts, "order", json_str_or(stored, "order", ""));
		set_text(facts, "describe", json_str_or(stored, "describe", ""));
		return;
	}
	order_facts(path, facts);
}

static int tree_import(struct import *im, const struct repo *repo, const char *tree, json_t *facts, json_t **record,
		       struct err *err)
{
	json_t *found;

	facts_digest(facts, tree);
	describe_facts(im, repo->path, facts);
	found = import_find(im, facts);
	if (!found && import_lock(im, json_str_or(facts, "id", ""), err) < 0)
		return -1;
	if (!found)
		found = import_find(im, facts);
	if (found) {
		*record = found;
		return 0;
	}
	if (import_work(im, err) < 0 || shadow_make(im, repo, err) < 0 || shadow_export(im, tree, err) < 0)
		return -1;
	return import_publish(im, facts, record, err);
}

int revision_import(struct import *im, const char *path, const char *revision, json_t **record, struct err *err)
{
	autorepo struct repo repo = { 0 };
	autofree char *name = NULL, *commit = NULL, *tree = NULL, *dotgit = fs_join(path, ".git");
	autofree char *peeled = mem_printf("%s^{commit}", revision);
	autojson json_t *facts = NULL;

	if (repo_open(path, &repo, err) < 0)
		return -1;
	if (access(dotgit, F_OK) < 0 && strcmp(repo.git_dir, path) != 0)
		return err_user(err, "%s: is a directory inside the repository of %s; give the top of that one", path,
				repo.common_dir);
	if (ask(path, &commit, err, "rev-parse", "--verify", "--quiet", "--end-of-options", peeled, NULL) < 0)
		return err_user(err,
				"%s: has no commit \"%s\"; \"git -C %s log --oneline\" and \"git -C %s tag\" show "
				"what there is, git fetch gets more",
				path, revision, path, path);
	name = repo_name(&repo);
	facts = facts_new(im, "git", name);
	if (commit_facts(path, commit, revision, facts, &tree, err) < 0)
		return -1;
	return tree_import(im, &repo, tree, facts, record, err);
}

int worktree_import(struct import *im, const char *path, json_t **record, struct err *err)
{
	autorepo struct repo repo = { 0 };
	autofree char *name = NULL, *commit = NULL, *head = NULL, *tree = NULL, *release = NULL;
	autojson json_t *facts = NULL;
	autoclose int top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	if (repo_open(path, &repo, err) < 0)
		return -1;
	name = repo_name(&repo);
	facts = facts_new(im, "git", name);
	commit = ask_or_empty(path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
	if (*commit && commit_facts(path, commit, "HEAD", facts, &head, err) < 0)
		return -1;
	if (shadow_snapshot(im, &repo, path, &tree, err) < 0)
		return -1;
	json_object_set_new(facts, "dirty", json_boolean(!head || strcmp(head, tree) != 0));
	return tree_import(im, &repo, tree, facts, record, err);
}
