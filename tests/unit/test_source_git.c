#define _GNU_SOURCE
#include "source_world.h"

#include "base/proc.h"

static char *sh(const struct world *w, const char *script)
{
	const char *argv[] = { "sh", "-euc", script, NULL };
	const char *env[] = { "GIT_AUTHOR_NAME=a",
			      "GIT_AUTHOR_EMAIL=a@example.org",
			      "GIT_COMMITTER_NAME=a",
			      "GIT_COMMITTER_EMAIL=a@example.org",
			      "GIT_COMMITTER_DATE=1700000000 +0000",
			      "GIT_AUTHOR_DATE=1700000000 +0000",
			      "GIT_CONFIG_NOSYSTEM=1",
			      "HOME=/nonexistent",
			      NULL };
	struct proc proc = { .argv = argv, .dir = w->work, .env = env };
	struct buf out = { 0 };
	struct err err = { 0 };

	if (proc_run(&proc, &out, &err) < 0)
		fail_msg("%s: %s", script, err.msg);
	while (out.n && out.data[out.n - 1] == '\n')
		out.data[--out.n] = '\0';
	return buf_steal(&out);
}

static void sh_is(const struct world *w, const char *script, const char *want)
{
	autofree char *got = sh(w, script);

	assert_string_equal(got, want);
}

/* A repository "linux" with two commits of the same second, a tag, and an ignored file. */
static char *put_repo(const struct world *w, const char *init)
{
	autofree char *script =
		mem_printf("cd linux; git init -q -b main %s; git add .; git commit -qm one; git tag v9.1;"
			   "echo two >two; git add .; git commit -qm two; echo o >x.o",
			   init);

	put_kernel(w, "linux");
	put(w, "linux/.gitignore", 0644, "*.o\n");
	free(sh(w, script));
	return at(w, "linux");
}

static void a_revision_and_a_clean_work_tree_are_one_source(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, ""), *head = mem_printf("%s@HEAD", dir),
		      *main = mem_printf("git:%s@main", dir);
	autofree char *old = mem_printf("%s@v9.1", dir), *commit = sh(w, "git -C linux rev-parse HEAD");
	autofree char *tree = sh(w, "git -C linux rev-parse HEAD:"), *described = sh(w, "git -C linux describe --tags");
	autojson json_t *a = import_ok(w, dir), *b = import_ok(w, head), *c = import_ok(w, main),
			*d = import_ok(w, old);

	assert_string_equal(text_of(a, "kind"), "git");
	assert_string_equal(text_of(a, "name"), "linux");
	assert_string_equal(text_of(a, "digest"), tree);
	assert_string_equal(text_of(a, "commit"), commit);
	assert_string_equal(text_of(a, "branch"), "main");
	assert_string_equal(text_of(a, "describe"), described);
	assert_int_equal(json_int_or(a, "date", 0), 1700000000);
	assert_false(json_bool_or(a, "dirty", 1));
	assert_string_equal(text_of(a, "id"), text_of(b, "id"));
	assert_string_equal(text_of(a, "id"), text_of(c, "id"));
	assert_string_equal(text_of(c, "branch"), "main");
	assert_string_equal(text_of(d, "describe"), "v9.1");
	assert_true(strcmp(text_of(d, "order"), text_of(a, "order")) < 0);
	tree_has(w, a, "two", 0444, "two\n");
	tree_lacks(w, a, "x.o");
	tree_lacks(w, a, ".git");
	tree_lacks(w, d, "two");
	assert_int_equal(entries(w, "home/tmp"), 0);
}

