/* A matrix as a grid: rows builds, columns boards. */
#include "base/cleanup.h"
#include "report/matrix.h"

#include <string.h>

static void print_cell(struct matrix *m, const json_t *cell, int width)
{
	autobuf struct buf b = { 0 };
	const char *verdict = cell ? cell_str(cell, "verdict") : "skip";

	cell_text(cell, &b);
	fprintf(m->out, "%*s%s%-*s%s", GAP, "", colour_of(verdict, m->options->colours), width, b.data,
		colour_end(m->options->colours));
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

static int column_width(struct matrix *m, const char *board)
{
	int width = (int)strlen(board);
	autobuf struct buf b = { 0 };
	json_t *boot;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, boot) {
		if (strcmp(cell_str(boot, "board"), board) != 0)
			continue;
		cell_text(boot, &b);
		width = max_int(width, (int)b.n);
	}
	return width;
}

static int build_column(struct matrix *m)
{
	int width = (int)strlen("build");
	autobuf struct buf b = { 0 };
	json_t *build;
	size_t i;

	json_array_foreach (json_object_get(m->document, "builds"), i, build) {
		cell_text(build, &b);
		width = max_int(width, (int)b.n);
	}
	return width;
}

static int name_column(struct matrix *m)
{
	int width = 0;
	json_t *build;
	size_t i;

	json_array_foreach (json_object_get(m->document, "builds"), i, build)
		width = max_int(width, (int)strlen(row_name(m, cell_str(build, "build"))));
	return width;
}

void grid_print(struct matrix *m, const text_vec *boards)
{
	int names = name_column(m), builds = build_column(m);
	VEC(int) widths = { 0 };
	json_t *build;
	size_t i;

	fprintf(m->out, "%-*s%*s%-*s", names, "", GAP, "", boards->n ? builds : 0, "build");
	for (size_t b = 0; b < boards->n; b++) {
		*vec_push(&widths) = column_width(m, boards->data[b]);
		/* The last column is not padded: no blanks at the end of a line. */
		fprintf(m->out, "%*s%-*s", GAP, "", b + 1 < boards->n ? widths.data[b] : 0, boards->data[b]);
	}
	fputc('\n', m->out);
	json_array_foreach (json_object_get(m->document, "builds"), i, build) {
		fprintf(m->out, "%-*s", names, row_name(m, cell_str(build, "build")));
		print_cell(m, build, boards->n ? builds : 0);
		for (size_t b = 0; b < boards->n; b++) {
			autofree char *key = mem_printf("%s@%s", cell_str(build, "build"), boards->data[b]);

			print_cell(m, map_get(&m->cells, view_of(key)), b + 1 < boards->n ? widths.data[b] : 0);
		}
		fputc('\n', m->out);
	}
	vec_free(&widths);
}

int grid_width(struct matrix *m, const text_vec *boards)
{
	int width = name_column(m) + GAP + build_column(m);

	for (size_t i = 0; i < boards->n; i++)
		width += GAP + column_width(m, boards->data[i]);
	return width;
}
