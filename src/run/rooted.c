/* Toolchains that live in roots: what is made for them, before the plan is followed. */
#include "base/cleanup.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "root/root.h"
#include "run/private.h"

#include <string.h>

static void tell(const char *what, void *data)
{
	run_emit(data, &(struct run_event){ .kind = RUN_IMPORT, .text = what });
}

static int make(struct run *run, const struct catalog_root *recipe, json_t **record, struct err *err)
{
	const struct root_options options = {
		.home = run->options->home,
		.catalog = run->catalog,
		.config = run->options->config,
		.tell = tell,
		.data = run,
	};

	return root_make(&options, recipe, record, err);
}

static const struct catalog_layer *layer_of(const struct catalog *c, const struct catalog_root *root)
{
	for (size_t i = 0; i < c->n_layers; i++)
		if (strcmp(c->layers[i].root, root->name) == 0)
			return &c->layers[i];
	return NULL;
}

struct rooted {
	json_t *root, *from, *layer, *emulator;
	const char *prefix;
};

static void rooted_free(struct rooted *r)
{
	json_decref(r->root);
	json_decref(r->from);
	json_decref(r->layer);
	json_decref(r->emulator);
}

/* The root that a layer's programs come from. */
static int from_make(struct run *run, const struct plan_cell *cell, const struct catalog_layer **recipe,
		     struct rooted *r, struct err *err)
{
	*recipe = layer_of(run->catalog, cell->root);
	if (!*recipe)
		return err_user(err,
				"the catalogue has no layer for the root %s, which %s needs; take --toolchain root",
				cell->root->name, cell->toolchain->name);
	return make(run, catalog_root(run->catalog, (*recipe)->from), &r->from, err);
}

static int rooted_make(struct run *run, const struct plan_cell *cell, struct rooted *r, struct err *err)
{
	const char *home = run->options->home, *where = cell->toolchain->where;
	const struct catalog_layer *recipe = NULL;

	if (strcmp(where, "root") != 0 && from_make(run, cell, &recipe, r, err) < 0)
		return -1;
	r->prefix = recipe ? recipe->prefix : cell->root->prefix;
	if (strcmp(where, "root-cross") == 0)
		return 0;
	if (make(run, cell->root, &r->root, err) < 0 ||
	    root_emulator_identify(home, root_arch(run->catalog, cell->root), &r->emulator, err) < 0)
		return -1;
	return recipe ? layer_make(home, run->catalog, recipe, r->from, r->root, &r->layer, err) : 0;
}

int facts_rooted(struct run *run, const struct plan_cell *cell, json_t **facts, struct err *err)
{
	CLEANUP(rooted_free) struct rooted r = { 0 };
	struct toolchain_home in;

	if (rooted_make(run, cell, &r, err) < 0)
		return -1;
	in = (struct toolchain_home){ r.root ? r.root : r.from, r.layer, r.emulator };
	return toolchain_identify_in(run->options->home, &in, cell->toolchain->compiler, r.prefix, facts, err);
}
