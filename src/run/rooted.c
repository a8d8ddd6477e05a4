/* Toolchains that live in roots: what is made for them, before the plan is followed. */
#include "run/rooted.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "layer/layer.h"
#include "run/private.h"
#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Takes over why. */
static int unproved(struct err *err, char *why)
{
	err_user(err, "%s", why);
	err->num = ENODATA;
	free(why);
	return -1;
}

static const struct catalog_layer *layer_of(const struct catalog *c, const struct catalog_root *root)
{
	for (size_t i = 0; i < c->n_layers; i++)
		if (strcmp(c->layers[i].root, root->name) == 0)
			return &c->layers[i];
	return NULL;
}

void rooted_free(struct rooted *r)
{
	json_decref(r->root);
	json_decref(r->from);
	json_decref(r->layer);
	json_decref(r->emulator);
}

int rooted_make(const struct root_options *o, const struct catalog_root *root, const char *where, struct rooted *r,
		struct err *err)
{
	const struct catalog_arch *arch = root_arch(o->catalog, root);
	/* A native root is as fast as it gets. */
	bool plain = strcmp(where, "root") == 0 || (arch && arch_is_native(arch));

	r->recipe = plain ? NULL : layer_of(o->catalog, root);
	if (!plain && !r->recipe)
		return unproved(err, mem_printf("the catalogue has no layer for the root %s", root->name));
	r->prefix = r->recipe ? r->recipe->prefix : root->prefix;
	if (r->recipe && root_make(o, catalog_root(o->catalog, r->recipe->from), &r->from, err) < 0)
		return -1;
	if (strcmp(where, "root-cross") == 0 && !plain)
		return 0;
	if (root_make(o, root, &r->root, err) < 0 ||
	    root_emulator_identify(o->home, root_arch(o->catalog, root), &r->emulator, err) < 0)
		return -1;
	if (!r->recipe || layer_make(o->home, o->catalog, r->recipe, r->from, r->root, &r->layer, err) == 0)
		return 0;
	return err->class == ERR_USER
		       ? unproved(err, mem_printf("the layer of %s cannot be made: %s", root->name, err->msg))
		       : -1;
}

static bool is_for(const struct catalog *c, const struct catalog_root *root, const struct catalog_root *like)
{
	return root != like && root_arch(c, root) == root_arch(c, like) && !root->arch == !like->arch;
}

int rooted_compiler(const struct catalog *c, const struct catalog_root *root, const char *compiler, struct err *err)
{
	autobuf struct buf others = { 0 };

	if (names_have(&root->compilers, compiler))
		return 0;
	for (size_t i = 0; i < c->n_roots; i++)
		if (is_for(c, &c->roots[i], root) && names_have(&c->roots[i].compilers, compiler))
			buf_printf(&others, "%s--root %s", others.n ? " or " : "", c->roots[i].name);
	if (others.n)
		return err_user(err, "the root %s has no %s; take one that has: %s", root->name, compiler, others.data);
	return err_user(err,
			"the root %s has no %s, nor has another of its architecture; write a recipe that inherits it, "
			"with packages that bring %s, and names it among its compilers",
			root->name, compiler, compiler);
}

const struct catalog_toolchain *rooted_toolchain(const struct catalog *c, const char *where, const char *compiler)
{
	for (size_t i = 0; i < c->n_toolchains; i++)
		if (strcmp(c->toolchains[i].where, where) == 0 && strcmp(c->toolchains[i].compiler, compiler) == 0)
			return &c->toolchains[i];
	return NULL;
}

/* What every root has names no compiler: its proofs are older than the others. */
char *proof_path(const char *home, const struct rooted *r, const char *compiler)
{
	autojson json_t *identity =
		json_pack("{s:s, s:s, s:s}", "root", json_str_or(r->root, "digest", ""), "layer",
			  json_str_or(r->layer, "digest", ""), "emulator", json_str_or(r->emulator, "digest", ""));
	char key[HASH_HEX];

	if (strcmp(compiler, "gcc") != 0)
		json_object_set_new(identity, "compiler", json_string(compiler));
	json_digest(identity, key);
	return mem_printf("%s/proofs/%s.json", home, key);
}

/* A layer serves a root once it is proved that it compiles the same. */
int proof_check(const char *home, const struct rooted *r, const struct catalog_root *root, const char *compiler,
		struct err *err)
{
	autofree char *path = proof_path(home, r, compiler);
	autojson json_t *proof = NULL;
	struct err why = { 0 };

	if (!fs_exists(AT_FDCWD, path))
		return unproved(
			err,
			mem_printf("it is not proved yet that %s of the layer of %s compiles as the root's own does; "
				   "prove it with: kiln root verify %s --source SOURCE",
				   compiler, root->name, root->name));
	if (json_read(AT_FDCWD, path, &proof, &why) < 0)
		return unproved(err, mem_printf("the proof for the layer of %s cannot be read: %s; make it anew with: "
						"kiln root verify %s --source SOURCE",
						root->name, why.msg, root->name));
	if (strcmp(json_str_or(proof, "verdict", ""), "pass") != 0)
		return unproved(err,
				mem_printf("the layer of %s does not compile as the root itself does: %s (%s)",
					   root->name, json_str_or(proof, "reason", "its proof did not pass"), path));
	return 0;
}

static void tell(const char *what, void *data)
{
	run_emit(data, &(struct run_event){ .kind = RUN_IMPORT, .text = what });
}

/* Only where nobody has said yet that the root's own compiler will do. */
static int advise(const struct run *run, struct err *err)
{
	autofree char *why = mem_strdup(err->msg);

	if (err->num == ENODATA && !run->options->fallback) {
		err_user(err, "%s; or take the root's own compiler: --toolchain root, or --fallback", why);
		err->num = ENODATA;
	}
	return -1;
}

int facts_rooted(struct run *run, const struct plan_cell *cell, json_t **facts, struct err *err)
{
	CLEANUP(rooted_free) struct rooted r = { 0 };
	const struct root_options options = {
		.home = run->options->home,
		.catalog = run->catalog,
		.config = run->options->config,
		.tell = tell,
		.data = run,
	};
	struct toolchain_home in;

	if (rooted_compiler(run->catalog, cell->root, cell->toolchain->compiler, err) < 0 ||
	    rooted_make(&options, cell->root, cell->toolchain->where, &r, err) < 0 ||
	    (r.layer && proof_check(options.home, &r, cell->root, cell->toolchain->compiler, err) < 0))
		return advise(run, err);
	in = (struct toolchain_home){ r.root ? r.root : r.from, r.layer, r.emulator };
	return toolchain_identify_in(options.home, &in, cell->toolchain->compiler, r.prefix, facts, err);
}

int run_layer(const struct root_options *options, const struct catalog_root *root, char **native, char **links,
	      struct err *err)
{
	CLEANUP(rooted_free) struct rooted r = { 0 };
	const char *id;

	if (rooted_make(options, root, "root-fast", &r, err) < 0 ||
	    (r.layer && proof_check(options->home, &r, root, "gcc", err) < 0))
		return -1;
	id = json_str_or(r.layer, "id", NULL);
	*native = id ? mem_printf("%s/layers/%s/native", options->home, id) : NULL;
	*links = id ? mem_printf("%s/layers/%s/links", options->home, id) : NULL;
	return 0;
}
