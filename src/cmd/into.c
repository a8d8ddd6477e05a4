#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/into.h"

#include <errno.h>
#include <string.h>

/* The name of a wrapper that Go looks for in PATH when it has built a program for another platform (go help run). */
static const char go_prefix[] = "go_linux_", go_suffix[] = "_exec";

static int find(const char *home, enum way_kind kind, const char *name, struct way *way, struct err *err)
{
	autofree char *own = NULL, *shipped = NULL;

	catalog_dirs(&own, &shipped);
	return way_find(&(struct way_key){ home, kind, name, (const char *const[]){ own, shipped }, 2 }, way, err);
}

int root_into(const char *home, bool shell, int argc, char **argv, const struct into *into, struct err *err)
{
	static const char *const interactive[] = { "/bin/sh", "-i", NULL };
	const struct enter_options options = {
		.home = home,
		.network = into->network,
		.superuser = into->superuser,
		.native = into->native,
		.links = into->links,
		.source = into->source,
		.output = into->output,
	};
	CLEANUP(way_free) struct way way = { 0 };

	if (argc < 1)
		return err_user(err, "name a root; kiln root list shows those there are");
	if (!shell && argc < 2)
		return err_user(err, "say what to run: kiln root run NAME -- PROGRAM ARGUMENT...");
	if (find(home, WAY_ROOT, argv[0], &way, err) < 0)
		return -1;
	return enter_root(&way, &options, shell ? interactive : (const char *const *)argv + 1, err);
}

/* The root's own way, or an error where it is for something else than what was asked for. */
static int way_of(const char *home, const char *arch, const char *root, struct way *way, struct err *err)
{
	if (!root)
		return find(home, WAY_ARCH, arch, way, err);
	if (find(home, WAY_ROOT, root, way, err) < 0)
		return -1;
	if (arch && strcmp(arch, way->arch) != 0)
		return err_user(err, "the root %s is for %s, not for %s; leave --arch out, or name another root", root,
				way->arch, arch);
	return 0;
}

static int explained(int status, const char *program, struct err *err)
{
	return status < 0 && err->num == ENOEXEC ? way_explain(program, err) : status;
}

int exec_into(int argc, char **argv, struct err *err)
{
	const char *home_option = NULL, *arch = NULL, *root = NULL;
	CLEANUP(option_list_free) struct option_list binds = { 0 };
	CLEANUP(way_free) struct way way = { 0 };
	struct enter_options enter = { 0 };
	const struct option options[] = {
		{ "arch", OPTION_STRING, &arch },           { "root", OPTION_STRING, &root },
		{ "network", OPTION_FLAG, &enter.network }, { "bind", OPTION_LIST, &binds },
		{ "home", OPTION_STRING, &home_option },
	};
	autofree char *home = NULL;
	int status;

	if (options_parse(options, countof(options), &argc, argv, err) < 0)
		return -1;
	if (!arch && !root)
		return err_user(err, "say what the program is for: kiln exec --arch ARCH -- PROGRAM ARGUMENT...; "
				     "kiln catalog list arch shows those there are");
	if (argc < 2)
		return err_user(err, "say what to run: kiln exec --arch ARCH -- PROGRAM ARGUMENT...");
	home = home_path(home_option);
	enter.home = home;
	enter.root_named = root != NULL;
	enter.binds = binds.data;
	enter.n_binds = binds.n;
	if (way_of(home, arch, root, &way, err) < 0)
		return -1;
	status = enter_program(&way, &enter, (const char *const *)argv + 1, err);
	return explained(status, argv[1], err);
}

static struct view go_arch(const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t n = strlen(base), around = strlen(go_prefix) + strlen(go_suffix);

	if (n <= around || !str_starts(base, go_prefix) || strcmp(base + n - strlen(go_suffix), go_suffix) != 0)
		return (struct view){ 0 };
	return (struct view){ base + strlen(go_prefix), n - around };
}

bool is_go_name(const char *name)
{
	return go_arch(name).p != NULL;
}

int go_into(int argc, char **argv, struct err *err)
{
	struct view name = go_arch(argv[0]);
	autofree char *arch = mem_strndup(name.p, name.n), *home = home_path(NULL);
	const struct enter_options enter = { .home = home };
	CLEANUP(way_free) struct way way = { 0 };

	if (argc < 2)
		return err_user(err, "%s wants a program and its arguments", argv[0]);
	if (find(home, WAY_GO, arch, &way, err) < 0)
		return -1;
	return explained(enter_program(&way, &enter, (const char *const *)argv + 1, err), argv[1], err);
}
