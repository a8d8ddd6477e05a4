#include "lab/devices.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

/* Devices of one type, sorted out. */
struct sorted {
	const json_t *devices, *tags, *avoid;
};

static bool list_has_all(const json_t *list, const json_t *wanted)
{
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)wanted, i, item)
		if (!json_has_string(list, json_string_value(item)))
			return false;
	return true;
}

static const char *name_of(const json_t *device)
{
	return json_str_or(device, "name", "");
}

static const json_t *devices_of(const json_t *types, const char *name)
{
	json_t *type;
	size_t i;

	json_array_foreach ((json_t *)types, i, type)
		if (strcmp(json_str_or(type, "type", ""), name) == 0)
			return json_object_get(type, "devices");
	return NULL;
}

static bool has_tags(const json_t *device, const json_t *tags)
{
	return list_has_all(json_object_get(device, "tags"), tags);
}

static bool is_wanted(const struct sorted *s, const json_t *device)
{
	return json_bool_or(device, "available", false) && has_tags(device, s->tags) &&
	       !json_has_string(s->avoid, name_of(device));
}

/* A worker that is offline may be back before the job begins. */
static bool is_scheduled_on(const json_t *device)
{
	const char *health = json_str_or(device, "health", "");

	return strcmp(health, "Good") == 0 || strcmp(health, "Unknown") == 0;
}

/* Not to run on, come what may; one whose health is Unknown may be Good by then. */
static bool is_unwanted(const struct sorted *s, const json_t *device)
{
	return is_scheduled_on(device) && has_tags(device, s->tags) &&
	       (json_has_string(s->avoid, name_of(device)) || json_bool_or(device, "left_out", false));
}

static size_t count_wanted(const struct sorted *s)
{
	json_t *device;
	size_t i, n = 0;

	json_array_foreach ((json_t *)s->devices, i, device)
		n += is_wanted(s, device);
	return n;
}

/* Wanted devices that have these tags; 0 when one that is not wanted has them, too. */
static size_t kept_apart(const struct sorted *s, const json_t *tags, bool strictly)
{
	json_t *device;
	size_t i, n = 0;

	json_array_foreach ((json_t *)s->devices, i, device) {
		bool wanted = is_wanted(s, device);

		if (!has_tags(device, tags))
			continue;
		if (!wanted && (strictly ? is_scheduled_on(device) : is_unwanted(s, device)))
			return 0;
		n += wanted;
	}
	return n;
}

/* The tags of a wanted device by which the most wanted ones, and no others, are found; NULL when there are none. */
static const json_t *tags_apart(const struct sorted *s, bool strictly)
{
	const json_t *best = NULL;
	size_t i, most = 0;
	json_t *device;

	if (kept_apart(s, s->tags, strictly))
		return s->tags;
	json_array_foreach ((json_t *)s->devices, i, device) {
		const json_t *tags = json_object_get(device, "tags");
		size_t n = is_wanted(s, device) ? kept_apart(s, tags, strictly) : 0;

		if (n > most) {
			most = n;
			best = tags;
		}
	}
	return best;
}

static json_t *unwanted_of(const struct sorted *s)
{
	json_t *names = json_array(), *device;
	size_t i;

	json_array_foreach ((json_t *)s->devices, i, device)
		if (is_unwanted(s, device))
			json_array_append_new(names, json_string(name_of(device)));
	return names;
}

void devices_choose(const json_t *types, const json_t *lava, const json_t *avoid, struct choice *out)
{
	struct sorted s = { devices_of(types, json_str_or(lava, "type", "")), json_object_get(lava, "tags"), avoid };
	const json_t *apart;

	*out = (struct choice){ .wanted = count_wanted(&s) };
	if (!out->wanted && json_array_size(avoid)) {
		s.avoid = NULL;
		out->wanted = count_wanted(&s);
		out->again = out->wanted > 0;
	}
	apart = tags_apart(&s, true);
	if (!apart)
		apart = tags_apart(&s, false);
	out->unwanted = apart ? json_array() : unwanted_of(&s);
	out->tags = apart ? json_incref((json_t *)apart) : json_incref((json_t *)s.tags);
}

void choice_free(struct choice *choice)
{
	json_decref(choice->tags);
	json_decref(choice->unwanted);
	*choice = (struct choice){ 0 };
}

const json_t *devices_find(const json_t *types, const char *name)
{
	json_t *type, *device;
	size_t i, k;

	json_array_foreach ((json_t *)types, i, type)
		json_array_foreach (json_object_get(type, "devices"), k, device)
			if (strcmp(name_of(device), name) == 0)
				return device;
	return NULL;
}

char *devices_why(const json_t *types, const json_t *lava)
{
	const json_t *tags = json_object_get(lava, "tags");
	struct buf why = { 0 };
	json_t *device;
	size_t i;

	json_array_foreach ((json_t *)devices_of(types, json_str_or(lava, "type", "")), i, device)
		if (has_tags(device, tags) && json_object_get(device, "why"))
			buf_printf(&why, "%s%s: %s", why.n ? "; " : "", name_of(device),
				   json_str_or(device, "why", ""));
	if (!why.n)
		buf_adds(&why, "it has none that is to be seen");
	return buf_steal(&why);
}

const char *devices_idle(const json_t *types, const json_t *lava)
{
	const struct sorted s = { devices_of(types, json_str_or(lava, "type", "")), json_object_get(lava, "tags"),
				  NULL };
	json_t *device;
	size_t i;

	json_array_foreach ((json_t *)s.devices, i, device)
		if (is_wanted(&s, device) && strcmp(json_str_or(device, "state", ""), "Idle") == 0)
			return name_of(device);
	return NULL;
}
