/* inherit: NAME takes over another entry's keys; KEY replaces one of them, KEY+ adds to a list. */
#include "base/cleanup.h"
#include "catalog/entry.h"

#include <stdlib.h>
#include <string.h>

struct merge {
	struct entries *entries;
	const struct record *record;
};

static const struct node *merge_maps(struct merge *m, const struct node *parent, const struct node *own);

static const struct node *merge_lists(struct merge *m, const struct node *parent, const struct node *own)
{
	struct node *list = arena_memdup(m->entries->arena, own, sizeof(*own));
	size_t before = parent && parent->type == NODE_LIST ? parent->n : 0;

	list->items = arena_alloc(m->entries->arena, (before + own->n) * sizeof(*list->items));
	if (before)
		memcpy(list->items, parent->items, before * sizeof(*list->items));
	if (own->n)
		memcpy(list->items + before, own->items, own->n * sizeof(*list->items));
	list->n = before + own->n;
	return list;
}

/* "require+" -> the field require, when that is a list. */
static const struct field *field_added(const struct merge *m, const char *key)
{
	size_t n = strlen(key);
	const struct field *field;
	autofree char *name = NULL;

	if (n < 2 || key[n - 1] != '+')
		return NULL;
	name = mem_strndup(key, n - 1);
	field = record_field(m->record, name);
	return field && field_is_list(field) ? field : NULL;
}

static void merge_pair(struct merge *m, struct node *into, const struct pair *own)
{
	const struct field *added = field_added(m, own->key);
	const char *key = added ? added->key : own->key;
	const struct field *field = added ? added : record_field(m->record, key);
	struct pair *there = (struct pair *)node_pair(into, key);
	struct pair pair = { key, own->at, own->value };

	if (added && own->value->type == NODE_LIST)
		pair.value = merge_lists(m, there ? there->value : NULL, own->value);
	else if (there && field && field->type == FIELD_MAP && own->value->type == NODE_MAP &&
		 there->value->type == NODE_MAP)
		pair.value = merge_maps(&(struct merge){ m->entries, field->record }, there->value, own->value);
	if (there)
		*there = pair;
	else
		into->pairs[into->n++] = pair;
}

static const struct node *merge_maps(struct merge *m, const struct node *parent, const struct node *own)
{
	struct node *map = arena_memdup(m->entries->arena, own, sizeof(*own));

	map->n = parent->n;
	map->pairs = arena_alloc(m->entries->arena, (parent->n + own->n) * sizeof(*map->pairs));
	if (parent->n)
		memcpy(map->pairs, parent->pairs, parent->n * sizeof(*map->pairs));
	for (size_t i = 0; i < own->n; i++)
		merge_pair(m, map, &own->pairs[i]);
	return map;
}

/* An entry may build on the one of the same name that it hides. */
static struct entry *parent_find(struct entries *entries, struct entry *entry, const char *name)
{
	return strcmp(name, entry->name) ? map_get(&entries->by_name[entry->kind], view_of(name)) : entry->hidden;
}

static void entry_inherit(struct entries *entries, struct entry *entry);

/* The parent, merged; NULL with a fault. */
static struct entry *parent_get(struct entries *entries, struct entry *entry, const struct node *value)
{
	const char *kind = kind_schema(entry->kind)->name;
	struct entry *parent;

	if (value->type != NODE_SCALAR || !value->text) {
		fault_add(entries->faults, value->at, "inherit: the name of one %s is allowed", kind);
		return NULL;
	}
	parent = parent_find(entries, entry, value->text);
	if (!parent && !strcmp(value->text, entry->name)) {
		fault_add(entries->faults, value->at,
			  "%s inherits itself; allowed is another %s, or the one of this name in a later directory",
			  entry->name, kind);
	} else if (!parent) {
		entries_missing(entries, value->at, entry->kind, value->text);
	} else if (parent->state == ENTRY_BUSY) {
		fault_add(entries->faults, value->at,
			  "a cycle: %s inherits %s, which inherits %s in turn; a chain with an end is allowed",
			  entry->name, parent->name, entry->name);
		parent = NULL;
	} else {
		entry_inherit(entries, parent);
	}
	return parent;
}

static void added_check(struct entries *entries, struct entry *entry, const struct merge *m)
{
	for (size_t i = 0; i < entry->own->n; i++) {
		const struct pair *pair = &entry->own->pairs[i];
		const struct field *added = field_added(m, pair->key);

		if (!added)
			continue;
		if (!node_pair(entry->own, "inherit"))
			fault_add(entries->faults, pair->at,
				  "%s adds to an inherited list, and nothing is inherited; %s is allowed", pair->key,
				  added->key);
		if (node_pair(entry->own, added->key))
			fault_add(entries->faults, pair->at, "%s and %s are both given; one of them is allowed",
				  added->key, pair->key);
	}
}

static void entry_inherit(struct entries *entries, struct entry *entry)
{
	struct merge m = { entries, &kind_schema(entry->kind)->record };
	const struct pair *inherit;
	struct entry *parent = NULL;

	if (entry->state == ENTRY_DONE)
		return;
	entry->state = ENTRY_BUSY;
	entry->merged = entry->own;
	if (entry->own && entry->own->type == NODE_MAP) {
		struct node none = { .type = NODE_MAP };

		inherit = node_pair(entry->own, "inherit");
		if (inherit)
			parent = parent_get(entries, entry, inherit->value);
		if (inherit && (!parent || parent->broken))
			entry->broken = true;
		added_check(entries, entry, &m);
		if (parent && parent->merged && parent->merged->type == NODE_MAP)
			entry->merged = merge_maps(&m, parent->merged, entry->own);
		else
			entry->merged = merge_maps(&m, &none, entry->own);
	}
	entry->state = ENTRY_DONE;
}

static int entry_cmp(const void *a, const void *b)
{
	return strcmp((*(struct entry *const *)a)->name, (*(struct entry *const *)b)->name);
}

void entries_inherit(struct entries *entries)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		entry_vec *list = &entries->list[k];

		if (list->n)
			qsort(list->data, list->n, sizeof(*list->data), entry_cmp);
		/* what is hidden is checked as well: it may show again */
		for (size_t i = 0; i < list->n && k != KIND_fragment && k != KIND_pattern; i++)
			for (struct entry *e = list->data[i]; e; e = e->hidden)
				entry_inherit(entries, e);
	}
}
