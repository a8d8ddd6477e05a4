/* Entries as JSON, by the tables they were read by. */
#include "catalog/load.h"

#include "base/json.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

typedef json_t *dump_fn(const struct field *f, const void *member);

static json_t *record_dump(const struct record *record, const char *data);

static json_t *dump_string(const struct field *f, const void *member)
{
	const char *text = *(const char *const *)member;

	return text ? json_text(view_of(text)) : NULL;
}

/* A file's text, which has lines. */
static json_t *dump_text(const struct field *f, const void *member)
{
	const char *text = *(const char *const *)member;

	return text ? json_string(text) : NULL;
}

static int64_t load_int(const struct field *f, const void *member)
{
	if (f->size == sizeof(bool))
		return *(const bool *)member;
	return f->size == sizeof(int) ? *(const int *)member : *(const int64_t *)member;
}

/* Zero where it is none of the allowed numbers is an absent one. */
static json_t *dump_int(const struct field *f, const void *member)
{
	int64_t value = load_int(f, member);

	return value || f->min <= 0 ? json_integer(value) : NULL; /* none was given */
}

static json_t *dump_bool(const struct field *f, const void *member)
{
	return json_boolean(*(const bool *)member);
}

static json_t *dump_duration(const struct field *f, const void *member)
{
	int64_t ms = *(const int64_t *)member;

	return ms % 1000 ? json_sprintf("%lldms", (long long)ms) : json_sprintf("%llds", (long long)ms / 1000);
}

static json_t *dump_choice(const struct field *f, const void *member)
{
	if (f->size == sizeof(char *))
		return dump_string(f, member);
	for (const struct choice *c = f->choices; c->word; c++)
		if (c->value == load_int(f, member))
			return isdigit((unsigned char)c->word[0]) ? json_integer(c->value) : json_string(c->word);
	return NULL;
}

static void version_add(struct buf *out, struct kversion v)
{
	buf_printf(out, "%d.%d", v.major, v.minor);
	if (v.patch && v.patch != INT_MAX)
		buf_printf(out, ".%d", v.patch);
}

/* Absent for a range that holds every version. */
static json_t *dump_kernels(const struct field *f, const void *member)
{
	const struct kversion_range *range = member;
	autobuf struct buf text = { 0 };

	if (range->from.major || range->from.minor)
		version_add(&text, range->from);
	buf_adds(&text, "..");
	if (range->to.major && range->to.major != INT_MAX)
		version_add(&text, range->to);
	return text.n > 2 ? json_string(text.data) : NULL;
}

static json_t *dump_map(const struct field *f, const void *member)
{
	return record_dump(f->record, member);
}

static json_t *dump_names(const struct field *f, const void *member)
{
	const struct names *names = member;
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(list, json_text(view_of(names->data[i])));
	return list;
}

static json_t *dump_requirements(const struct field *f, const void *member)
{
	const struct requirements *requirements = member;
	json_t *list = json_array();

	for (size_t i = 0; i < requirements->n; i++)
		json_array_append_new(list, json_text(view_of(requirement_text(requirements->data[i]))));
	return list;
}

static dump_fn *const dumpers[FIELD_TYPE_COUNT] = {
	[FIELD_STRING] = dump_string, [FIELD_TEXT] = dump_text,
	[FIELD_WORD] = dump_string,   [FIELD_VERSION] = dump_string,
	[FIELD_DATE] = dump_string,   [FIELD_INT] = dump_int,
	[FIELD_BOOL] = dump_bool,     [FIELD_DURATION] = dump_duration,
	[FIELD_CHOICE] = dump_choice, [FIELD_KERNELS] = dump_kernels,
	[FIELD_REF] = dump_string,    [FIELD_MAP] = dump_map,
	[FIELD_STRINGS] = dump_names, [FIELD_WORDS] = dump_names,
	[FIELD_REFS] = dump_names,    [FIELD_REQUIREMENTS] = dump_requirements,
};

static json_t *records_dump(const struct record *record, const char *data, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, record_dump(record, data + i * record->size));
	return list;
}

static bool json_is_empty(const json_t *value)
{
	return (json_is_array(value) && !json_array_size(value)) || (json_is_object(value) && !json_object_size(value));
}

/* What is absent stays absent. */
static json_t *record_dump(const struct record *record, const char *data)
{
	json_t *map = json_object(), *value;

	for (size_t i = 0; i < record->n; i++) {
		const struct field *f = &record->fields[i];

		if (f->type == FIELD_MAPS)
			value = records_dump(f->record, *(const char *const *)(data + f->offset),
					     *(const size_t *)(data + f->count_offset));
		else
			value = dumpers[f->type](f, data + f->offset);
		if (value && !json_is_empty(value))
			json_object_set_new(map, f->key, value);
		else
			json_decref(value);
	}
	return map;
}

static struct entry_head head_of(const struct catalog *c, enum kind kind, size_t i)
{
	if (kind == KIND_pattern)
		return (struct entry_head){ c->patterns[i].name, c->pattern_origins[i] };
	return *(const struct entry_head *)catalog_at(c, kind, i);
}

static json_t *head_json(enum kind kind, struct entry_head head)
{
	return json_pack("{s:s, s:s, s:s, s:i}", "kind", kind_schema(kind)->name, "name", head.name, "file",
			 head.origin.file, "line", head.origin.line);
}

/* What a list says of an entry: where it is, and of a board that nobody has booted it. */
static json_t *listed_json(const struct catalog *c, enum kind kind, size_t i)
{
	json_t *entry = head_json(kind, head_of(c, kind, i));

	if (kind == KIND_board && c->boards[i].untested)
		json_object_set_new(entry, "untested", json_true());
	return entry;
}

json_t *catalog_list_json(const struct catalog *c, const char *kind_name)
{
	enum kind kind = kind_by_name(kind_name);
	json_t *list = kind < KIND_COUNT ? json_array() : NULL;

	for (size_t i = 0; list && i < catalog_count(c, kind); i++)
		json_array_append_new(list, listed_json(c, kind, i));
	return list;
}

json_t *catalog_entry_json(const struct catalog *c, const char *kind_name, const char *name)
{
	enum kind kind = kind_by_name(kind_name);

	for (size_t i = 0; kind < KIND_COUNT && i < catalog_count(c, kind); i++) {
		struct entry_head head = head_of(c, kind, i);
		json_t *entry;

		if (strcmp(head.name, name))
			continue;
		entry = head_json(kind, head);
		json_object_update_new(entry, record_dump(&kind_schema(kind)->record, catalog_at(c, kind, i)));
		return entry;
	}
	return NULL;
}
