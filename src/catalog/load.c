#include "catalog/load.h"

#include <stdlib.h>
#include <string.h>

/* The catalogue and the memory of all it points to. */
struct store {
	struct catalog catalog;
	struct arena arena;
};

static void fragment_read(struct reader *r, const struct entry *entry, void *out)
{
	if (entry->text)
		fragment_check(entry->file, entry->text, r->faults);
	((struct catalog_fragment *)out)->text = entry->text ? arena_strdup(r->arena, entry->text) : NULL;
}

static void entry_to_struct(struct reader *r, const struct catalog *c, const struct entry *entry, void *out)
{
	const struct kind_schema *schema = kind_schema(entry->kind);
	struct entry_head *head = out;

	r->broken = entry->broken;
	head->name = text_keep(r, entry->name);
	head->origin = (struct origin){ text_keep(r, entry->file), 1 };
	if (entry->kind == KIND_fragment) {
		fragment_read(r, entry, out);
	} else if (entry->merged && entry->merged->type != NODE_MAP) {
		fault_add(r->faults, entry->merged->at, "is no map; %s is a map of keys", schema->record.what);
	} else if (entry->merged) {
		head->origin.line = entry->merged->at.line;
		record_read(r, &schema->record, entry->merged, true, out);
		entry_check(r, c, entry->kind, out, entry->merged);
	}
}

static void kind_read(struct reader *r, struct catalog *c, enum kind kind)
{
	const struct kind_schema *schema = kind_schema(kind);
	const entry_vec *list = &r->entries->list[kind];
	char *data = arena_alloc(r->arena, (list->n + 1) * schema->record.size);

	for (size_t i = 0; i < list->n; i++) {
		entry_to_struct(r, c, list->data[i], data + i * schema->record.size);
		for (const struct entry *e = list->data[i]->hidden; e; e = e->hidden)
			entry_to_struct(r, c, e, arena_alloc(r->arena, schema->record.size));
	}
	*(void **)((char *)c + schema->list_offset) = data;
	*(size_t *)((char *)c + schema->count_offset) = list->n;
}

static int dirs_scan(struct entries *entries, const char *const *dirs, size_t n, struct err *err)
{
	bool found, any = false;

	for (size_t i = 0; i < n; i++) {
		entries->rank = i;
		if (entries_scan(entries, arena_strdup(entries->arena, dirs[i]), &found, err))
			return -1;
		any |= found;
	}
	if (!any)
		return err_user(err, "there is no catalogue: %s is no directory%s", n ? dirs[n - 1] : "(none)",
				n > 1 ? ", nor are the others" : "");
	return 0;
}

int catalog_load(const char *const *dirs, size_t n, const struct catalog **out, struct buf *faults, struct err *err)
{
	struct store *store = mem_alloc(sizeof(*store));
	struct arena trees = { 0 };
	struct faults found = { .arena = &trees };
	struct entries entries = { .arena = &trees, .faults = &found };
	struct reader reader = { .arena = &store->arena, .faults = &found, .entries = &entries };
	size_t bad = 0;
	int rc = dirs_scan(&entries, dirs, n, err);

	if (!rc) {
		entries_inherit(&entries);
		for (enum kind kind = 0; kind < KIND_pattern; kind++)
			kind_read(&reader, &store->catalog, kind);
		patterns_read(&reader, &store->catalog);
	}
	bad = faults_print(&found, faults);
	if (!rc && bad)
		rc = err_user(err, "the catalogue has %zu fault%s; kiln catalog check shows %s", bad,
			      bad > 1 ? "s" : "", bad > 1 ? "them" : "it");
	entries_free(&entries);
	faults_free(&found);
	map_free(&reader.requirements);
	arena_free(&trees);
	if (!rc)
		*out = &store->catalog;
	else
		catalog_free(&store->catalog);
	return rc;
}

void catalog_free(const struct catalog *c)
{
	struct store *store = (struct store *)c;

	if (!store)
		return;
	arena_free(&store->arena);
	free(store);
}
