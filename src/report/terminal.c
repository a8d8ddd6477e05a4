/* A run's document on a terminal. */
#include "report/matrix.h"

#include "base/cleanup.h"

#include <string.h>

enum { PIPED_WIDTH = 160 };

static void print_result(struct matrix *m)
{
	text_vec boards = { 0 };

	matrix_boards(m, &boards);
	if (grid_width(m, &boards) <= (m->options->width ? m->options->width : PIPED_WIDTH))
		grid_print(m, &boards);
	else
		list_print(m);
	vec_free(&boards);
	fputc('\n', m->out);
	notes_skips(m);
	notes_failures(m, "builds");
	notes_failures(m, "boots");
}

void report_matrix(const json_t *document, const struct report_options *options, FILE *out)
{
	struct matrix m = { .document = document, .options = options, .out = out };

	matrix_begin(&m);
	if (m.source.n)
		fprintf(out, "source " VIEW_FMT "\n", VIEW_ARG(m.source));
	if (strcmp(cell_str(document, "state"), "plan") == 0)
		list_print_plan(&m);
	else
		print_result(&m);
	notes_sums(&m, "builds");
	if (json_array_size(json_object_get(document, "boots")))
		notes_sums(&m, "boots");
	map_free(&m.cells);
}
