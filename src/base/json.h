/* jansson with Kiln's errors: canonical text, files, and fields that say what is missing. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline void json_unref_at(json_t **j)
{
	json_decref(*j);
}
#define autojson __attribute__((cleanup(json_unref_at)))

/* Canonical form: keys sorted, no blanks, UTF-8. Equal values give equal bytes. Owned. */
char *json_canonical(const json_t *j);
/* SHA-256 of the canonical form. */
void json_digest(const json_t *j, char hex[static HASH_HEX]);

int json_read(int dir, const char *path, json_t **out, struct err *err);
/* Atomic, indented for people. */
int json_write(int dir, const char *path, const json_t *j, struct err *err);
/* On standard output, indented for people. */
void json_print(const json_t *j);

/* Fields of an object. The string and the object are borrowed from j. An absent field or one of
 * another type is an error that names it. */
int json_field_str(const json_t *j, const char *key, const char **out, struct err *err);
int json_field_int(const json_t *j, const char *key, int64_t *out, struct err *err);
int json_field_obj(const json_t *j, const char *key, json_t **out, struct err *err);
int json_field_arr(const json_t *j, const char *key, json_t **out, struct err *err);
/* As above with a default for an absent field; NULL is a fine default. */
const char *json_str_or(const json_t *j, const char *key, const char *otherwise);
int64_t json_int_or(const json_t *j, const char *key, int64_t otherwise);
int json_bool_or(const json_t *j, const char *key, int otherwise);

/* Whether a list of strings has this one. NULL is an empty list. */
bool json_has_string(const json_t *list, const char *s);

/* json_string for bytes from outside: what is no UTF-8 or is a control byte is shown as \xNN. */
json_t *json_text(struct view v);

#endif
