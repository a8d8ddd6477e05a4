/* From trees to structs, as the tables of the schema say. */
#ifndef CATALOG_READ_H
#define CATALOG_READ_H

#include "catalog/entry.h"

struct reader {
	struct arena *arena; /* of what stays; the trees do not */
	struct faults *faults;
	const struct entries *entries;
	struct map requirements; /* those that are there already, by all that they say */
	bool broken;             /* of what is read a part is missing already: mandatory keys are not asked for */
};

/* A text of a tree, once it stays. */
const char *text_keep(struct reader *r, const char *text);
/* Reads a map into out, a zeroed struct of the record. inherit tells whether that key is fine here. */
void record_read(struct reader *r, const struct record *record, const struct node *map, bool inherit, void *out);
/* Reads a list of maps into a new array. */
void *records_read(struct reader *r, const struct record *record, const struct node *list, size_t *n);
/* Reports lines that no fragment may hold. */
void fragment_check(const char *file, const char *text, struct faults *faults);

#endif
