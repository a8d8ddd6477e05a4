/* What a run was asked for, as the ledger keeps it, there and back. */
#include "run/private.h"

/* Only what was given: a request without it keeps the name that it always had. */
static void request_random(const struct plan_request *r, json_t *request)
{
	json_t *seeds = r->seeds.n ? json_array() : NULL;

	for (size_t i = 0; i < r->seeds.n; i++)
		json_array_append_new(seeds, json_integer(r->seeds.data[i]));
	if (seeds)
		json_object_set_new(request, "seeds", seeds);
	if (r->probability)
		json_object_set_new(request, "probability", json_string(r->probability));
}

static void machine_add(json_t *request, const struct catalog_machine *m)
{
	if (m->cpus || m->memory_mb || m->cpu || m->accel)
		json_object_set_new(request, "machine",
				    json_pack("{s:I, s:I, s:s?, s:s?}", "cpus", (json_int_t)m->cpus, "memory_mb",
					      (json_int_t)m->memory_mb, "cpu", m->cpu, "accel", m->accel));
}

/* What makes two requests the same, for resuming: the wish and the source's content. */
json_t *request_json(const struct run_options *options, const json_t *source)
{
	const struct plan_request *r = &options->plan;
	json_t *files = json_object(), *request;

	for (size_t i = 0; i < r->n_files; i++)
		json_object_set_new(files, r->files[i].name, json_string(r->files[i].digest));
	request = json_pack(
		"{s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s, s:s, s:b}", "matrix", r->matrix, "arch",
		names_json(&r->archs), "config", names_json(&r->configs), "toolchain", names_json(&r->toolchains),
		"board", names_json(&r->boards), "options", names_json(&r->options), "files", files, "warm", r->warm,
		"source", json_str_or(source, "id", ""), "spec", options->source, "reuse_boots", options->reuse_boots);
	request_random(r, request);
	machine_add(request, &r->machine);
	if (r->objects)
		json_object_set_new(request, "objects", json_string(r->objects));
	if (options->trial)
		json_object_set_new(request, "trial", json_true());
	if (options->keep_going)
		json_object_set_new(request, "keep_going", json_true());
	if (r->modules)
		json_object_set_new(request, "modules", json_true());
	if (options->fallback)
		json_object_set_new(request, "fallback", json_true());
	if (r->roots.n)
		json_object_set_new(request, "root", names_json(&r->roots));
	if (r->runners.n)
		json_object_set_new(request, "runner", names_json(&r->runners));
	return request;
}

static struct names names_read(const json_t *list, struct arena *a)
{
	size_t n = json_array_size(list);
	const char **data = arena_alloc(a, (n + 1) * sizeof(*data));

	for (size_t i = 0; i < n; i++)
		data[i] = json_string_value(json_array_get(list, i));
	return (struct names){ data, n };
}

static struct plan_seeds seeds_read(const json_t *list, struct arena *a)
{
	size_t n = json_array_size(list);
	int64_t *data = arena_alloc(a, (n + 1) * sizeof(*data));

	for (size_t i = 0; i < n; i++)
		data[i] = json_integer_value(json_array_get(list, i));
	return (struct plan_seeds){ data, n };
}

static void files_read(json_t *files, struct plan_request *r, struct arena *a)
{
	struct plan_file_config *data = arena_alloc(a, (json_object_size(files) + 1) * sizeof(*data));
	const char *name;
	json_t *digest;

	r->files = data;
	json_object_foreach (files, name, digest)
		data[r->n_files++] = (struct plan_file_config){ name, json_string_value(digest) };
}

static struct catalog_machine machine_read(const json_t *m)
{
	return (struct catalog_machine){ .cpus = json_int_or(m, "cpus", 0),
					 .memory_mb = json_int_or(m, "memory_mb", 0),
					 .cpu = json_str_or(m, "cpu", NULL),
					 .accel = json_str_or(m, "accel", NULL) };
}

void run_request_read(const json_t *request, struct run_options *options, struct arena *a)
{
	options->source = json_str_or(request, "spec", "");
	options->source_id = json_str_or(request, "source", NULL);
	options->plan = (struct plan_request){
		.matrix = json_str_or(request, "matrix", NULL),
		.archs = names_read(json_object_get(request, "arch"), a),
		.configs = names_read(json_object_get(request, "config"), a),
		.toolchains = names_read(json_object_get(request, "toolchain"), a),
		.boards = names_read(json_object_get(request, "board"), a),
		.runners = names_read(json_object_get(request, "runner"), a),
		.roots = names_read(json_object_get(request, "root"), a),
		.options = names_read(json_object_get(request, "options"), a),
		.seeds = seeds_read(json_object_get(request, "seeds"), a),
		.probability = json_str_or(request, "probability", NULL),
		.warm = json_str_or(request, "warm", NULL),
		.objects = json_str_or(request, "objects", NULL),
		.machine = machine_read(json_object_get(request, "machine")),
		.modules = json_bool_or(request, "modules", false),
	};
	files_read(json_object_get(request, "files"), &options->plan, a);
	options->reuse_boots = json_bool_or(request, "reuse_boots", false);
	options->fallback = json_bool_or(request, "fallback", false);
	options->keep_going = json_bool_or(request, "keep_going", false);
}
