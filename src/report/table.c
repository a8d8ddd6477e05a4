/* A summary for a terminal. */
#include "base/cleanup.h"
#include "report/cells.h"
#include "report/columns.h"
#include "report/private.h"

#include <string.h>

enum { GAP = 2 };

static int column_width(const struct column *column, const cell_vec *cells, size_t i, size_t end)
{
	size_t width = strlen(column->title);

	for (; i < end; i++) {
		autobuf struct buf text = { 0 };

		column_text(column, cells->data[i], &text);
		width = text.n > width ? text.n : width;
	}
	return (int)width;
}

/* Reasons may be long: the result comes last, so that nothing stands behind it. */
static const struct column *column_at(size_t i)
{
	const struct column *result = NULL;
	size_t n = 0;

	for (size_t k = 0; k < COLUMNS; k++) {
		const struct column *c = &report_columns[k];

		if (strcmp(c->key, "result") == 0)
			result = c;
		else if (c->terminal && n++ == i)
			return c;
	}
	return n == i ? result : NULL;
}

static void print_line(const json_t *cell, const int *widths, const struct report_options *options, FILE *out)
{
	const struct column *column;

	for (size_t i = 0; (column = column_at(i)); i++) {
		autobuf struct buf text = { 0 };
		bool is_verdict = strcmp(column->key, "verdict") == 0, last = !column_at(i + 1);

		column_text(column, cell, &text);
		fprintf(out, "%s%s%*s%s%*s", is_verdict ? colour_of(text.data, options->colours) : "",
			column->type == COLUMN_TEXT ? text.data : "", column->type == COLUMN_TEXT ? 0 : widths[i],
			column->type == COLUMN_TEXT ? "" : text.data, is_verdict ? colour_end(options->colours) : "",
			last ? 0 : GAP + (column->type == COLUMN_TEXT ? widths[i] - (int)text.n : 0), "");
	}
	fputc('\n', out);
}

static void print_titles(const int *widths, FILE *out)
{
	const struct column *column;

	for (size_t i = 0; (column = column_at(i)); i++)
		fprintf(out, "%*s%*s",
			column->type == COLUMN_TEXT && column_at(i + 1) ? -widths[i]
			: column_at(i + 1)                              ? widths[i]
									: 0,
			column->title, column_at(i + 1) ? GAP : 0, "");
	fputc('\n', out);
}

static void print_skips(const cell_vec *cells, size_t i, size_t end, const struct report_options *options, FILE *out)
{
	for (size_t next; i < end; i = next) {
		const json_t *cell = cells->data[i];
		const char *board = cell_str(cell, "board");

		next = skip_end(cells, i);
		fprintf(out, "%sskip%s %s: %s (%s", colour_of("skip", options->colours), colour_end(options->colours),
			*board ? board : "build", cell_str(cell, "result"), cell_str(cell, "build"));
		if (next - i > 1)
			fprintf(out, " and %zu more", next - i - 1);
		fputs(")\n", out);
	}
}

static void print_source(const cell_vec *cells, size_t i, size_t end, const struct report_options *options, FILE *out)
{
	int widths[COLUMNS] = { 0 };
	size_t skips = i;

	fprintf(out, "source %s\n", cell_str(cells->data[i], "source"));
	while (skips < end && !cell_is(cells->data[skips], "skip"))
		skips++;
	for (size_t c = 0; column_at(c); c++)
		widths[c] = column_width(column_at(c), cells, i, skips);
	if (i < skips)
		print_titles(widths, out);
	for (size_t k = i; k < skips; k++)
		print_line(cells->data[k], widths, options, out);
	print_skips(cells, skips, end, options, out);
	cells_sums(cells, i, end, out);
}

void report_text(const json_t *summary, const struct report_options *options, FILE *out)
{
	cell_vec cells = { 0 };

	cells_sorted(summary, &cells);
	for (size_t i = 0, end; i < cells.n; i = end) {
		end = source_end(&cells, i);
		if (i)
			fputc('\n', out);
		print_source(&cells, i, end, options, out);
	}
	vec_free(&cells);
}