static void a_dirty_work_tree_is_snapshotted_and_left_alone(void **state)
{
	const char *look =
		"cd linux; git status --porcelain; sha256sum .git/index; find .git | sort | sha256sum; git stash list";
	struct world *w = *state;
	autofree char *dir = put_repo(w, ""), *before = NULL, *after = NULL;
	autojson json_t *clean = import_ok(w, dir), *dirty = NULL, *again = NULL, *committed = NULL;

	free(sh(w, "cd linux; echo changed >two; echo new >new; rm Kconfig; printf '# k\\n' >Kconfig; git add Kconfig;"
		   "chmod +x Makefile; git mv arch/z/Kconfig arch/z/K; git status >/dev/null"));
	before = sh(w, look);
	dirty = import_ok(w, dir);
	after = sh(w, look);
	assert_string_equal(before, after);
	assert_true(json_bool_or(dirty, "dirty", 0));
	assert_string_not_equal(text_of(clean, "id"), text_of(dirty, "id"));
	assert_true(str_ends(text_of(dirty, "describe"), "-dirty"));
	tree_has(w, dirty, "two", 0444, "changed\n");
	tree_has(w, dirty, "new", 0444, "new\n");
	tree_has(w, dirty, "Makefile", 0555, makefile);
	tree_has(w, dirty, "arch/z/K", 0444, "# nothing\n");
	tree_lacks(w, dirty, "arch/z/Kconfig");
	tree_lacks(w, dirty, "x.o");
	again = import_ok(w, dir);
	assert_true(json_equal(dirty, again));
	/* The same content, committed, is the same source under a new commit. */
	free(sh(w, "cd linux; git add -A; git commit -qm three"));
	committed = import_ok(w, dir);
	assert_string_equal(text_of(dirty, "id"), text_of(committed, "id"));
	assert_false(json_bool_or(committed, "dirty", 1));
	assert_string_not_equal(text_of(dirty, "commit"), text_of(committed, "commit"));
	assert_int_equal(entries(w, "home/tmp"), 0);
}

/* Within one tick of the clock, with the same size: only the index's own mtime tells git to look. */
static void a_change_right_after_git_add_is_seen(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, "");

	for (int i = 0; i < 5; i++) {
		autofree char *want = mem_printf("%c\n", 'b' + i);
		autofree char *script = mem_printf("cd linux; echo a >two; git add two; printf '%s' >two", want);
		autojson json_t *record = NULL;

		free(sh(w, script));
		record = import_ok(w, dir);
		tree_has(w, record, "two", 0444, want);
	}
}

/* A snapshot is what a commit would hold, and the tree has the objects' bytes: no filter's, no CRLF. */
static void attributes_and_filters_are_for_commits_only(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, ""), *head = mem_printf("%s@HEAD", dir);
	autojson json_t *revision = NULL, *work_tree = NULL, *dirty = NULL, *committed = NULL;

	free(sh(w, "cd linux; git config core.autocrlf true; git config filter.f.smudge 'touch ../smudged; cat';"
		   "git config filter.f.clean 'tr a-z A-Z'; git config filter.f.required true; mkdir ../hooks;"
		   "printf '#!/bin/sh\\ntouch %s/../hooked\\n' \"$PWD\" >../hooks/post-index-change;"
		   "chmod +x ../hooks/post-index-change;"
		   "printf '*.id ident\\n*.txt text eol=crlf\\n*.f filter=f\\n' >.gitattributes;"
		   "printf '$Id$\\n' >a.id; printf 'a\\r\\n' >a.txt; echo f >a.f; git add -A 2>/dev/null; git commit "
		   "-qm a;"
		   "rm a.id; git checkout -q a.id; git config core.hooksPath \"$PWD/../hooks\""));
	revision = import_ok(w, head);
	work_tree = import_ok(w, dir);
	tree_has(w, revision, "a.id", 0444, "$Id$\n");
	tree_has(w, revision, "a.txt", 0444, "a\n");
	tree_has(w, revision, "a.f", 0444, "F\n");
	assert_string_equal(text_of(revision, "id"), text_of(work_tree, "id"));
	free(sh(w, "cd linux; printf 'b\\r\\n' >a.txt; echo g >a.f; printf 'x\\r\\n' >plain"));
	dirty = import_ok(w, dir);
	tree_has(w, dirty, "a.txt", 0444, "b\n");
	tree_has(w, dirty, "a.f", 0444, "G\n");
	sh_is(w, "ls", "home\nhooks\nlinux");
	free(sh(w, "cd linux; git config --unset core.hooksPath; git add -A 2>/dev/null; git commit -qm b"));
	committed = import_ok(w, head);
	assert_string_equal(text_of(dirty, "id"), text_of(committed, "id"));
}

static void git_finds_its_way_in_odd_repositories(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, "--object-format=sha256"), *bare = NULL, *linked = at(w, "linked");
	autojson json_t *a = import_ok(w, dir), *b = NULL, *c = NULL, *d = NULL;

	assert_int_equal(strlen(text_of(a, "digest")), 64);
	free(sh(w, "git -C linux worktree add -q --detach ../linked; git clone -q --bare linux \"$PWD/a b.git\";"
		   "git -C linux update-index --split-index; git -C linux update-index --untracked-cache"));
	b = import_ok(w, linked);
	assert_string_equal(text_of(a, "id"), text_of(b, "id"));
	assert_string_equal(text_of(b, "branch"), "");
	bare = at(w, "a b.git@v9.1");
	c = import_ok(w, bare);
	assert_string_equal(text_of(c, "name"), "a-b");
	tree_lacks(w, c, "two");
	free(sh(w, "echo split >linux/split"));
	d = import_ok(w, dir);
	tree_has(w, d, "split", 0444, "split\n");
	tree_has(w, d, "two", 0444, "two\n");
}

