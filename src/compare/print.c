/* What was found, for people. */
#include "compare/private.h"

#include "base/cleanup.h"

#include <string.h>

enum { ROWS_MAX = 24, NAMES_SHOWN = 4, EXAMPLES_SHOWN = 8, TEXT_SHOWN = 100 };

static void list_print(const json_t *list, size_t max, struct buf *out)
{
	json_t *entry;
	size_t i, n = json_array_size(list);

	json_array_foreach (list, i, entry) {
		if (i == max) {
			buf_printf(out, " and %zu more", n - max);
			return;
		}
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(entry));
	}
}

static void side_print(const json_t *result, const char *which, struct buf *out)
{
	const json_t *side = json_object_get(result, which);

	buf_printf(out, "%-7s %s, build-id %s\n", which, json_str_or(side, "name", ""),
		   json_str_or(side, "build_id", "none"));
}

static void share_print(const json_t *counts, const char *what, struct buf *out)
{
	autofree char *equal = mem_printf("%s_equal", what);

	buf_printf(out, "%lld of %lld %s", (long long)json_int_or(counts, equal, 0),
		   (long long)json_int_or(counts, what, 0), what);
}

static void verdict_print(const json_t *result, struct buf *out)
{
	const json_t *counts = json_object_get(result, "counts");
	const bool missing = json_array_size(json_object_get(result, "objects_missing")) > 0;

	buf_adds(out, json_is_true(json_object_get(result, "build_id_equal")) ? "the same build-id"
									      : "the build-ids differ");
	buf_adds(out, "; ");
	share_print(counts, "sections", out);
	if (!missing) {
		buf_adds(out, " and ");
		share_print(counts, "objects", out);
	}
	buf_adds(out, " equal\n");
}

static void conclusion_print(const json_t *result, struct buf *out)
{
	json_t *same = json_object_get(result, "same_code");

	if (json_is_true(json_object_get(result, "equal")))
		return;
	if (json_is_null(same))
		buf_adds(out, "whether their code differs cannot be told without the objects\n");
	else
		buf_adds(out,
			 json_is_true(same) ? "their code and data are the same\n" : "they are different kernels\n");
}

static void inputs_print(const json_t *result, struct buf *out)
{
	json_t *input;
	size_t i;

	json_array_foreach (json_object_get(result, "inputs"), i, input) {
		const char *first = json_str_or(input, "first", ""), *second = json_str_or(input, "second", "");

		buf_printf(out, "made from other %s: %s / %s\n", json_str_or(input, "what", ""),
			   *first ? first : "none", *second ? second : "none");
	}
}

static void size_print(const json_t *size, char *text, size_t n)
{
	if (json_is_integer(size))
		snprintf(text, n, "%lld", (long long)json_integer_value(size));
	else
		snprintf(text, n, "-");
}

static void sections_print(const json_t *result, struct buf *out)
{
	json_t *section;
	size_t i, n = 0;

	json_array_foreach (json_object_get(result, "sections"), i, section) {
		json_t *size = json_object_get(section, "size");
		char first[24], second[24];

		if (strcmp(json_str_or(section, "result", ""), "equal") == 0)
			continue;
		if (!n++)
			buf_printf(out, "\n%-24s %10s %10s  %s\n", "section", "first", "second", "why");
		if (n > ROWS_MAX)
			continue;
		size_print(json_array_get(size, 0), first, sizeof(first));
		size_print(json_array_get(size, 1), second, sizeof(second));
		buf_printf(out, "%-24s %10s %10s  ", json_str_or(section, "name", ""), first, second);
		list_print(json_object_get(section, "why"), CAUSE_COUNT, out);
		buf_addc(out, '\n');
	}
	if (n > ROWS_MAX)
		buf_printf(out, "and %zu more\n", n - ROWS_MAX);
}

/* Objects that differ in the same sections for the same reasons are one row. */
struct row {
	const json_t *object; /* the first of them */
	json_t *paths;
};
typedef VEC(struct row) rows;

/* The object's sections without those of debug information and of symbols, where there are others. New. */
static json_t *sections_told(const json_t *object)
{
	static const char *const tables[] = { ".symtab", ".strtab", ".shstrtab" };
	json_t *all = json_object_get(object, "sections"), *told = json_array(), *section;
	size_t i;

	json_array_foreach (all, i, section) {
		const char *name = json_string_value(section);
		bool table = strstr(name, ".debug") != NULL;

		for (size_t k = 0; k < countof(tables) && !table; k++)
			table = strcmp(name, tables[k]) == 0;
		if (!table)
			json_array_append(told, section);
	}
	if (json_array_size(told))
		return told;
	json_decref(told);
	return json_incref(all);
}

/* Of debug information alone the sections do not count. */
static char *row_key(const json_t *object)
{
	json_t *why = json_object_get(object, "why");
	autojson json_t *sections = sections_told(object);
	bool debug = json_array_size(why) == 1 && strcmp(json_string_value(json_array_get(why, 0)), "debug") == 0;
	autojson json_t *key = json_pack("[s, O, O]", json_str_or(object, "result", ""), why, debug ? why : sections);

	return json_canonical(key);
}

