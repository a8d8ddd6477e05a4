/* The frame of making a root: find what is there, else lock, base, prepare, publish. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/work.h"
#include "root/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { ID_DIGITS = 12 };

/* All of a recipe that decides what the root holds. Mirrors have the same packages, and words for people decide
 * nothing. */
void root_recipe_digest(const struct catalog *c, const struct catalog_root *recipe, char hex[static HASH_HEX])
{
	static const char *const not_content[] = { "description", "mirror", "keyring",  "keyring_from", "compilers",
						   "cross",       "skip",   "unproved", "file",         "line" };
	autojson json_t *entry = catalog_entry_json(c, "root", recipe->name);

	for (size_t i = 0; i < countof(not_content); i++)
		json_object_del(entry, not_content[i]);
	json_digest(entry, hex);
}

char *root_tree(const char *home, const json_t *record)
{
	return mem_printf("%s/roots/%s/tree", home, json_str_or(record, "id", "none"));
}

const struct catalog_arch *root_arch(const struct catalog *c, const struct catalog_root *recipe)
{
	if (recipe->arch)
		return catalog_arch(c, recipe->arch);
	for (size_t i = 0; i < c->n_archs; i++)
		if (arch_is_native(&c->archs[i]))
			return &c->archs[i];
	return NULL;
}

static json_t *find(const char *home, const char *recipe)
{
	autofree char *path = mem_printf("%s/roots/recipe/%s/root.json", home, recipe);
	struct err ignored = { 0 };
	json_t *record = NULL;

	return fs_exists(AT_FDCWD, path) && json_read(AT_FDCWD, path, &record, &ignored) == 0 ? record : NULL;
}

json_t *root_find(const char *home, const struct catalog *c, const struct catalog_root *recipe)
{
	char digest[HASH_HEX];

	root_recipe_digest(c, recipe, digest);
	return find(home, digest);
}

int root_load(const char *home, const struct catalog *c, const struct catalog_root *recipe, json_t **record,
	      struct err *err)
{
	json_t *found = root_find(home, c, recipe);

	if (!found)
		return err_user(err, "the root %s is not made yet; make it with: kiln root make %s", recipe->name,
				recipe->name);
	*record = found;
	return 0;
}

/* The build user is known by name in each root. */
static int add_user(const struct making *m, const char *file, const char *line, struct err *err)
{
	autofree char *path = mem_printf("%s/etc/%s", m->tree, file);
	autobuf struct buf text = { 0 };

	if (fs_read(AT_FDCWD, path, 1 << 20, &text, err) < 0)
		return err_wrap(err, "%s has no users, so it is no root", m->recipe->name);
	buf_adds(&text, line);
	return fs_write(AT_FDCWD, path, text.data, text.n, 0644, err);
}

/* Each in the tree itself, as its superuser and with the host's network. */
static int prepare(const struct making *m, struct err *err)
{
	for (size_t i = 0; i < m->recipe->n_prepare; i++) {
		const struct names *run = &m->recipe->prepare[i].run;
		autosandbox struct sandbox *sb = sandbox_new();
		const char *argv[run->n + 1];

		for (size_t k = 0; k < run->n; k++)
			argv[k] = run->data[k];
		argv[run->n] = NULL;
		root_world(sb, m);
		making_tell(m, "preparing: %s", argv[0]);
		if (command_run(m, sb, argv, err) < 0)
			return err_wrap(err, "preparing %s", m->recipe->name);
	}
	return 0;
}

void root_world(struct sandbox *sb, const struct making *m)
{
	sandbox_root_in_place(sb, m->tree);
	sandbox_superuser(sb);
	sandbox_allow_nesting(sb);
	sandbox_tmpfs(sb, "/run"); /* what runs now is not part of the root, nor where a link there leads */
	command_network(sb);
	emulator_bind(sb, m->emulator);
	for (size_t i = 0; i < m->recipe->cache.n; i++) {
		autofree char *kept =
			mem_printf("%s/cache/root/%s%s", m->options->home, m->recipe->name, m->recipe->cache.data[i]);
		struct err ignored = { 0 };

		if (fs_mkdirs(AT_FDCWD, kept, 0755, &ignored) == 0)
			sandbox_bind(sb, kept, m->recipe->cache.data[i], SANDBOX_RW);
	}
}

static int make_tree(struct making *m, struct err *err)
{
	if (base_make(m, err) < 0)
		return -1;
	if (add_user(m, "passwd", "kiln:x:1000:1000:kiln:/tmp:/bin/sh\n", err) < 0 ||
	    add_user(m, "group", "kiln:x:1000:\n", err) < 0)
		return -1;
	return prepare(m, err);
}

static json_t *record_new(const struct making *m, const char *recipe, const struct manifest_sums *sums)
{
	autofree char *id = mem_printf("%s-%.*s", m->recipe->name, ID_DIGITS, sums->digest);
	char now[CLOCK_TEXT];
	json_t *record;

	clock_format(clock_unix(), now);
	record = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:I, s:I}", "id", id, "digest", sums->digest, "name",
			   m->recipe->name, "arch", m->arch->name, "recipe", recipe, "made", now, "base", m->base,
			   "files", (json_int_t)sums->files, "bytes", (json_int_t)sums->bytes);
	if (m->emulator)
		json_object_set(record, "emulator", m->emulator);
	return record;
}

