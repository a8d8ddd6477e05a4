/* What a lab has, and what of it may be used. */
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The lab's lists, as it gave them. */
struct lists {
	json_t *types, *devices, *workers, *tags;
	struct map online;    /* worker's name, where it is */
	struct map tag_names; /* id as text -> const char * */
};

static void lists_free(struct lists *l)
{
	json_decref(l->types);
	json_decref(l->devices);
	json_decref(l->workers);
	json_decref(l->tags);
	map_free(&l->online);
	map_free(&l->tag_names);
}

static int lists_read(struct lab *lab, struct lists *l, struct err *err)
{
	json_t *one;
	size_t i;

	if (client_list(lab, "devicetypes/", "name", &l->types, err) < 0 ||
	    client_list(lab, "devices/", "hostname", &l->devices, err) < 0 ||
	    client_list(lab, "workers/", "hostname", &l->workers, err) < 0 ||
	    client_list(lab, "tags/", "id", &l->tags, err) < 0)
		return -1;
	json_array_foreach (l->workers, i, one)
		if (strcmp(json_str_or(one, "state", ""), "Online") == 0)
			map_set(&l->online, view_of(json_str_or(one, "hostname", "")), one);
	json_array_foreach (l->tags, i, one) {
		autofree char *id = mem_printf("%lld", (long long)json_int_or(one, "id", -1));

		map_set(&l->tag_names, view_of(id), (void *)json_str_or(one, "name", id));
	}
	return 0;
}

/* Names in place of ids; a tag that the lab does not list keeps its id. */
static json_t *tags_of(const struct lists *l, const json_t *device)
{
	json_t *names = json_array(), *id;
	size_t i;

	json_array_foreach (json_object_get(device, "tags"), i, id) {
		autofree char *text = mem_printf("%lld", (long long)json_integer_value(id));
		const char *name = map_get(&l->tag_names, view_of(text));

		json_array_append_new(names, json_text(view_of(name ? name : text)));
	}
	return names;
}

static bool some_tag(const struct names *wanted, const json_t *tags)
{
	json_t *tag;
	size_t i;

	json_array_foreach ((json_t *)tags, i, tag)
		if (names_fit(wanted, json_string_value(tag), 0))
			return true;
	return false;
}

/* Why a device is not to be used though it could be, or NULL. */
static const char *left_out(const struct catalog_lab *entry, const json_t *device)
{
	const char *type = json_str_or(device, "type", "");
	const json_t *tags = json_object_get(device, "tags");

	if ((entry->types.n && !names_fit(&entry->types, type, 0)) || names_fit(&entry->avoid_types, type, 0))
		return "the lab's entry leaves its type out";
	if ((entry->tags.n && !some_tag(&entry->tags, tags)) || some_tag(&entry->avoid_tags, tags))
		return "the lab's entry leaves its tags out";
	return NULL;
}

/* Why a device is not to be used, owned, or NULL. Only Good ones are taken: LAVA itself would schedule on Unknown, too.
 */
static char *device_fault(const json_t *device, const char *left)
{
	const char *health = json_str_or(device, "health", "");

	if (!json_bool_or(device, "online", false))
		return mem_strdup("its worker is offline");
	if (strcmp(health, "Good") != 0)
		return mem_printf("its health is %s", *health ? health : "not told");
	return left ? mem_strdup(left) : NULL;
}

static json_t *device_json(const struct catalog_lab *entry, const struct lists *l, const json_t *from)
{
	const char *worker = json_str_or(from, "worker_host", "");
	bool online = map_get(&l->online, view_of(worker));
	json_t *device = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "name",
				   json_text(view_of(json_str_or(from, "hostname", ""))), "type",
				   json_text(view_of(json_str_or(from, "device_type", ""))), "health",
				   json_text(view_of(json_str_or(from, "health", ""))), "state",
				   json_text(view_of(json_str_or(from, "state", ""))), "worker",
				   json_text(view_of(worker)), "online", online, "tags", tags_of(l, from));
	const char *left = left_out(entry, device);
	autofree char *fault = device_fault(device, left);

	json_object_set_new(device, "available", json_boolean(!fault));
	if (left)
		json_object_set_new(device, "left_out", json_true());
	if (fault)
		json_object_set_new(device, "why", json_text(view_of(fault)));
	return device;
}

static json_t *boards_of(const struct catalog *catalog, const char *type)
{
	json_t *boards = json_array();

	for (size_t i = 0; i < catalog->n_boards; i++) {
		const struct catalog_board *b = &catalog->boards[i];

		if (b->lava.type && !b->lava.skip && strcmp(b->lava.type, type) == 0)
			json_array_append_new(boards, json_string(b->name));
	}
	return boards;
}

/* A type with its devices; those that are Retired are no longer there. */
static json_t *type_json(const struct lab *lab, const struct catalog *catalog, const struct lists *l, const char *name)
{
	json_t *devices = json_array(), *from;
	json_int_t available = 0;
	size_t i;

	json_array_foreach (l->devices, i, from) {
		json_t *device;

		if (strcmp(json_str_or(from, "device_type", ""), name) != 0 ||
		    strcmp(json_str_or(from, "health", ""), "Retired") == 0)
			continue;
		device = device_json(lab->entry, l, from);
		available += json_bool_or(device, "available", false);
		json_array_append_new(devices, device);
	}
	return json_pack("{s:o, s:o, s:I, s:o}", "type", json_text(view_of(name)), "boards", boards_of(catalog, name),
			 "available", available, "devices", devices);
}

static json_t *types_json(const struct lab *lab, const struct catalog *catalog, const struct lists *l)
{
	json_t *types = json_array(), *type;
	size_t i;

	json_array_foreach (l->types, i, type)
		json_array_append_new(types, type_json(lab, catalog, l, json_str_or(type, "name", "")));
	return types;
}

int lab_types(struct lab *lab, json_t **types, struct err *err)
{
	static const struct catalog none = { 0 };
	CLEANUP(lists_free) struct lists lists = { 0 };

	if (lists_read(lab, &lists, err) < 0)
		return -1;
	*types = types_json(lab, &none, &lists);
	return 0;
}

int lab_survey(struct lab *lab, const struct catalog *catalog, json_t **survey, struct err *err)
{
	CLEANUP(lists_free) struct lists lists = { 0 };
	autojson json_t *version = NULL;

	if (identity_check(lab, err) < 0 || client_get(lab, "system/version/", &version, err) < 0 ||
	    lists_read(lab, &lists, err) < 0)
		return -1;
	*survey = json_pack("{s:s, s:s, s:o, s:s, s:I, s:o}", "lab", lab->entry->name, "url", lab->entry->url,
			    "version", json_text(view_of(json_str_or(version, "version", ""))), "user",
			    lab->entry->user, "clock_offset_s", (json_int_t)(lab->clock_offset_ms / 1000), "types",
			    types_json(lab, catalog, &lists));
	return 0;
}
