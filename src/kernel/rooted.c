/* Toolchains that live in a root. */
#define _GNU_SOURCE
#include "kernel/kernel.h"
#include "kernel/toolchain.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "root/root.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

static json_t *pinned(const json_t *record)
{
	return json_pack("{s:s, s:s}", "id", json_str_or(record, "id", ""), "digest",
			 json_str_or(record, "digest", ""));
}

void toolchain_world(struct sandbox *sb, const char *home, const json_t *toolchain)
{
	const json_t *root = json_object_get(toolchain, "root"), *layer = json_object_get(toolchain, "layer");
	autofree char *tree = NULL, *native = NULL, *links = NULL;
	const char *layers[1];

	if (!root) {
		sandbox_host_system(sb);
		return;
	}
	tree = root_tree(home, root);
	if (layer) {
		native = mem_printf("%s/layers/%s/native", home, json_str_or(layer, "id", ""));
		links = mem_printf("%s/layers/%s/links", home, json_str_or(layer, "id", ""));
		sandbox_bind(sb, native, "/kiln/native", SANDBOX_RO);
		layers[0] = links;
	}
	root_enter(sb, tree, layers, layer ? 1 : 0, json_object_get(toolchain, "emulator"));
}

/* The first line that a program of the root prints about itself, appended. */
static int ask(const char *home, const json_t *facts, const char *program, struct buf *line, struct err *err)
{
	autosandbox struct sandbox *sb = sandbox_new();
	const char *argv[] = { program, "--version", NULL };
	struct sandbox_child child;
	int ends[2], status = 0;
	char text[512];
	ssize_t n, got = 0;

	toolchain_world(sb, home, facts);
	sandbox_env(sb, "LC_ALL", "C");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	if (sandbox_spawn(sb, argv, &(struct sandbox_stdio){ -1, ends[1], -1 }, &child, err) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	close(ends[1]);
	while (got < (ssize_t)sizeof(text) && (n = read(ends[0], text + got, sizeof(text) - (size_t)got)) > 0)
		got += n;
	close(ends[0]);
	if (sandbox_wait(&child, &status, NULL, err) < 0)
		return -1;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) && !WIFSIGNALED(status)))
		return err_infra(err, 0, "%s of the root ended with status 0x%x", program, (unsigned)status);
	struct view rest = { text, (size_t)got };
	buf_addv(line, view_cut(&rest, '\n'));
	return 0;
}

/* The programs need no digest of their own: the root's and the layer's name all bytes. */
static int tool_add(const char *home, json_t *facts, json_t *tools, const char *name, struct err *err)
{
	const json_t *root = json_object_get(facts, "root"), *layer = json_object_get(facts, "layer");
	autobuf struct buf line = { 0 };
	struct view version;

	if (ask(home, facts, name, &line, err) < 0)
		return err_wrap(err, "the root %s", json_str_or(root, "id", ""));
	version = version_find((struct view){ line.data, line.n });
	json_array_append_new(tools, json_pack("{s:s, s:s, s:o, s:o}", "name", name, "digest",
					       json_str_or(layer ? layer : root, "digest", ""), "version",
					       json_text(version), "said", json_text(view_of(line.data))));
	return 0;
}

/* Asked once a root and layer. */
static char *cache_file(const char *home, const json_t *facts, const char *driver)
{
	autojson json_t *identity = json_pack("{s:O, s:s}", "in", facts, "driver", driver);
	char key[HASH_HEX];

	json_digest(identity, key);
	return mem_printf("%s/cache/tool/%s", home, key);
}

static int tools_ask(const char *home, json_t *facts, const char *driver, const char *prefix, json_t **tools,
		     struct err *err)
{
	autofree char *file = cache_file(home, facts, driver), *dir = fs_join(home, "cache/tool");
	autofree char *ld = mem_printf("%sld", prefix);
	autojson json_t *asked = json_array();
	struct err ignored = { 0 };

	if (fs_exists(AT_FDCWD, file) && json_read(AT_FDCWD, file, tools, &ignored) == 0)
		return 0;
	if (tool_add(home, facts, asked, driver, err) < 0 || tool_add(home, facts, asked, ld, err) < 0)
		return -1;
	if (fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) == 0)
		json_write(AT_FDCWD, file, asked, &ignored);
	*tools = steal(&asked);
	return 0;
}

int toolchain_identify_in(const char *home, const struct toolchain_home *in, const char *compiler, const char *prefix,
			  json_t **facts, struct err *err)
{
	autojson json_t *found = json_pack("{s:o}", "root", pinned(in->root));
	autofree char *driver = toolchain_driver(compiler, prefix);
	json_t *tools = NULL;

	if (in->layer)
		json_object_set_new(found, "layer", pinned(in->layer));
	if (in->emulator)
		json_object_set(found, "emulator", (json_t *)in->emulator);
	if (tools_ask(home, found, driver, prefix, &tools, err) < 0)
		return -1;
	json_object_set_new(found, "tools", tools);
	json_object_set_new(found, "prefix", json_string(prefix));
	*facts = steal(&found);
	return 0;
}

static int pin_check(const char *home, const char *kind, const char *file, const json_t *pin, struct err *err)
{
	autofree char *path = mem_printf("%s/%s/%s/%s", home, kind, json_str_or(pin, "id", ""), file);
	autojson json_t *record = NULL;

	if (!pin)
		return 0;
	if (!fs_exists(AT_FDCWD, path))
		return err_infra(err, 0, "%s/%s is not in this home", kind, json_str_or(pin, "id", ""));
	if (json_read(AT_FDCWD, path, &record, err) < 0)
		return -1;
	return strcmp(json_str_or(record, "digest", ""), json_str_or(pin, "digest", "")) == 0
		       ? 0
		       : err_infra(err, 0, "%s is another one than that of the request", path);
}

int toolchain_verify_in(const char *home, const json_t *toolchain, struct err *err)
{
	const json_t *emulator = json_object_get(toolchain, "emulator");
	char digest[HASH_HEX];

	if (pin_check(home, "roots", "root.json", json_object_get(toolchain, "root"), err) < 0 ||
	    pin_check(home, "layers", "layer.json", json_object_get(toolchain, "layer"), err) < 0)
		return -1;
	if (!emulator)
		return 0;
	if (stamp_digest(home, json_str_or(emulator, "program", ""), digest, err) < 0)
		return -1;
	return strcmp(digest, json_str_or(emulator, "digest", "")) == 0
		       ? 0
		       : err_infra(err, 0, "%s of this machine is not the one of the request (%s)",
				   json_str_or(emulator, "program", ""), json_str_or(emulator, "version", ""));
}
