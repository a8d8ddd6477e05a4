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

/* What a spec says of gcc in the root, with the layer or without it. */
static int toolchain_json(const struct root_options *o, const struct rooted *r, bool layer, json_t **toolchain,
			  struct err *err)
{
	const struct toolchain_home in = { r->root, layer ? r->layer : NULL, r->emulator };
	json_t *facts = NULL;

	if (toolchain_identify_in(o->home, &in, "gcc", r->prefix, &facts, err) < 0)
		return -1;
	json_object_set_new(facts, "name", json_string(layer ? "root-fast" : "root"));
	json_object_set_new(facts, "compiler", json_string("gcc"));
	*toolchain = facts;
	return 0;
}

static int spec_make(const struct root_options *o, const struct catalog_root *root, const struct rooted *r,
		     const json_t *source, json_t **spec, struct err *err)
{
	const struct catalog_arch *arch = root_arch(o->catalog, root);
	autojson json_t *fast = NULL, *reference = NULL;

	if (toolchain_json(o, r, true, &fast, err) < 0 || toolchain_json(o, r, false, &reference, err) < 0)
		return -1;
	*spec = json_pack("{s:s, s:o, s:{s:s, s:s, s:s}, s:O, s:O, s:i, s:o}", "kind", "proof", "source",
			  source_spec(source), "arch", "name", arch->name, "kernel", arch->kernel, "srcarch",
			  arch->srcarch ? arch->srcarch : arch->kernel, "toolchain", fast, "reference", reference,
			  "sample", SAMPLE, "allowed", names_json(&r->recipe->differ));
	return 0;
}

int run_prove(const struct root_options *o, const char *source_text, int jobs, const struct catalog_root *root,
	      json_t **record, struct err *err)
{
	CLEANUP(rooted_free) struct rooted r = { 0 };
	autojson json_t *source = NULL, *spec = NULL, *got = NULL;
	const struct step_options step = {
		.home = o->home,
		.jobs = jobs > 0 ? jobs : (int)sysconf(_SC_NPROCESSORS_ONLN),
		.jobserver_read = -1,
		.jobserver_write = -1,
	};
	autofree char *path = NULL, *dir = fs_join(o->home, "proofs");

	if (source_import(o->home, source_text, NULL, &source, err) < 0 ||
	    rooted_make(o, root, "root-fast", &r, err) < 0 || spec_make(o, root, &r, source, &spec, err) < 0)
		return -1;
	if (o->tell)
		o->tell("compiling files of the kernel with the layer and without it", o->data);
	if (step_run(spec, kinds, countof(kinds), &step, &got, err) < 0)
		return -1;
	if (strcmp(json_str_or(got, "verdict", "infra"), "infra") == 0)
		return err_infra(err, 0, "%s", json_str_or(got, "reason", "the proof could not be made"));
	path = proof_path(o->home, &r);
	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0 || json_write(AT_FDCWD, path, got, err) < 0)
		return -1;
	*record = steal(&got);
	return 0;
}
