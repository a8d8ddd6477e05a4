/* The specs of steps: all that a step needs, by value or by digest, and nothing else. */
#include "base/cleanup.h"
#include "plan/private.h"
#include "qemu/qemu.h"
#include "step/step.h"

#include <string.h>

static void set(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *source_json(const struct plan_facts *facts)
{
	return json_pack("{s:s, s:s}", "id", json_str_or(facts->source, "id", ""), "digest",
			 json_str_or(facts->source, "digest", ""));
}

static json_t *host_toolchain_json(const struct plan_cell *cell, const struct catalog_toolchain *toolchain,
				   const struct plan_facts *facts)
{
	const struct catalog_compiler *compiler = arch_compiler(cell->arch, toolchain->name);
	autofree char *key = mem_printf("%s/%s", cell->arch->name, toolchain->name);
	json_t *t = json_pack("{s:s, s:s, s:s, s:o, s:O?}", "name", toolchain->name, "compiler", toolchain->compiler,
			      "prefix", compiler->prefix ? compiler->prefix : "", "make", names_json(&toolchain->make),
			      "tools", json_object_get(facts->toolchains, key));

	set(t, "target", compiler->target);
	return t;
}

/* One in a root brings more facts: the root, who runs its programs, the layer over it. */
static json_t *toolchain_json(const struct plan_cell *cell, const struct plan_facts *facts)
{
	autofree char *name = plan_toolchain_name(cell), *key = mem_printf("%s/%s", cell->arch->name, name);
	json_t *t;

	if (!cell->root)
		return host_toolchain_json(cell, cell->toolchain, facts);
	t = json_pack("{s:s, s:s, s:o}", "name", cell->toolchain->name, "compiler", cell->toolchain->compiler, "make",
		      names_json(&cell->toolchain->make));
	json_object_update(t, (json_t *)json_object_get(facts->toolchains, key));
	return t;
}

static void add_fragments(const struct plan *plan, const struct names *names, json_t *list)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct catalog_fragment *f = catalog_fragment(plan->catalog, names->data[i]);

		if (f)
			json_array_append_new(list, json_pack("{s:s, s:s}", "name", f->name, "text", f->text));
	}
}

static json_t *config_json(const struct plan *plan, const struct plan_cell *cell, const struct plan_facts *facts)
{
	json_t *fragments = json_array();
	const char *target = cell->config ? cell->config->target : "file", *own = NULL;
	json_t *c;

	if (cell->config)
		add_fragments(plan, &cell->config->fragments, fragments);
	for (size_t i = 0; cell->config && i < cell->config->n_archs; i++) {
		const struct catalog_config_arch *a = &cell->config->archs[i];

		if (!config_entry_counts(a, cell, facts))
			continue;
		own = own ? own : a->target;
		add_fragments(plan, &a->fragments, fragments);
	}
	c = json_pack("{s:s, s:o}", "target", own ? own : target ? target : "defconfig", "fragments", fragments);
	if (cell->file)
		set(c, "file", cell->file->digest);
	if (cell->random)
		json_object_set_new(c, "seed", json_integer(cell->seed));
	if (cell->random)
		set(c, "probability", cell->probability);
	return c;
}

static json_t *arch_json(const struct plan_cell *cell)
{
	return json_pack("{s:s, s:s, s:s}", "name", cell->arch->name, "kernel", cell->arch->kernel, "srcarch",
			 cell->arch->srcarch ? cell->arch->srcarch : cell->arch->kernel);
}

static json_t *configure_spec(const struct plan *plan, const struct plan_cell *cell, const struct plan_facts *facts)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", "configure", "source", source_json(facts), "arch",
			 arch_json(cell), "config", config_json(plan, cell, facts), "toolchain",
			 toolchain_json(cell, facts));
}

static json_t *build_options(const struct plan *plan, const struct plan_cell *cell)
{
	json_t *options = names_json(&cell->row->options);
	autojson json_t *further = names_json(&plan->options);

	json_array_extend(options, further);
	return options;
}

/* Without MODULES the tree has no such target. */
static bool config_has_modules(const struct plan_state *state)
{
	return state->config && kconfig_get(state->config, VIEW("MODULES"));
}

static json_t *build_spec(const struct plan *plan, const struct plan_cell *cell, const struct plan_facts *facts,
			  const struct plan_state *state)
{
	json_t *arch = arch_json(cell);
	autojson json_t *options = build_options(plan, cell);
	json_t *spec;

	set(arch, "image_target", cell->arch->image_target);
	set(arch, "image_path", cell->arch->image_path);
	json_object_set_new(arch, "dtbs", json_boolean(cell->arch->dtbs));
	spec = json_pack("{s:s, s:o, s:s, s:o, s:O}", "kind", plan->warm ? "build-warm" : "build", "arch", arch,
			 "config", record_artefact(state->configure, "config"), "toolchain",
			 toolchain_json(cell, facts), "options", options);
	if (plan->warm)
		json_object_set_new(spec, "warm",
				    json_pack("{s:s, s:s*}", "dir", plan->warm, "objects", plan->objects));
	else
		json_object_set_new(spec, "source", source_json(facts));
	if (cell->modules && config_has_modules(state))
		json_object_set_new(spec, "modules", json_true());
	return spec;
}

