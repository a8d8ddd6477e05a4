/* The files of the catalogue while it is loaded: found, parsed, inherited. */
#ifndef CATALOG_ENTRY_H
#define CATALOG_ENTRY_H

#include "base/map.h"
#include "catalog/node.h"
#include "catalog/schema.h"

enum entry_state { ENTRY_RAW, ENTRY_BUSY, ENTRY_DONE };

struct entry {
	enum kind kind;
	const char *name;
	const char *file;
	const char *text;          /* a fragment's */
	const struct node *own;    /* as written; NULL when the file holds none */
	const struct node *merged; /* with what it inherits; NULL as above */
	enum entry_state state;
	bool broken;          /* a part is missing for a reason already reported */
	struct entry *hidden; /* of the same name, in a later directory */
	size_t rank;          /* of its directory, 0 for the first */
};

typedef VEC(struct entry *) entry_vec;

struct entries {
	struct arena *arena;
	struct faults *faults;
	entry_vec list[KIND_COUNT]; /* those of the earliest directory that has the name */
	struct map by_name[KIND_COUNT];
	size_t rank; /* of the directory that is scanned */
};

/* Finds and reads the files of one directory; those already there hide them. An absent directory
 * is no fault: *found tells. */
int entries_scan(struct entries *entries, const char *dir, bool *found, struct err *err);
/* Sorts by name, merges each entry with what it inherits. */
void entries_inherit(struct entries *entries);
/* Reports that name is none of the entries of the kind, with the nearest names. */
void entries_missing(const struct entries *entries, struct place at, enum kind kind, const char *name);
void entries_free(struct entries *entries);

#endif
