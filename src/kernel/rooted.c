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
#include <sys/mman.h>
#include <unistd.h>

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

/* What a program of the root prints about itself, and what it complains of. */
struct answer {
	char text[512], complaint[512];
	struct view said, complained;
	int status;
};

static struct view read_all(int fd, char *text, size_t size)
{
	ssize_t n, got = 0;

	while (got < (ssize_t)size && (n = read(fd, text + got, size - (size_t)got)) > 0)
		got += n;
	return (struct view){ text, (size_t)got };
}

static int ask(const char *home, const json_t *facts, const char *program, struct answer *answer, struct err *err)
{
	autosandbox struct sandbox *sb = sandbox_new();
	const char *argv[] = { program, "--version", NULL };
	autoclose int in = -1, out = -1, complaints = memfd_create("complaints", MFD_CLOEXEC);
	struct sandbox_child child;
	int ends[2];

	toolchain_world(sb, home, facts);
	sandbox_env(sb, "LC_ALL", "C");
	if (complaints < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	in = ends[0];
	out = ends[1];
	if (sandbox_spawn(sb, argv, &(struct sandbox_stdio){ -1, out, complaints }, &child, err) < 0)
		return -1;
	close(steal_fd(&out));
	answer->said = read_all(in, answer->text, sizeof(answer->text));
	close(steal_fd(&in));
	if (sandbox_wait(&child, &answer->status, NULL, err) < 0)
		return -1;
	lseek(complaints, 0, SEEK_SET);
	answer->complained = read_all(complaints, answer->complaint, sizeof(answer->complaint));
	return 0;
}

static int asked_in_vain(const json_t *facts, const char *program, const struct answer *answer, struct err *err)
{
	const json_t *emulator = json_object_get(facts, "emulator");
	autofree char *blamed = root_emulator_blamed(emulator, answer->complained, answer->status);
	struct view rest = answer->complained, line = view_cut(&rest, '\n');
	autobuf struct buf text = { 0 };

	if (line.p)
		buf_add_printable(&text, line);
	return err_infra(err, 0, "%s does not run in there (status 0x%x)%s%s%s%s", program, (unsigned)answer->status,
			 text.n ? ": " : "", text.n ? text.data : "", blamed ? ": " : "", blamed ? blamed : "");
}

/* The programs need no digest of their own: the root's and the layer's name all bytes. */
static int tool_add(const char *home, json_t *facts, json_t *tools, const char *name, struct err *err)
{
	const json_t *root = json_object_get(facts, "root"), *layer = json_object_get(facts, "layer");
	struct answer answer;
	struct view line, version;

	if (ask(home, facts, name, &answer, err) < 0 || (answer.status && asked_in_vain(facts, name, &answer, err) < 0))
		return err_wrap(err, "the root %s", json_str_or(root, "id", ""));
	line = view_cut(&answer.said, '\n');
	version = version_find(line);
	json_array_append_new(tools, json_pack("{s:s, s:s, s:o, s:o}", "name", name, "digest",
					       json_str_or(layer ? layer : root, "digest", ""), "version",
					       json_text(version), "said", json_text(line)));
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

/* Over a layer it has so little to do that it need not be quick: such builds do not change with what makes it so. */
static json_t *emulator_json(const struct toolchain_home *in)
{
	json_t *emulator = json_copy((json_t *)in->emulator);

	if (in->layer)
		json_object_del(emulator, "cpu");
	return emulator;
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
		json_object_set_new(found, "emulator", emulator_json(in));
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
