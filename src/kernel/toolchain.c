#define _GNU_SOURCE
#include "kernel/kernel.h"
#include "kernel/toolchain.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/stamp.h"

#include <fcntl.h>
#include <string.h>

static int not_there(const char *program, const char *package, struct err *err)
{
	if (!package)
		return err_user(err, "%s is not there", program);
	return err_user(err, "%s is not there; install it with: apt-get install %s", program, package);
}

static int ask(const char *program, const char *option, struct buf *said, struct err *err)
{
	const char *argv[] = { program, option, NULL }, *env[] = { "LC_ALL=C", NULL };
	const struct proc proc = { .argv = argv, .env = env };

	return proc_run(&proc, said, err);
}

static struct view buf_view(const struct buf *b)
{
	return (struct view){ b->data ? b->data : "", b->n };
}

/* What the program says of itself, kept in HOME/cache/tool/ by its path and digest. */
static int tool_facts(const char *home, const char *path, const char *digest, bool is_driver, json_t **facts,
		      struct err *err)
{
	char name[HASH_HEX];
	autofree char *id = mem_printf("%s %s %d", path, digest, is_driver), *dir = fs_join(home, "cache/tool");
	autofree char *file = NULL;
	autobuf struct buf said = { 0 }, proper = { 0 };
	struct err ignored = { 0 };
	autojson json_t *kept = NULL;

	hash_bytes(id, strlen(id), name);
	file = fs_join(dir, name);
	if (fs_exists(AT_FDCWD, file) && json_read(AT_FDCWD, file, &kept, &ignored) == 0 &&
	    json_str_or(kept, "version", NULL)) {
		*facts = steal(&kept);
		return 0;
	}
	if (ask(path, "--version", &said, err) < 0 ||
	    (is_driver && ask(path, "-print-prog-name=cc1", &proper, err) < 0))
		return -1;
	*facts = json_pack("{s:o}", "version", json_text(version_find(buf_view(&said))));
	if (is_driver)
		json_object_set_new(*facts, "cc1", json_text(view_trim(buf_view(&proper))));
	if (fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) == 0)
		json_write(AT_FDCWD, file, *facts, &ignored);
	return 0;
}

struct tool {
	const char *name;    /* in the array; a program of PATH where there is no path */
	const char *path;    /* or NULL */
	const char *package; /* that brings it, or NULL */
	const char *version; /* when known already, or NULL */
	bool is_driver, optional;
};

static int tool_add(const char *home, const struct tool *tool, json_t *tools, json_t **facts, struct err *err)
{
	autofree char *found = fs_which(tool->path ? tool->path : tool->name);
	char digest[HASH_HEX];
	autojson json_t *said = NULL;

	if (!found && tool->optional)
		return 0;
	if (!found)
		return not_there(tool->path ? tool->path : tool->name, tool->package, err);
	if (stamp_digest(home, found, digest, err) < 0)
		return -1;
	if (!tool->version && tool_facts(home, found, digest, tool->is_driver, &said, err) < 0)
		return -1;
	json_array_append_new(tools, json_pack("{s:s, s:s, s:s}", "name", tool->name, "digest", digest, "version",
					       tool->version ? tool->version : json_str_or(said, "version", "")));
	if (facts)
		*facts = steal(&said);
	return 0;
}

static int binutils_add(const char *home, const char *prefix, const char *package, bool optional, json_t *tools,
			struct err *err)
{
	static const char *const names[] = { "as", "ld", "objcopy" };

	for (size_t i = 0; i < countof(names); i++) {
		autofree char *name = mem_printf("%s%s", prefix, names[i]);
		const struct tool tool = { .name = name, .package = package, .optional = optional };

		if (tool_add(home, &tool, tools, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* The host's compiler makes the programs that make the kernel. */
static int host_add(const char *home, json_t *tools, struct err *err)
{
	const struct tool host[] = {
		{ .name = "hostcc", .path = "gcc", .package = "gcc" },
		{ .name = "make", .package = "make" },
	};

	for (size_t i = 0; i < countof(host); i++) {
		autofree char *path = host[i].path ? fs_which(host[i].path) : NULL;
		struct tool tool = host[i];

		if (host[i].path && !path)
			return not_there(host[i].path, host[i].package, err);
		tool.path = path;
		if (tool_add(home, &tool, tools, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int toolchain_identify(const char *home, const char *compiler, const char *prefix, const char *package, json_t **tools,
		       struct err *err)
{
	autojson json_t *all = json_array(), *facts = NULL;
	autofree char *driver = toolchain_driver(compiler, prefix);
	bool one_for_all = toolchain_is_for_all(compiler);
	const struct tool first = { .name = driver, .package = package, .is_driver = !one_for_all };

	if (tool_add(home, &first, all, &facts, err) < 0)
		return -1;
	if (!one_for_all) {
		/* gcc answers the bare name when it does not know where cc1 is. */
		const char *path = json_str_or(facts, "cc1", "cc1");
		const struct tool proper = {
			.name = "cc1", .path = path, .package = package, .version = json_str_or(facts, "version", "")
		};

		if (tool_add(home, &proper, all, NULL, err) < 0)
			return -1;
	} else {
		static const char *const own[] = { "ld.lld", "llvm-ar", "llvm-nm", "llvm-objcopy" };

		for (size_t i = 0; i < countof(own); i++)
			if (tool_add(home, &(struct tool){ .name = own[i], .optional = true }, all, NULL, err) < 0)
				return -1;
	}
	if (binutils_add(home, prefix, one_for_all ? NULL : package, one_for_all && !*prefix, all, err) < 0 ||
	    host_add(home, all, err) < 0)
		return -1;
	*tools = steal(&all);
	return 0;
}

static const json_t *tool_named(const json_t *tools, const char *name)
{
	json_t *tool;
	size_t i;

	json_array_foreach (tools, i, tool)
		if (strcmp(json_str_or(tool, "name", ""), name) == 0)
			return tool;
	return NULL;
}

int toolchain_verify(const char *home, const json_t *toolchain, struct err *err)
{
	const json_t *wanted = json_object_get(toolchain, "tools");
	const char *compiler = NULL, *prefix = NULL;
	autojson json_t *here = NULL;
	json_t *tool;
	size_t i;

	if (json_field_str(toolchain, "compiler", &compiler, err) < 0 ||
	    json_field_str(toolchain, "prefix", &prefix, err) < 0)
		return err_wrap(err, "toolchain");
	if (json_object_get(toolchain, "root"))
		return toolchain_verify_in(home, toolchain, err);
	if (toolchain_identify(home, compiler, prefix, NULL, &here, err) < 0) {
		err->class = ERR_INFRA; /* the request was right where it was made */
		return -1;
	}
	json_array_foreach (wanted, i, tool) {
		const char *name = json_str_or(tool, "name", "");
		const json_t *mine = tool_named(here, name);

		if (!mine || strcmp(json_str_or(mine, "digest", ""), json_str_or(tool, "digest", "")) != 0)
			return err_infra(err, 0, "%s of this machine (%s) is not the one of the request (%s)", name,
					 mine ? json_str_or(mine, "version", "?") : "none",
					 json_str_or(tool, "version", "?"));
	}
	return 0;
}
