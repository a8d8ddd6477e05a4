/* The proof that a root's layer compiles as the root itself does. */
#define _GNU_SOURCE
#include "run/run.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "run/rooted.h"
#include "source/source.h"
#include "step/step.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLE = 44 };

static const struct step_kind kinds[] = { { "proof", STEP_PURE, kernel_proof_step } };

/* One compiler of a root being proved. */
struct claim {
	const struct root_options *options;
	const struct catalog_root *root;
	const struct rooted *rooted;
	const struct catalog_toolchain *fast;
};

/* What a spec says of the compiler in the root, with the layer or without it. */
static int toolchain_json(const struct claim *c, bool layer, json_t **toolchain, struct err *err)
{
	const struct rooted *r = c->rooted;
	const struct toolchain_home in = { r->root, layer ? r->layer : NULL, r->emulator };
	json_t *facts = NULL;

	if (toolchain_identify_in(c->options->home, &in, c->fast->compiler, r->prefix, &facts, err) < 0)
		return -1;
	json_object_set_new(facts, "name", json_string(layer ? "root-fast" : "root"));
	json_object_set_new(facts, "compiler", json_string(c->fast->compiler));
	if (c->fast->make.n)
		json_object_set_new(facts, "make", names_json(&c->fast->make));
	*toolchain = facts;
	return 0;
}

static int spec_make(const struct claim *c, const json_t *source, json_t **spec, struct err *err)
{
	const struct catalog_arch *arch = root_arch(c->options->catalog, c->root);
	autojson json_t *fast = NULL, *reference = NULL;

	if (toolchain_json(c, true, &fast, err) < 0 || toolchain_json(c, false, &reference, err) < 0)
		return -1;
	*spec = json_pack("{s:s, s:o, s:{s:s, s:s, s:s}, s:O, s:O, s:i, s:o}", "kind", "proof", "source",
			  source_spec(source), "arch", "name", arch->name, "kernel", arch->kernel, "srcarch",
			  arch->srcarch ? arch->srcarch : arch->kernel, "toolchain", fast, "reference", reference,
			  "sample", SAMPLE, "allowed", names_json(&c->rooted->recipe->differ));
	return 0;
}

static int claim_prove(const struct claim *c, const json_t *source, int jobs, json_t **record, struct err *err)
{
	const struct step_options step = {
		.home = c->options->home,
		.jobs = jobs > 0 ? jobs : (int)sysconf(_SC_NPROCESSORS_ONLN),
		.jobserver_read = -1,
		.jobserver_write = -1,
	};
	autofree char *path = proof_path(c->options->home, c->rooted, c->fast->compiler);
	autofree char *what =
		mem_printf("compiling files of the kernel by %s with the layer and without it", c->fast->compiler);
	autofree char *dir = fs_join(c->options->home, "proofs");
	autojson json_t *spec = NULL, *got = NULL;

	if (spec_make(c, source, &spec, err) < 0)
		return -1;
	if (c->options->tell)
		c->options->tell(what, c->options->data);
	if (step_run(spec, kinds, countof(kinds), &step, &got, err) < 0)
		return -1;
	if (strcmp(json_str_or(got, "verdict", "infra"), "infra") == 0)
		return err_infra(err, 0, "%s", json_str_or(got, "reason", "the proof could not be made"));
	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0 || json_write(AT_FDCWD, path, got, err) < 0)
		return -1;
	*record = steal(&got);
	return 0;
}

static void add_number(json_t *to, const json_t *from, const char *key)
{
	json_object_set_new(
		to, key,
		json_real(json_number_value(json_object_get(to, key)) + json_number_value(json_object_get(from, key))));
}

/* Several compilers' records as one: it passes where all do, and says of each file whose it is. */
static void record_add(json_t **sum, json_t *record, const char *compiler)
{
	static const char *const lists[] = { "files", "differences" };
	json_t *entry;
	size_t i;

	for (size_t l = 0; l < countof(lists); l++)
		json_array_foreach (json_object_get(record, lists[l]), i, entry)
			json_object_set_new(entry, "compiler", json_string(compiler));
	if (!*sum) {
		*sum = json_incref(record);
		return;
	}
	for (size_t l = 0; l < countof(lists); l++)
		json_array_extend(json_object_get(*sum, lists[l]), json_object_get(record, lists[l]));
	add_number(*sum, record, "cpu_seconds");
	add_number(*sum, record, "reference_cpu_seconds");
	if (strcmp(json_str_or(*sum, "verdict", ""), "pass") == 0) {
		json_object_set(*sum, "verdict", json_object_get(record, "verdict"));
		json_object_set(*sum, "reason", json_object_get(record, "reason"));
	}
}

/* All that the recipe says, or the one that was asked for. */
static int claims_prove(struct claim *c, const char *only, const json_t *source, int jobs, json_t **sum,
			struct err *err)
{
	const struct names *compilers = &c->root->compilers;

	for (size_t i = 0; i < compilers->n; i++) {
		autojson json_t *record = NULL;

		if (only && strcmp(only, compilers->data[i]) != 0)
			continue;
		c->fast = rooted_toolchain(c->options->catalog, "root-fast", compilers->data[i]);
		if (!c->fast)
			continue; /* no layer's compiler is taken for it */
		if (claim_prove(c, source, jobs, &record, err) < 0)
			return err_wrap(err, "%s", compilers->data[i]);
		record_add(sum, record, compilers->data[i]);
	}
	return *sum ? 0
		    : err_user(err, "the catalogue has no toolchain of the kind root-fast for the compilers of %s",
			       c->root->name);
}

int run_prove(const struct root_options *o, const struct proof_request *request, json_t **record, struct err *err)
{
	CLEANUP(rooted_free) struct rooted r = { 0 };
	struct claim claim = { .options = o, .root = request->root, .rooted = &r };
	autojson json_t *source = NULL, *sum = NULL;

	if ((request->compiler && rooted_compiler(o->catalog, request->root, request->compiler, err) < 0) ||
	    source_import(o->home, request->source, NULL, &source, err) < 0 ||
	    rooted_make(o, request->root, "root-fast", &r, err) < 0)
		return -1;
	if (!r.layer)
		return err_user(err, "%s is of this machine's own architecture: it needs no layer, and no proof",
				request->root->name);
	if (claims_prove(&claim, request->compiler, source, request->jobs, &sum, err) < 0)
		return -1;
	*record = steal(&sum);
	return 0;
}
