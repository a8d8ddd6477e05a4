#include "report/matrix.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

void cell_text(const json_t *cell, struct buf *b)
{
	json_t *seconds = json_object_get(cell, "seconds");

	buf_clear(b);
	buf_adds(b, cell ? cell_str(cell, "verdict") : "-");
	if (cell && json_is_number(seconds) && json_is_string(json_object_get(cell, "attempt"))) {
		buf_addc(b, ' ');
		buf_add_duration(b, json_number_value(seconds));
	}
}

static void index_cells(struct matrix *m)
{
	json_t *boot;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, boot) {
		autofree char *key = mem_printf("%s@%s", cell_str(boot, "build"), cell_str(boot, "board"));

		map_set(&m->cells, view_of(key), boot);
	}
}

/* What all builds have before their first slash, or nothing. */
static struct view common_source(const json_t *builds)
{
	struct view common = { NULL, 0 };
	json_t *build;
	size_t i;

	json_array_foreach (builds, i, build) {
		struct view rest = view_of(cell_str(build, "build")), source = view_cut(&rest, '/');

		if (i && !view_eq(source, common))
			return (struct view){ NULL, 0 };
		common = source;
	}
	return common;
}

const char *row_name(const struct matrix *m, const char *build)
{
	return build + (m->source.n ? m->source.n + 1 : 0);
}

bool text_has(const text_vec *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->data[i], s) == 0)
			return true;
	return false;
}

void matrix_boards(const struct matrix *m, text_vec *boards)
{
	json_t *boot;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, boot)
		if (!text_has(boards, cell_str(boot, "board")))
			*vec_push(boards) = cell_str(boot, "board");
}

void matrix_begin(struct matrix *m)
{
	m->source = common_source(json_object_get(m->document, "builds"));
	index_cells(m);
}
