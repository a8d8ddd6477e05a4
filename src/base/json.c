#include "base/json.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

char *json_canonical(const json_t *j)
{
	char *s = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (!s)
		abort();
	return s;
}

void json_digest(const json_t *j, char hex[static HASH_HEX])
{
	autofree char *s = json_canonical(j);

	hash_bytes(s, strlen(s), hex);
}

int json_read(int dir, const char *path, json_t **out, struct err *err)
{
	autobuf struct buf text = { 0 };
	json_error_t je;
	json_t *j;

	if (fs_read(dir, path, 256u << 20, &text, err) < 0)
		return -1;
	j = json_loadb(text.data ? text.data : "", text.n, 0, &je);
	if (!j)
		return err_user(err, "%s:%d:%d: not JSON: %s", path, je.line, je.column, je.text);
	*out = j;
	return 0;
}

int json_write(int dir, const char *path, const json_t *j, struct err *err)
{
	autofree char *s = json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS);

	if (!s)
		return err_infra(err, 0, "%s: a value cannot be written as JSON", path);
	return fs_write(dir, path, s, strlen(s), 0644, err);
}

void json_print(const json_t *j)
{
	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int field(const json_t *j, const char *key, json_type type, const char *what, json_t **out, struct err *err)
{
	json_t *v = json_object_get(j, key);

	if (!v || json_typeof(v) != type)
		return err_user(err, "the field \"%s\" must be there and be %s", key, what);
	*out = v;
	return 0;
}

int json_field_str(const json_t *j, const char *key, const char **out, struct err *err)
{
	json_t *v = NULL;

	if (field(j, key, JSON_STRING, "a string", &v, err) < 0)
		return -1;
	*out = json_string_value(v);
	return 0;
}

int json_field_int(const json_t *j, const char *key, int64_t *out, struct err *err)
{
	json_t *v = NULL;

	if (field(j, key, JSON_INTEGER, "an integer", &v, err) < 0)
		return -1;
	*out = json_integer_value(v);
	return 0;
}

int json_field_obj(const json_t *j, const char *key, json_t **out, struct err *err)
{
	return field(j, key, JSON_OBJECT, "an object", out, err);
}

int json_field_arr(const json_t *j, const char *key, json_t **out, struct err *err)
{
	return field(j, key, JSON_ARRAY, "an array", out, err);
}

const char *json_str_or(const json_t *j, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : otherwise;
}

int64_t json_int_or(const json_t *j, const char *key, int64_t otherwise)
{
	json_t *v = json_object_get(j, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

int json_bool_or(const json_t *j, const char *key, int otherwise)
{
	json_t *v = json_object_get(j, key);

	return json_is_boolean(v) ? json_boolean_value(v) : otherwise;
}

bool json_has_string(const json_t *list, const char *s)
{
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)list, i, item)
		if (strcmp(json_string_value(item), s) == 0)
			return true;
	return false;
}

json_t *json_text(struct view v)
{
	autobuf struct buf b = { 0 };

	buf_add_printable(&b, v);
	return json_stringn(b.data ? b.data : "", b.n);
}
