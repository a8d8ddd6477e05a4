/* Pattern files are lists; their names are those of the patterns, not of the files. */
#include "base/cleanup.h"
#include "catalog/load.h"

struct found {
	struct judge_pattern pattern;
	struct place at;
	size_t rank; /* of the directory: the lowest one wins */
	bool hidden;
};

typedef VEC(struct found *) found_vec;

static void pattern_add(struct reader *r, struct map *by_name, found_vec *all, struct found *found)
{
	struct found *other = map_get(by_name, view_of(found->pattern.name));

	*vec_push(all) = found;
	if (other && other->rank == found->rank) {
		fault_add(r->faults, found->at, "the pattern \"%s\" is there already, in %s:%d; once is allowed",
			  found->pattern.name, other->at.file, other->at.line);
		return;
	}
	found->hidden = other && other->rank < found->rank;
	if (found->hidden)
		return;
	if (other)
		other->hidden = true;
	map_set(by_name, view_of(found->pattern.name), found);
}

static void pattern_file(struct reader *r, const struct entry *entry, struct map *by_name, found_vec *all)
{
	if (!entry->own)
		return;
	if (entry->own->type != NODE_LIST) {
		fault_add(r->faults, entry->own->at, "is no list; a list of patterns is allowed");
		return;
	}
	for (size_t i = 0; i < entry->own->n; i++) {
		const struct node *item = entry->own->items[i];
		struct found *found = arena_alloc(r->arena, sizeof(*found));

		found->at = item->at;
		found->rank = entry->rank;
		if (item->type == NODE_MAP)
			record_read(r, &kind_schema(KIND_pattern)->record, item, false, &found->pattern);
		else
			fault_add(r->faults, item->at, "is no map; {name: …, regex: …, verdict: …} is allowed");
		if (found->pattern.name)
			pattern_add(r, by_name, all, found);
	}
}

void patterns_read(struct reader *r, struct catalog *c)
{
	const entry_vec *files = &r->entries->list[KIND_pattern];
	struct judge_pattern *patterns;
	struct origin *origins;
	struct map by_name = { 0 };
	found_vec all = { 0 };

	for (size_t i = 0; i < files->n; i++)
		for (const struct entry *e = files->data[i]; e; e = e->hidden)
			pattern_file(r, e, &by_name, &all);
	patterns = arena_alloc(r->arena, (all.n + 1) * sizeof(*patterns));
	origins = arena_alloc(r->arena, (all.n + 1) * sizeof(*origins));
	for (size_t i = 0; i < all.n; i++) {
		if (all.data[i]->hidden)
			continue;
		origins[c->n_patterns] = (struct origin){ text_keep(r, all.data[i]->at.file), all.data[i]->at.line };
		patterns[c->n_patterns++] = all.data[i]->pattern;
	}
	c->patterns = patterns;
	c->pattern_origins = origins;
	vec_free(&all);
	map_free(&by_name);
}