static void rows_find(const json_t *objects, rows *out)
{
	struct map at = { 0 };
	json_t *object;
	size_t i;

	json_array_foreach (objects, i, object) {
		autofree char *key = row_key(object);
		size_t index = (size_t)map_get(&at, view_of(key));

		if (strcmp(json_str_or(object, "result", ""), "equal") == 0)
			continue;
		if (!index) {
			*vec_push(out) = (struct row){ object, json_array() };
			map_set(&at, view_of(key), (void *)(index = out->n));
		}
		json_array_append(out->data[index - 1].paths, json_object_get(object, "path"));
	}
	map_free(&at);
}

static void row_print(const struct row *row, struct buf *out)
{
	const char *how = json_str_or(row->object, "result", "");
	autojson json_t *sections = sections_told(row->object);

	list_print(row->paths, NAMES_SHOWN, out);
	buf_adds(out, "\n    ");
	if (strcmp(how, "differs") != 0)
		buf_printf(out, "only in the %s; ", how);
	list_print(json_object_get(row->object, "why"), CAUSE_COUNT, out);
	buf_adds(out, ", in ");
	list_print(sections, EXAMPLES_SHOWN, out);
	if (json_array_size(row->paths) == 1 && json_array_size(json_object_get(row->object, "symbols"))) {
		buf_adds(out, ": ");
		list_print(json_object_get(row->object, "symbols"), EXAMPLES_SHOWN, out);
	}
	buf_addc(out, '\n');
}

static void objects_print(const json_t *result, struct buf *out)
{
	rows list = { 0 };

	rows_find(json_object_get(result, "objects"), &list);
	if (list.n)
		buf_adds(out, "\nobjects\n");
	for (size_t i = 0; i < list.n; i++) {
		if (i < ROWS_MAX)
			row_print(&list.data[i], out);
		json_decref(list.data[i].paths);
	}
	if (list.n > ROWS_MAX)
		buf_printf(out, "and %zu more rows; --json has all\n", list.n - ROWS_MAX);
	vec_free(&list);
}

/* At most so many bytes, since a text of a kernel may be long; it is printable and its line ends are escaped. */
static void text_print(const char *text, struct buf *out)
{
	size_t n = text ? strlen(text) : 0;

	while (n > TEXT_SHOWN && ((unsigned char)text[TEXT_SHOWN] & 0xc0) == 0x80)
		n--;
	if (!text)
		buf_adds(out, "-");
	else
		buf_printf(out, "%.*s%s", n > TEXT_SHOWN ? TEXT_SHOWN : (int)n, text, n > TEXT_SHOWN ? "..." : "");
}

static void example_print(const json_t *example, struct buf *out)
{
	const char *first = json_str_or(example, "first", NULL), *second = json_str_or(example, "second", NULL);

	buf_adds(out, "    ");
	text_print(first ? first : second, out);
	if (first && second && strcmp(first, second) != 0) {
		buf_adds(out, "\n  / ");
		text_print(second, out);
	} else if (!second || !first) {
		buf_printf(out, " (%s)", first ? "first" : "second");
	}
	buf_addc(out, '\n');
}

static void cause_print(const json_t *why, struct buf *out)
{
	json_t *examples = json_object_get(why, "examples"), *example;
	const char *advice = json_str_or(why, "advice", NULL);
	int64_t n = json_int_or(why, "count", 0);
	size_t i;

	buf_printf(out, "\n%s: %s\n", json_str_or(why, "cause", ""), json_str_or(why, "meaning", ""));
	json_array_foreach (examples, i, example)
		if (i < EXAMPLES_SHOWN)
			example_print(example, out);
	if (n > EXAMPLES_SHOWN)
		buf_printf(out, "    and %lld more\n", (long long)n - EXAMPLES_SHOWN);
	if (advice)
		buf_printf(out, "  %s\n", advice);
}

static void missing_print(const json_t *result, struct buf *out)
{
	json_t *missing = json_object_get(result, "objects_missing");

	if (!json_array_size(missing))
		return;
	buf_adds(out, "objects are not known of the ");
	list_print(missing, 2, out);
	buf_adds(out, " (a file, or built before Kiln kept them); kiln compare --help says how to get them\n");
}

void compare_print(const json_t *result, struct buf *out)
{
	json_t *why;
	size_t i;

	side_print(result, "first", out);
	side_print(result, "second", out);
	verdict_print(result, out);
	conclusion_print(result, out);
	inputs_print(result, out);
	missing_print(result, out);
	sections_print(result, out);
	objects_print(result, out);
	json_array_foreach (json_object_get(result, "why"), i, why) {
		const char *cause = json_str_or(why, "cause", "");

		if (strcmp(cause, "layout") != 0)
			cause_print(why, out);
	}
}
