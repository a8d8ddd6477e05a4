/* What an entry of each kind may hold, as tables: key, type, place in the struct. */
#ifndef CATALOG_SCHEMA_H
#define CATALOG_SCHEMA_H

#include "catalog/catalog.h"

#include <stddef.h>

enum kind {
#define X(kind) KIND_##kind,
	CATALOG_KINDS(X)
#undef X
		KIND_pattern,
	KIND_COUNT
};

enum field_type {
	FIELD_STRING,
	FIELD_TEXT,    /* may have several lines */
	FIELD_WORD,    /* no blanks: it becomes one argument or one path */
	FIELD_VERSION, /* "5.2" */
	FIELD_DATE,    /* 2027-05-31 */
	FIELD_INT,
	FIELD_BOOL,
	FIELD_DURATION, /* "90s" -> milliseconds */
	FIELD_CHOICE,   /* one of some words */
	FIELD_KERNELS,  /* "5.10..6.6" */
	FIELD_REF,      /* name of an entry */
	FIELD_MAP,      /* a map of its own table */
	FIELD_WORDS,    /* lists from here on */
	FIELD_STRINGS,  /* each may hold blanks: arguments */
	FIELD_REFS,
	FIELD_REQUIREMENTS,
	FIELD_MAPS,
	FIELD_TYPE_COUNT
};

/* A word and the value stored for it; a string member stores the word itself. */
struct choice {
	const char *word;
	int value;
};

struct record;

struct field {
	const char *key;
	enum field_type type;
	size_t offset, size; /* of the member */
	size_t count_offset; /* FIELD_MAPS: of the member that holds how many */
	bool mandatory;
	bool may_be_empty;            /* an empty text or list says something */
	const char *absent;           /* what an absent key means, as it would be written; NULL: all zero */
	int64_t min, max;             /* FIELD_INT; durations in milliseconds */
	const struct choice *choices; /* ends with a NULL word */
	enum kind ref;
	enum requirement_kind requirement;
	const struct record *record;
};

/* A table of fields, and what one such map is called. */
struct record {
	const char *what;
	size_t size;
	const char *unique; /* key that tells the maps of one list apart, or NULL */
	const struct field *fields;
	size_t n;
	const char *narrows; /* key of maps that may repeat the unique one, or NULL */
};

struct kind_schema {
	const char *name; /* of the kind and its directory */
	const char *suffix;
	struct record record;
	size_t list_offset, count_offset; /* in struct catalog */
};

/* Every struct of an entry begins so. */
struct entry_head {
	const char *name;
	struct origin origin;
};

const struct kind_schema *kind_schema(enum kind kind);
/* KIND_COUNT when there is none of that name. */
enum kind kind_by_name(const char *name);
/* The field of a key, or NULL. */
const struct field *record_field(const struct record *record, const char *key);
bool field_is_list(const struct field *field);

#endif
