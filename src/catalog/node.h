/* A YAML document as a plain tree that lives while the catalogue is loaded and knows where each part was written. */
#ifndef CATALOG_NODE_H
#define CATALOG_NODE_H

#include "base/mem.h"
#include "base/str.h"
#include "catalog/fault.h"

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	struct place at;
	bool broken;      /* its fault is reported already */
	bool plain;       /* a scalar without quotes: the only way to write a number or a truth value */
	const char *text; /* of a scalar; NULL for one left empty */
	size_t n;
	const struct node **items; /* of a list */
	struct pair *pairs;        /* of a map, in the order written, each key once */
};

struct pair {
	const char *key;
	struct place at;
	const struct node *value;
};

/* Parses one document. NULL when there is none; every fault found is in faults. */
const struct node *node_parse(struct arena *a, const char *file, struct view text, struct faults *faults);
/* The pair of a key in a map, or NULL. */
const struct pair *node_pair(const struct node *map, const char *key);
/* Reports bytes that no text of the catalogue may hold; false when there are any. */
bool text_check(const char *file, struct view text, struct faults *faults);

#endif
