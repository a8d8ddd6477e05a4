#include "compare/private.h"

#include "base/cleanup.h"

#include <string.h>

static void comparison_free(struct comparison *c)
{
	for (int i = 0; i < 2; i++) {
		elf_free(&c->file[i]);
		vec_free(&c->facts[i].compilers);
	}
	for (int i = 0; i < CAUSE_COUNT; i++)
		json_decref(c->examples[i]);
	map_free(&c->changed);
	map_free(&c->symbols);
	map_free(&c->told);
}

static bool symbols_same(const struct elf_file *a, const struct elf_file *b)
{
	bool same = a->symbols.n == b->symbols.n;

	for (size_t i = 0; i < a->symbols.n && same; i++) {
		const struct elf_symbol *x = &a->symbols.data[i], *y = &b->symbols.data[i];

		same = x->section == y->section && x->offset == y->offset && view_eq(x->name, y->name);
	}
	return same;
}

static bool layout_same(const struct elf_file *a, const struct elf_file *b)
{
	bool same = a->sections.n == b->sections.n && a->machine == b->machine && a->bits == b->bits;

	for (size_t i = 0; i < a->sections.n && same; i++) {
		const struct elf_section *x = &a->sections.data[i], *y = &b->sections.data[i];

		same = x->address == y->address && (x->kind == ELF_UNLOADED || x->size == y->size) &&
		       view_eq(x->name, y->name);
	}
	return same && symbols_same(a, b);
}

static json_t *side_json(const struct comparison *c, int i)
{
	const struct elf_file *f = &c->file[i];

	return json_pack("{s:o, s:s?, s:i, s:i, s:b}", "name", json_text(view_of(c->side[i]->name)), "build_id",
			 c->side[i]->build_id, "bits", f->bits, "machine", (int)f->machine, "little", f->little);
}

static size_t equal_in(const json_t *list)
{
	size_t n = 0, i;
	json_t *entry;

	json_array_foreach (list, i, entry)
		n += strcmp(json_str_or(entry, "result", ""), "equal") == 0;
	return n;
}

static void counts_note(const struct comparison *c, json_t *result, const json_t *sections, const json_t *objects)
{
	size_t n_sections = json_array_size(sections), n_objects = json_array_size(objects);
	size_t same_sections = equal_in(sections), same_objects = equal_in(objects);

	json_object_set_new(result, "counts",
			    json_pack("{s:I, s:I, s:I, s:I}", "sections", (json_int_t)n_sections, "sections_equal",
				      (json_int_t)same_sections, "objects", (json_int_t)n_objects, "objects_equal",
				      (json_int_t)same_objects));
	json_object_set_new(
		result, "equal",
		json_boolean(view_eq(c->side[0]->vmlinux, c->side[1]->vmlinux) && n_objects == same_objects));
}

/* null where code may differ and may not. */
static json_t *same_code(const struct comparison *c)
{
	causes all = 0;

	for (int i = 0; i < CAUSE_COUNT; i++)
		all |= c->count[i] ? 1u << i : 0;
	if (all & (CAUSE(MACHINE) | CAUSE(CODE) | CAUSE(DATA) | CAUSE(TEXT)))
		return json_false();
	return all & CAUSE(UNKNOWN) ? json_null() : json_true();
}

static void missing_note(const struct comparison *c, json_t *result)
{
	json_t *missing = json_array();

	for (int i = 0; i < 2; i++)
		if (!c->side[i]->objects)
			json_array_append_new(missing, json_string(i ? "second" : "first"));
	json_object_set_new(result, "objects_missing", missing);
}

static char *machine_text(const struct elf_file *f)
{
	return mem_printf("%d bits, %s-endian, ELF machine %u", f->bits, f->little ? "little" : "big", f->machine);
}

static void machines_compare(struct comparison *c)
{
	autofree char *first = machine_text(&c->file[0]), *second = machine_text(&c->file[1]);

	if (strcmp(first, second) != 0)
		told_add(c, CAUSE_MACHINE, view_of(first), view_of(second));
}

/* With all sections equal only what lies around them is left. */
static void rest_compare(struct comparison *c, const json_t *sections)
{
	const struct view none = { NULL, 0 };

	if (equal_in(sections) == json_array_size(sections) && !view_eq(c->side[0]->vmlinux, c->side[1]->vmlinux))
		told_add(c, CAUSE_DATA, VIEW("the ELF headers, or bytes between the sections"), none);
}

static json_t *document(struct comparison *c)
{
	const char *a = c->side[0]->build_id, *b = c->side[1]->build_id;
	json_t *result = json_object(), *inputs = json_array(), *sections, *objects;

	machines_compare(c);
	facts_read(c);
	facts_compare(c);
	config_compare(c);
	inputs_compare(c, inputs);
	objects_changed(c);
	sections = sections_compare(c);
	rest_compare(c, sections);
	objects = objects_compare(c);
	json_object_set_new(result, "build_id_equal", json_boolean(a && b && strcmp(a, b) == 0));
	json_object_set_new(result, "first", side_json(c, 0));
	json_object_set_new(result, "second", side_json(c, 1));
	json_object_set_new(result, "inputs", inputs);
	json_object_set_new(result, "sections", sections);
	json_object_set_new(result, "objects", objects);
	json_object_set_new(result, "why", causes_told(c));
	json_object_set_new(result, "same_code", same_code(c));
	missing_note(c, result);
	counts_note(c, result, sections, objects);
	return result;
}

int compare(const struct compare_side *first, const struct compare_side *second, json_t **result, struct err *err)
{
	CLEANUP(comparison_free) struct comparison c = { .side = { first, second } };

	for (int i = 0; i < 2; i++)
		if (elf_parse(c.side[i]->vmlinux, &c.file[i], err) < 0)
			return err_wrap(err, "%s", c.side[i]->name);
	c.objects_known = first->objects && second->objects;
	c.same_layout = layout_same(&c.file[0], &c.file[1]);
	*result = document(&c);
	return 0;
}
