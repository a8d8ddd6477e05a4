/* What a program that is entered sees. */
#define _GNU_SOURCE
#include "enter/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One call of enter_program. */
struct entering {
	const struct way *way;
	const struct enter_options *options;
	const char *name; /* of the program, as it was given */
	char *here;       /* the current directory */
	char *tree;       /* of the root, or NULL */
	char *program;    /* of the host: its absolute path; NULL: it is the root's own */
};

int tree_find(const char *tree, const char *path)
{
	autoclose int root = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static bool tree_has(const char *tree, const char *path)
{
	autoclose int fd = tree_find(tree, path);

	return fd >= 0;
}

/* A directory of the root that would be hidden by another at its place. */
static bool tree_fills(const char *tree, const char *path)
{
	autoclose int found = tree_find(tree, path);
	autoclosedir DIR *dir = NULL;
	int fd = found < 0 ? -1 : openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return true;
	return false;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The world's own directories, and those of a root, stay. /root is the home of a superuser and holds nothing that a
 * program needs. */
static bool is_taken(const char *tree, const char *dir)
{
	return is_below(dir, "/proc") || is_below(dir, "/dev") ||
	       (tree && !is_below(dir, "/root") && !is_below(dir, "/home") && tree_fills(tree, dir));
}

/* As root_tree, by the link that counts: set when the root is finished, and set anew with a newer one. */
static char *made_tree(const struct way *way, const char *home)
{
	autofree char *tree =
		way->recipe ? mem_printf("%s/roots/recipe/%s/tree", home, way->recipe) : mem_strdup("/nowhere/tree");

	return fs_exists(AT_FDCWD, tree) ? steal(&tree) : NULL;
}

static int not_made(const struct way *way, struct err *err)
{
	return err_user(err, "the root %s is not made yet; make it with: kiln root make %s", way->root, way->root);
}

static void tree_add(struct sandbox *sb, const struct enter_options *options, const char *tree)
{
	const char *const dirs[] = { options->links, tree };
	bool layer = options->native && options->links;

	sandbox_root(sb, layer ? dirs : dirs + 1, layer ? 2 : 1);
	if (layer)
		sandbox_bind(sb, options->native, "/kiln/native", SANDBOX_RO);
}

/* As a kernel's build has them. */
static void places_add(struct sandbox *sb, const struct enter_options *options)
{
	if (options->source)
		sandbox_bind(sb, options->source, "/kiln/src", SANDBOX_RO);
	if (options->output)
		sandbox_bind(sb, options->output, "/kiln/out", SANDBOX_RW);
	if (options->output || options->source)
		sandbox_chdir(sb, options->output ? "/kiln/out" : "/kiln/src");
}

static void world_add(struct sandbox *sb, const struct way *way, const struct enter_options *options, const char *tree)
{
	if (tree)
		tree_add(sb, options, tree);
	if (way->emulator && way->cpu && !getenv("QEMU_CPU"))
		sandbox_env(sb, "QEMU_CPU", way->cpu);
	if (way->emulator)
		sandbox_binfmt(sb, way->arch, way->magic, way->mask, way->emulator);
	if (options->superuser)
		sandbox_superuser(sb);
	if (options->network)
		sandbox_network(sb);
}

int enter_root(const struct way *way, const struct enter_options *options, const char *const *argv, struct err *err)
{
	autosandbox struct sandbox *sb = sandbox_new();
	autofree char *tree = made_tree(way, options->home);

	if (!tree)
		return not_made(way, err);
	world_add(sb, way, options, tree);
	places_add(sb, options);
	if (getenv("TERM"))
		sandbox_env(sb, "TERM", getenv("TERM"));
	return enter_run(sb, way, argv, err);
}

/* Those that name what is not there, or would load the host's libraries, stay out. */
static bool env_passes(const char *entry)
{
	static const char *const own[] = { "PATH=",   "HOME=", "PWD=",      "OLDPWD=", "_=",
					   "TMPDIR=", "LD_",   "BASH_ENV=", "ENV=" };

	for (size_t i = 0; i < countof(own); i++)
		if (str_starts(entry, own[i]))
			return false;
	return strchr(entry, '=') != NULL;
}

static void env_add(struct sandbox *sb, const char *here)
{
	for (char **e = environ; *e; e++) {
		const char *equals = strchr(*e, '=');
		autofree char *name = equals ? mem_strndup(*e, (size_t)(equals - *e)) : NULL;

		if (env_passes(*e))
			sandbox_env(sb, name, equals + 1);
	}
	sandbox_env(sb, "PWD", here);
}

/* A name without a slash is the root's where there is one, and else looked up as a shell does. */
static int locate(struct entering *e, struct err *err)
{
	bool is_path = strchr(e->name, '/') != NULL;
	autofree char *path = NULL;

	if (!is_path && e->tree)
		return 0;
	if (!is_path)
		path = fs_which(e->name);
	else if (e->name[0] == '/')
		path = mem_strdup(e->name);
	else
		path = fs_join(e->here, e->name);
	if (is_path && e->tree && !is_below(path, e->here) && tree_has(e->tree, path))
		return 0;
	if (!path || !fs_exists(AT_FDCWD, path))
		return err_user(err, "%s: there is no such program%s%s", e->name, e->tree ? ", nor in the root " : "",
				e->tree ? e->way->root : "");
	e->program = steal(&path);
	return 0;
}

static int wants_root(const struct entering *e, const char *what, struct err *err)
{
	if (e->way->root)
		return err_user(err,
				"%s: %s, which only a root has; make one with: kiln root make %s (or link the program "
				"statically)",
				e->name, what, e->way->root);
	return err_user(err,
			"%s: %s, which only a root has, and the catalogue names none for %s: link the program "
			"statically, or name a root with --root",
			e->name, what, e->way->arch);
}

static int check(const struct entering *e, struct err *err)
{
	CLEANUP(head_free) struct head head = { 0 };
	autofree char *what = NULL;

	if (!e->program)
		return 0;
	if (head_read(AT_FDCWD, e->program, &head, err) < 0)
		return -1;
	if (head.script)
		return e->tree ? 0 : wants_root(e, "is a script that wants an interpreter", err);
	if (!head_fits(&head, e->way)) {
		err_user(err, "%s: is no program for %s", e->name, e->way->arch);
		err->num = ENOEXEC;
		return -1;
	}
	what = mem_printf("is not static and wants %s", head.interpreter ? head.interpreter : "");
	if (head.interpreter && !e->tree)
		return wants_root(e, what, err);
	if (head.interpreter && !tree_has(e->tree, head.interpreter))
		return err_user(err, "%s: %s, which the root %s does not have; it was linked for another one", e->name,
				what, e->way->root);
	return 0;
}

/* The directory that a path is in, or the file alone where the directory would hide something. */
static void bind_around(struct sandbox *sb, const struct entering *e, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = mem_strndup(path, (size_t)(slash - path));

	if (is_below(path, e->here) && strcmp(e->here, "/") != 0)
		return;
	if (!*dir || strcmp(dir, "/tmp") == 0 || is_taken(e->tree, dir))
		sandbox_bind(sb, path, path, SANDBOX_RO);
	else
		sandbox_bind(sb, dir, dir, SANDBOX_RO);
}

/* Outer directories first: what is bound later lies over what was before. */
static int binds_add(struct sandbox *sb, const struct entering *e, struct err *err)
{
	autofree char *real = e->program ? realpath(e->program, NULL) : NULL;
	const struct enter_options *o = e->options;

	for (size_t i = 0; i < o->n_binds; i++) {
		if (o->binds[i][0] != '/' || o->binds[i][1] == '\0' || is_taken(e->tree, o->binds[i]))
			return err_user(err,
					"--bind %s: cannot be made visible; name a directory by its absolute "
					"path that is none of the root's own",
					o->binds[i]);
		sandbox_bind(sb, o->binds[i], o->binds[i], SANDBOX_RO);
	}
	if (e->program)
		bind_around(sb, e, e->program);
	if (real && strcmp(real, e->program) != 0)
		bind_around(sb, e, real);
	if (strcmp(e->here, "/") == 0)
		return 0;
	if (is_taken(e->tree, e->here))
		return err_user(err,
				"the current directory %s would hide one of the same name in there; go to a directory "
				"of your own",
				e->here);
	sandbox_bind(sb, e->here, e->here, SANDBOX_RW);
	sandbox_chdir(sb, e->here);
	return 0;
}

/* What was found by PATH out here is not looked up again in there. */
static int run_found(struct sandbox *sb, const struct entering *e, const char *const *argv, struct err *err)
{
	size_t n = 0;

	while (argv[n])
		n++;
	const char *found[n + 1];

	memcpy(found, argv, (n + 1) * sizeof(*found));
	if (e->program && !strchr(argv[0], '/'))
		found[0] = e->program;
	return enter_run(sb, e->way, found, err);
}

static void entering_free(struct entering *e)
{
	free(e->here);
	free(e->tree);
	free(e->program);
}

int enter_program(const struct way *way, const struct enter_options *options, const char *const *argv, struct err *err)
{
	CLEANUP(entering_free) struct entering e = { .way = way, .options = options, .name = argv[0] };
	autosandbox struct sandbox *sb = sandbox_new();

	e.here = getcwd(NULL, 0);
	if (!e.here)
		return err_user(err, "the current directory is gone: %s", strerror(errno));
	e.tree = made_tree(way, options->home);
	if (options->root_named && !e.tree)
		return not_made(way, err);
	if (locate(&e, err) < 0 || check(&e, err) < 0)
		return -1;
	world_add(sb, way, options, e.tree);
	env_add(sb, e.here);
	if (binds_add(sb, &e, err) < 0)
		return -1;
	return run_found(sb, &e, argv, err);
}
