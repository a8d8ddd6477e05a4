#include "catalog/read.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "catalog/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef void read_fn(struct reader *r, const struct field *f, const struct node *node, void *out);

const char *text_keep(struct reader *r, const char *text)
{
	return arena_strdup(r->arena, text);
}

/* What a value is called in "KEY: %s is allowed". */
static void fault_type(struct reader *r, const struct field *f, const struct node *node, const char *allowed)
{
	static const char *const types[] = { "a text", "a list", "a map" };

	if (node->broken)
		return;
	if (node->type == NODE_SCALAR && !node->text)
		fault_add(r->faults, node->at, "%s: has no value; %s is allowed", f->key, allowed);
	else if (node->type == NODE_SCALAR)
		fault_add(r->faults, node->at, "%s: \"%s\" is wrong; %s is allowed", f->key, node->text, allowed);
	else
		fault_add(r->faults, node->at, "%s: is %s; %s is allowed", f->key, types[node->type], allowed);
}

/* The text of a scalar, or NULL with a fault. */
static const char *scalar_text(struct reader *r, const struct field *f, const struct node *node, const char *allowed)
{
	bool good = node->type == NODE_SCALAR && node->text && (node->text[0] || f->may_be_empty);

	if (!good)
		fault_type(r, f, node, allowed);
	return good ? node->text : NULL;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static void read_text(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *text = scalar_text(r, f, node, "a text");

	if (text)
		*(const char **)out = text_keep(r, text);
}

static void read_string(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *text = scalar_text(r, f, node, "a text of one line");

	if (text && has_control(text))
		fault_type(r, f, node, "a text of one line without control characters");
	else if (text)
		*(const char **)out = text_keep(r, text);
}

static void read_word(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *text = scalar_text(r, f, node, "a word");

	if (text && (has_control(text) || strchr(text, ' ')))
		fault_type(r, f, node, "a word without blanks");
	else if (text)
		*(const char **)out = text_keep(r, text);
}

static void read_version(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	static const char allowed[] = "a version (\"5.2\", \"7.2.1\")";
	const char *text = scalar_text(r, f, node, allowed);
	struct kversion version;

	if (text && (text[strspn(text, "0123456789.")] || kversion_parse(view_of(text), &version)))
		fault_type(r, f, node, allowed);
	else if (text)
		*(const char **)out = text_keep(r, text);
}

static void read_date(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	static const char allowed[] = "a date (2027-05-31)";
	const char *text = scalar_text(r, f, node, allowed);

	if (text && !date_is_valid(text))
		fault_type(r, f, node, allowed);
	else if (text)
		*(const char **)out = text_keep(r, text);
}

/* Integers of the structs are int, int64_t or an enum or bool of that size. */
static void store_int(const struct field *f, int64_t value, void *out)
{
	if (f->size == sizeof(bool))
		*(bool *)out = value;
	else if (f->size == sizeof(int))
		*(int *)out = (int)value;
	else
		*(int64_t *)out = value;
}

static void read_int(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	char allowed[80];
	const char *text;
	long long value;
	char *end;

	snprintf(allowed, sizeof(allowed), "a whole number from %lld to %lld", (long long)f->min, (long long)f->max);
	text = scalar_text(r, f, node, allowed);
	if (!text)
		return;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (!node->plain || errno || *end || text[strspn(text, "-0123456789")] || value < f->min || value > f->max)
		fault_type(r, f, node, allowed);
	else
		store_int(f, value, out);
}

static void read_bool(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *text = scalar_text(r, f, node, "true or false");

	if (text && (!node->plain || (strcmp(text, "true") && strcmp(text, "false"))))
		fault_type(r, f, node, "true or false");
	else if (text)
		*(bool *)out = text[0] == 't';
}

static void read_duration(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	static const char allowed[] = "a duration (\"90s\", \"2m\", \"500ms\"), at most a day";
	const char *text = scalar_text(r, f, node, allowed);
	int64_t ms;

	if (text && (str_to_ms(text, &ms) || ms < f->min || ms > f->max))
		fault_type(r, f, node, allowed);
	else if (text)
		*(int64_t *)out = ms;
}

static void read_choice(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *words[16], *text = scalar_text(r, f, node, "one word");
	autobuf struct buf message = { 0 };
	size_t n = 0;

	for (const struct choice *c = f->choices; text && c->word; c++) {
		if (!strcmp(c->word, text)) {
			if (f->size == sizeof(char *))
				*(const char **)out = c->word;
			else
				store_int(f, c->value, out);
			return;
		}
		if (n < countof(words))
			words[n++] = c->word;
	}
	if (!text)
		return;
	buf_printf(&message, "%s: \"%s\" is no choice", f->key, text);
	suggest_add(&message, text, words, n);
	fault_add(r->faults, node->at, "%s", message.data);
}

static void read_kernels(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *text = scalar_text(r, &(struct field){ .key = f->key, .may_be_empty = true }, node,
				       "a range of kernel versions (\"5.10..6.6\", \"6.1..\", \"..5.18\")");
	struct err err;

	if (text && kversion_range_parse(view_of(text), out, &err))
		fault_add(r->faults, node->at, "%s: %s", f->key, err.msg);
}

static void read_ref(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const char *text = scalar_text(r, f, node, "a name");

	if (!text)
		return;
	if (map_get(&r->entries->by_name[f->ref], view_of(text)))
		*(const char **)out = text_keep(r, text);
	else
		entries_missing(r->entries, node->at, f->ref, text);
}

static void read_map(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	if (node->type == NODE_MAP)
		record_read(r, f->record, node, false, out);
	else
		fault_type(r, f, node, "a map");
}

static bool is_list(struct reader *r, const struct field *f, const struct node *node, const char *allowed)
{
	bool good = node->type == NODE_LIST && (node->n || f->may_be_empty);

	if (node->type != NODE_LIST)
		fault_type(r, f, node, allowed);
	else if (!good)
		fault_add(r->faults, node->at, "%s: is empty; at least one item is allowed", f->key);
	return good;
}

/* Lists of words and of names: each item as a field of its own. */
static void read_names(struct reader *r, const struct field *f, const struct node *node, read_fn *item,
		       struct names *out)
{
	const char **data = arena_alloc(r->arena, (node->n + 1) * sizeof(*data));
	struct field one = *f;
	size_t n = 0;

	one.may_be_empty = false;
	for (size_t i = 0; i < node->n; i++) {
		item(r, &one, node->items[i], &data[n]);
		for (size_t k = 0; data[n] && f->type == FIELD_REFS && k < n; k++)
			if (!strcmp(data[k], data[n]))
				fault_add(r->faults, node->items[i]->at, "%s: \"%s\" is listed twice; once is allowed",
					  f->key, data[n]);
		n += data[n] != NULL;
	}
	*out = (struct names){ data, n };
}

static void read_words(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	if (is_list(r, f, node, "a list of words"))
		read_names(r, f, node, read_word, out);
}

static void read_strings(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	if (is_list(r, f, node, "a list of texts"))
		read_names(r, f, node, read_string, out);
}

static void read_refs(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	if (is_list(r, f, node, "a list of names"))
		read_names(r, f, node, read_ref, out);
}

struct requirement_item {
	const char *require, *hint;
};

static const struct field requirement_item_fields[] = {
	{ "require", FIELD_STRING, .offset = offsetof(struct requirement_item, require), .size = sizeof(char *),
	  .mandatory = true },
	{ "hint", FIELD_STRING, .offset = offsetof(struct requirement_item, hint), .size = sizeof(char *) },
};

static const struct record requirement_item_record = {
	"a requirement",         sizeof(struct requirement_item),  NULL,
	requirement_item_fields, countof(requirement_item_fields), NULL,
};

/* Parsed now, or before: boards of one kind want the same. NULL: err says what is wrong. */
static const struct requirement *requirement_keep(struct reader *r, const struct field *f,
						  const struct requirement_item *item, int *column, struct err *err)
{
	struct requirement *requirement;
	autobuf struct buf name = { 0 };

	buf_addc(&name, (char)f->requirement);
	buf_add(&name, item->require, strlen(item->require) + 1);
	if (item->hint)
		buf_add(&name, item->hint, strlen(item->hint));
	requirement = map_get(&r->requirements, (struct view){ name.data, name.n });
	if (requirement)
		return requirement;
	if (requirement_parse(r->arena, view_of(item->require), f->requirement, item->hint, &requirement, column, err) <
	    0)
		return NULL;
	map_set(&r->requirements, (struct view){ name.data, name.n }, requirement);
	return requirement;
}

static const struct requirement *read_requirement(struct reader *r, const struct field *f, const struct node *node)
{
	const struct node *text = node;
	struct reader passing = *r;
	struct requirement_item item = { 0 };
	const struct requirement *requirement;
	struct err err = { 0 };
	struct place at;
	int column = 0;

	passing.arena = r->entries->arena; /* the requirement has copies of its own */
	if (node->type == NODE_MAP) {
		const struct pair *pair = node_pair(node, "require");

		record_read(&passing, &requirement_item_record, node, false, &item);
		text = pair ? pair->value : node;
	} else {
		read_string(&passing, f, node, &item.require);
	}
	if (!item.require)
		return NULL;
	at = text->at;
	requirement = requirement_keep(r, f, &item, &column, &err);
	if (requirement)
		return requirement;
	if (column > 0)
		at.column += column - 1 + !text->plain;
	fault_add(r->faults, at, "%s: %s", f->key, err.msg);
	return NULL;
}

static void read_requirements(struct reader *r, const struct field *f, const struct node *node, void *out)
{
	const struct requirement **data;
	size_t n = 0;

	if (!is_list(r, f, node, "a list of requirements (\"SYMBOL=y\")"))
		return;
	data = arena_alloc(r->arena, (node->n + 1) * sizeof(*data));
	for (size_t i = 0; i < node->n; i++) {
		data[n] = read_requirement(r, f, node->items[i]);
		n += data[n] != NULL;
	}
	*(struct requirements *)out = (struct requirements){ data, n };
}

static read_fn *const readers[FIELD_TYPE_COUNT] = {
	[FIELD_STRING] = read_string,   [FIELD_TEXT] = read_text,
	[FIELD_WORD] = read_word,       [FIELD_VERSION] = read_version,
	[FIELD_DATE] = read_date,       [FIELD_INT] = read_int,
	[FIELD_BOOL] = read_bool,       [FIELD_DURATION] = read_duration,
	[FIELD_CHOICE] = read_choice,   [FIELD_KERNELS] = read_kernels,
	[FIELD_REF] = read_ref,         [FIELD_MAP] = read_map,
	[FIELD_STRINGS] = read_strings, [FIELD_WORDS] = read_words,
	[FIELD_REFS] = read_refs,       [FIELD_REQUIREMENTS] = read_requirements,
};

static void key_unknown(struct reader *r, const struct record *record, const struct pair *pair, bool inherit)
{
	autofree const char **words = mem_alloc((record->n + 1) * sizeof(*words));
	autobuf struct buf text = { 0 };
	size_t n = 0;

	for (; n < record->n; n++)
		words[n] = record->fields[n].key;
	if (inherit)
		words[n++] = "inherit";
	buf_printf(&text, "%s has no key \"%s\"", record->what, pair->key);
	suggest_add(&text, pair->key, words, n);
	fault_add(r->faults, pair->at, "%s", text.data);
}

/* An absent key reads as the text the schema gives for it; a list as one of that alone. */
static void field_absent(struct reader *r, const struct record *record, const struct field *f, const struct node *map,
			 void *out)
{
	struct node absent = { .type = NODE_SCALAR, .at = map->at, .plain = true, .text = f->absent };
	const struct node *only = &absent;
	const struct node list = { .type = NODE_LIST, .at = map->at, .n = 1, .items = &only };

	if (f->absent)
		readers[f->type](r, f, field_is_list(f) ? &list : &absent, out);
	else if (f->mandatory && !r->broken)
		fault_add(r->faults, map->at, "the key \"%s\" is missing; %s needs it", f->key, record->what);
}

void record_read(struct reader *r, const struct record *record, const struct node *map, bool inherit, void *out)
{
	for (size_t i = 0; i < map->n; i++)
		if (!record_field(record, map->pairs[i].key) && !(inherit && !strcmp(map->pairs[i].key, "inherit")))
			key_unknown(r, record, &map->pairs[i], inherit);
	for (size_t i = 0; i < record->n; i++) {
		const struct field *f = &record->fields[i];
		const struct pair *pair = node_pair(map, f->key);
		char *member = (char *)out + f->offset;

		if (!pair)
			field_absent(r, record, f, map, member);
		else if (f->type != FIELD_MAPS)
			readers[f->type](r, f, pair->value, member);
		else if (is_list(r, f, pair->value, "a list of maps"))
			*(void **)member =
				records_read(r, f->record, pair->value, (size_t *)((char *)out + f->count_offset));
	}
}

/* Of two maps of a list with the same value of the key that tells them apart, the second is a fault, unless one of them
 * is narrowed. */
static void unique_check(struct reader *r, const struct record *record, const struct node *list, size_t i)
{
	const struct pair *pair = node_pair(list->items[i], record->unique);

	for (size_t k = 0; pair && pair->value->type == NODE_SCALAR && pair->value->text && k < i; k++) {
		const struct node *other = list->items[k];
		const struct pair *before = other->type == NODE_MAP ? node_pair(other, record->unique) : NULL;

		if (record->narrows &&
		    (node_pair(list->items[i], record->narrows) || node_pair(other, record->narrows)))
			continue;
		if (before && before->value->type == NODE_SCALAR && before->value->text &&
		    !strcmp(before->value->text, pair->value->text)) {
			fault_add(r->faults, pair->value->at,
				  "%s: \"%s\" is there already, in line %d; once is allowed", pair->key,
				  pair->value->text, before->value->at.line);
			return;
		}
	}
}

void *records_read(struct reader *r, const struct record *record, const struct node *list, size_t *n)
{
	char *data = arena_alloc(r->arena, (list->n + 1) * record->size);

	*n = 0;
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i]->type != NODE_MAP) {
			fault_type(r, &(struct field){ .key = "item" }, list->items[i], "a map");
			continue;
		}
		if (record->unique)
			unique_check(r, record, list, i);
		record_read(r, record, list->items[i], false, data + (*n)++ * record->size);
	}
	return data;
}