static void a_sparse_checkout_is_whole(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, "");
	autojson json_t *record = NULL;

	free(sh(w, "cd linux; mkdir extra; echo e >extra/e; git add .; git commit -qm e;"
		   "git sparse-checkout set --sparse-index arch 2>/dev/null; test ! -e extra"));
	record = import_ok(w, dir);
	tree_has(w, record, "extra/e", 0444, "e\n");
	assert_false(json_bool_or(record, "dirty", 1));
}

static void a_repository_without_commits_is_snapshotted(void **state)
{
	struct world *w = *state;
	autofree char *dir = at(w, "linux"), *head = mem_printf("%s@HEAD", dir);
	autojson json_t *record = NULL;

	put_kernel(w, "linux");
	free(sh(w, "git init -q linux"));
	record = import_ok(w, dir);
	assert_true(json_bool_or(record, "dirty", 0));
	assert_string_equal(text_of(record, "commit"), "");
	tree_has(w, record, "Makefile", 0444, makefile);
	import_fails(w, head, ERR_USER, "has no commit \"HEAD\"");
}

static void a_home_inside_the_work_tree_is_left_out(void **state)
{
	struct world *w = *state;
	autojson json_t *first = NULL, *again = NULL;

	put_kernel(w, ".");
	free(sh(w, "git init -q; git add .; git commit -qm one"));
	first = import_ok(w, w->work);
	again = import_ok(w, w->work);
	assert_false(json_bool_or(first, "dirty", 1));
	assert_string_equal(text_of(first, "id"), text_of(again, "id"));
	tree_lacks(w, again, "home");
}

static void what_git_cannot_give_is_said(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, ""), *no = mem_printf("%s@v9.9", dir),
		      *range = mem_printf("%s@v9.1..main", dir);
	autofree char *sub = mem_printf("%s/arch@HEAD", dir), *inside = mem_printf("%s/arch", dir);
	autofree char *broken = at(w, "broken"), *blob = mem_printf("%s@HEAD:Makefile", dir),
		      *lost = at(w, "lost@HEAD");

	import_fails(w, no, ERR_USER, "has no commit \"v9.9\"");
	import_fails(w, range, ERR_USER, "has no commit");
	import_fails(w, blob, ERR_USER, "has no commit");
	import_fails(w, sub, ERR_USER, "is a directory inside the repository of");
	import_fails(w, inside, ERR_USER, "is no kernel source");
	put_kernel(w, "broken");
	put(w, "broken/.git", 0644, "gitdir: /nonexistent\n");
	import_fails(w, broken, ERR_INFRA, "git cannot read this repository");
	free(sh(w, "cp -r linux lost; cd lost; f=$(git rev-parse HEAD:two); rm -f .git/objects/${f%${f#??}}/${f#??}"));
	import_fails(w, lost, ERR_INFRA, "cannot write out the git tree");
	free(sh(w, "mkdir plain; cd plain; git init -q; echo x >x; git add x; git commit -qm x"));
	free(steal(&lost));
	lost = at(w, "plain@HEAD");
	import_fails(w, lost, ERR_USER, "is no kernel source");
}

/* As in a hook, where git says by the environment which repository is meant. */
static void the_environment_leads_git_nowhere_else(void **state)
{
	struct world *w = *state;
	autofree char *dir = put_repo(w, "");
	autojson json_t *record = NULL;

	setenv("GIT_DIR", "/nonexistent", 1);
	setenv("GIT_INDEX_FILE", "/nonexistent/index", 1);
	setenv("GIT_WORK_TREE", "/", 1);
	record = import_ok(w, dir);
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	unsetenv("GIT_WORK_TREE");
	tree_has(w, record, "two", 0444, "two\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, world_make, world_remove)
		T(a_revision_and_a_clean_work_tree_are_one_source),
		T(a_dirty_work_tree_is_snapshotted_and_left_alone),
		T(a_change_right_after_git_add_is_seen),
		T(attributes_and_filters_are_for_commits_only),
		T(git_finds_its_way_in_odd_repositories),
		T(a_sparse_checkout_is_whole),
		T(a_repository_without_commits_is_snapshotted),
		T(a_home_inside_the_work_tree_is_left_out),
		T(what_git_cannot_give_is_said),
		T(the_environment_leads_git_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