/* The link is what counts: it is set last, in one step, when all is on the disk. */
static int link_set(const struct making *m, const char *recipe, const char *id, struct err *err)
{
	autofree char *dir = mem_printf("%s/roots/recipe", m->options->home), *link = fs_join(dir, recipe);
	autofree char *made = fs_join(m->work, "link"), *target = mem_printf("../%s", id);

	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0)
		return -1;
	if (symlink(target, made) < 0 || rename(made, link) < 0)
		return err_infra(err, errno, "%s: cannot make the link", link);
	return 0;
}

static int publish(const struct making *m, const char *recipe, json_t **record, struct err *err)
{
	autofree char *roots = fs_join(m->options->home, "roots"), *made = fs_join(m->work, "made"), *place = NULL;
	autofree char *tree = fs_join(made, "tree"), *manifest = fs_join(made, "manifest");
	autofree char *file = fs_join(made, "root.json"), *pool = fs_join(roots, "pool");
	autojson json_t *got = NULL;
	struct manifest_sums sums;
	autoclose int fd = -1;

	making_tell(m, "listing its files");
	/* Set-user-id programs in there are the caller's, and nobody else may run them. */
	if (fs_mkdirs(AT_FDCWD, roots, 0700, err) < 0 || fs_mkdirs(AT_FDCWD, made, 0755, err) < 0 ||
	    fs_mkdirs(AT_FDCWD, pool, 0755, err) < 0 || manifest_of_tree(m->tree, manifest, &sums, err) < 0 ||
	    tree_share(m->tree, manifest, pool, err) < 0)
		return -1;
	got = record_new(m, recipe, &sums);
	place = fs_join(roots, json_str_or(got, "id", ""));
	if (rename(m->tree, tree) < 0)
		return err_infra(err, errno, "%s", tree);
	if (json_write(AT_FDCWD, file, got, err) < 0)
		return -1;
	fd = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return err_infra(err, errno, "%s: cannot sync", made);
	/* The same content made twice is one root. */
	if (rename(made, place) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return err_infra(err, errno, "%s: cannot move the root here", place);
	if (link_set(m, recipe, json_str_or(got, "id", ""), err) < 0)
		return -1;
	*record = steal(&got);
	return 0;
}

/* Waits for whoever makes the same. */
static int recipe_lock(const struct making *m, const char *recipe, int *lock, struct err *err)
{
	autofree char *locks = fs_join(m->options->home, "locks"), *path = mem_printf("%s/root-%s", locks, recipe);

	if (fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0)
		return -1;
	if (fs_lock(AT_FDCWD, path, false, lock, err) == 0)
		return 0;
	if (err->num != EWOULDBLOCK)
		return -1;
	*err = (struct err){ 0 };
	making_tell(m, "waiting for another who makes %s", m->recipe->name);
	return fs_lock(AT_FDCWD, path, true, lock, err);
}

/* What is cut short for want of room looks like somebody's fault. */
static int blame_disk(const struct making *m, struct err *err)
{
	autofree char *seen = mem_strdup(err->msg);

	if (err->class != ERR_USER || !disk_is_full(m->work))
		return -1;
	return err_infra(err, 0, "the disk is full; make room where %s is (seen was: %s)", m->options->home, seen);
}

static int make_locked(struct making *m, const char *recipe, json_t **record, struct err *err)
{
	char attempt[UUID_TEXT];
	autoclose int lock = -1;
	int status;

	uuid_make(attempt);
	if (work_make(m->options->home, attempt, &m->work, &lock, err) < 0)
		return -1;
	m->tree = fs_join(m->work, "tree");
	m->log = fs_join(m->work, "log");
	status = make_tree(m, err) < 0 || publish(m, recipe, record, err) < 0 ? blame_disk(m, err) : 0;
	work_remove(m->options->home, attempt);
	return status;
}

static void making_free(struct making *m)
{
	free(m->work);
	free(m->tree);
	free(m->log);
	json_decref(m->emulator);
	json_decref(m->base);
}

int root_make(const struct root_options *options, const struct catalog_root *recipe, json_t **record, struct err *err)
{
	CLEANUP(making_free)
	struct making m = { .options = options, .recipe = recipe, .arch = root_arch(options->catalog, recipe) };
	autoclose int lock = -1;
	json_t *found;
	char digest[HASH_HEX];

	if (!m.arch)
		return err_user(err, "%s: the catalogue has no entry for this host's architecture", recipe->name);
	if (recipe->skip)
		return err_user(err, "%s cannot be made: %s", recipe->name, recipe->skip);
	root_recipe_digest(options->catalog, recipe, digest);
	if (recipe_lock(&m, digest, &lock, err) < 0)
		return -1;
	found = options->anew ? NULL : find(options->home, digest);
	if (found) {
		*record = found;
		return 0;
	}
	if (root_emulator_identify(options->home, m.arch, &m.emulator, err) < 0)
		return -1;
	return make_locked(&m, digest, record, err);
}
