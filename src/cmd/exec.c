#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "cmd/into.h"
#include "root/root.h"

#include <errno.h>
#include <string.h>

static const struct catalog_arch *arch_find(const struct catalog *c, enum way_kind kind, const char *name,
					    struct err *err)
{
	if (kind == WAY_ARCH && catalog_arch(c, name))
		return catalog_arch(c, name);
	for (size_t i = 0; kind == WAY_GO && i < c->n_archs; i++)
		if (c->archs[i].go && strcmp(c->archs[i].go, name) == 0)
			return &c->archs[i];
	if (kind == WAY_GO)
		err_user(err, "no architecture of the catalogue has \"go: %s\"", name);
	else
		err_user(err, "no architecture is called \"%s\"; kiln catalog list arch shows those there are", name);
	return NULL;
}

static char *copy_or_null(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

static int way_make(const struct catalog *c, const struct catalog_arch *arch, const struct catalog_root *root,
		    struct way *way, struct err *err)
{
	autojson json_t *emulator = NULL;
	autobuf struct buf magic = { 0 }, mask = { 0 };
	char digest[HASH_HEX];

	if (root_emulator(arch, &emulator, err) < 0)
		return -1;
	root_magic(arch, &magic, &mask);
	if (root)
		root_recipe_digest(c, root, digest);
	*way = (struct way){
		.arch = mem_strdup(arch->name),
		.magic = magic.n ? buf_steal(&magic) : NULL,
		.mask = mask.n ? buf_steal(&mask) : NULL,
		.emulator = emulator ? mem_strdup(json_str_or(emulator, "program", "")) : NULL,
		.cpu = copy_or_null(emulator ? arch->qemu_user_cpu : NULL),
		.root = copy_or_null(root ? root->name : NULL),
		.recipe = copy_or_null(root ? digest : NULL),
	};
	return 0;
}

static int way_by_name(const struct catalog *c, const struct way_key *key, struct way *way, struct err *err)
{
	const struct catalog_root *root = key->kind == WAY_ROOT ? catalog_root(c, key->name) : NULL;
	const struct catalog_arch *arch;

	if (key->kind == WAY_ROOT && !root)
		return err_user(err, "no root is called \"%s\"; kiln root list shows those there are", key->name);
	arch = root ? root_arch(c, root) : arch_find(c, key->kind, key->name, err);
	if (!arch)
		return err->msg[0] ? -1 : err_user(err, "the catalogue has no entry for this host's architecture");
	if (!root && arch->root)
		root = catalog_root(c, arch->root);
	if (root && root_arch(c, root) != arch) /* inherited from a relative */
		root = NULL;
	return way_make(c, arch, root, way, err);
}

static void catalog_free_at(const struct catalog **c)
{
	catalog_free(*c);
}

int way_find(const struct way_key *key, struct way *way, struct err *err)
{
	CLEANUP(catalog_free_at) const struct catalog *c = NULL;

	if (way_read(key, way))
		return 0;
	if (command_catalog(&c))
		return err_user(err, "the catalogue has faults");
	if (way_by_name(c, key, way, err) < 0)
		return -1;
	way_write(key, way);
	return 0;
}

int way_explain(const char *program, struct err *err)
{
	CLEANUP(catalog_free_at) const struct catalog *c = NULL;

	if (command_catalog(&c))
		return -1;
	for (size_t i = 0; i < c->n_archs; i++) {
		CLEANUP(way_free) struct way way = { 0 };
		autobuf struct buf magic = { 0 }, mask = { 0 };

		root_magic(&c->archs[i], &magic, &mask);
		if (magic.n)
			way = (struct way){ .magic = buf_steal(&magic), .mask = buf_steal(&mask) };
		if (way_fits(&way, program)) {
			autofree char *said = mem_strdup(err->msg);

			return err_user(err, "%s, but for %s: say --arch %s", said, c->archs[i].name, c->archs[i].name);
		}
	}
	return -1;
}

int cmd_exec(int argc, char **argv)
{
	struct err err = { 0 };
	int status = exec_into(argc, argv, &err);

	return status < 0 ? fail(&err) : status;
}