/* The suites that this config can run; the others, with the reason of each, go to the list skipped. */
static json_t *suites_json(const struct plan *plan, const struct plan_cell *cell, const struct plan_state *state,
			   json_t *skipped)
{
	json_t *suites = json_array();
	struct arena a = { 0 };

	for (size_t i = 0; i < cell->suites.n; i++) {
		const struct catalog_suite *s = catalog_suite(plan->catalog, cell->suites.data[i]);
		const char *reason = s ? suite_skipped(s, state, &a) : NULL;

		if (s && !reason)
			json_array_append_new(suites, json_pack("{s:s, s:s}", "name", s->name, "program", s->program));
		else if (s && skipped)
			json_array_append_new(skipped, json_pack("{s:s, s:s}", "name", s->name, "reason", reason));
	}
	arena_free(&a);
	return suites;
}

/* Firmware of Kiln's own for those boards of the cell that start with one; NULL when none does. */
static json_t *firmware_json(const struct plan *plan, const struct plan_cell *cell)
{
	json_t *all = NULL;

	for (size_t i = 0; i < cell->n_places; i++) {
		const char *name = cell->places[i].board->guest_firmware;
		const struct catalog_firmware *f = name ? catalog_firmware(plan->catalog, name) : NULL;

		if (!f)
			continue;
		all = all ? all : json_object();
		json_object_set_new(all, f->name,
				    json_pack("{s:s, s:o}", "program", f->program, "cflags", names_json(&f->cflags)));
	}
	return all;
}

static json_t *init_spec(const struct plan *plan, const struct plan_cell *cell, const struct plan_facts *facts,
			 const struct plan_state *state)
{
	json_t *suites = suites_json(plan, cell, state, NULL), *firmware = firmware_json(plan, cell), *spec;

	spec = json_pack("{s:s, s:{s:s, s:s, s:i, s:o}, s:o, s:s, s:o}", "kind", "init", "arch", "name",
			 cell->arch->name, "kernel", cell->arch->kernel, "bits", cell->arch->bits, "init_cflags",
			 names_json(&cell->arch->init_cflags), "toolchain",
			 host_toolchain_json(cell, cell->init_toolchain, facts), "sources", facts->init_sources,
			 "suites", suites);
	if (firmware)
		json_object_set_new(spec, "firmware", firmware);
	return spec;
}

/* Suites whose requirements the config does not meet: the boot's record shows them as skipped. */
static void add_skipped(const struct plan *plan, const struct plan_cell *cell, const struct plan_state *state,
			json_t *spec)
{
	autojson json_t *skipped = json_array(), *run = suites_json(plan, cell, state, skipped);

	if (json_array_size(skipped))
		json_object_set(spec, "skipped_suites", skipped);
}

static const char *accel_of(const struct plan_cell *cell, const struct plan_facts *facts, const char *board)
{
	const char *asked = cell->machine.accel;

	return asked && strcmp(asked, "auto") != 0 ? asked : json_str_or(facts->accels, board, "tcg");
}

static json_t *local_boot_spec(const struct plan_cell *cell, const struct plan_facts *facts,
			       const struct catalog_board *b)
{
	const char *accel = accel_of(cell, facts, b->name);

	return json_pack("{s:s, s:o, s:O?, s:s, s:b, s:i}", "kind", "boot", "board",
			 qemu_board_spec(b, &cell->machine, accel), "qemu", json_object_get(facts->machines, b->name),
			 "accel", accel, "need_marker", 1, "repeat", 0);
}

static json_t *boot_spec(const struct plan *plan, const struct plan_cell *cell, const struct plan_facts *facts,
			 const struct plan_state *state, size_t board)
{
	const struct catalog_board *b = cell->places[board].board;
	json_t *spec = cell->places[board].lab ? plan_lab_spec(cell, board) : local_boot_spec(cell, facts, b);
	autofree char *firmware = b->guest_firmware ? mem_printf("firmware/%s", b->guest_firmware) : NULL;
	autofree char *dtb = b->dtb ? mem_printf("dtb/%s", b->dtb) : NULL;

	set(spec, "image", record_artefact(state->build, b->image ? b->image : "image"));
	set(spec, "initrd", record_artefact(state->init, "initrd"));
	set(spec, "firmware", firmware ? record_artefact(state->init, firmware) : NULL);
	set(spec, "modules", cell->modules ? record_artefact(state->build, "modules") : NULL);
	set(spec, "dtb", dtb ? record_artefact(state->build, dtb) : NULL);
	set(spec, "patterns", facts->patterns);
	add_skipped(plan, cell, state, spec);
	return spec;
}

json_t *plan_spec(const struct plan *plan, size_t i, const struct plan_facts *facts, const struct plan_state *state,
		  const struct plan_step *step)
{
	const struct plan_cell *cell = &plan->cells[i];

	switch (step->kind) {
	case PLAN_CONFIGURE:
		return configure_spec(plan, cell, facts);
	case PLAN_INIT:
		return init_spec(plan, cell, facts, state);
	case PLAN_BUILD:
		return build_spec(plan, cell, facts, state);
	case PLAN_BOOT:
		return boot_spec(plan, cell, facts, state, step->place);
	}
	return NULL;
}
