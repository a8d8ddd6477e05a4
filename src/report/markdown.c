/* A summary as the generated section of a Markdown file. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "report/cells.h"
#include "report/columns.h"
#include "report/report.h"
#include "report/section.h"

#include <ctype.h>
#include <string.h>

/* What Markdown or HTML would take for its own; reasons come from guests and compilers. */
static bool is_special(const char *text, size_t i)
{
	static const char always[] = "\\|<>&*`[]~$";

	if (text[i] != '_')
		return strchr(always, text[i]);
	/* Inside a word it is a letter like others. */
	return !i || !isalnum((unsigned char)text[i - 1]) || !isalnum((unsigned char)text[i + 1]);
}

static void add_escaped(struct buf *out, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		if (is_special(text, i))
			buf_addc(out, '\\');
		buf_addc(out, text[i]);
	}
}

static void add_item(struct buf *line, const char *text)
{
	buf_addc(line, ' ');
	add_escaped(line, text);
	buf_adds(line, " |");
}

static void print_head(const json_t *summary, const cell_vec *cells, FILE *out)
{
	json_t *host = json_object_get(summary, "host");

	fprintf(out,
		"Made by `kiln report` (Kiln %s) on %s: %s on %s, %lld CPUs. The newest result of each build on each\n"
		"board, over all runs; each line has its own date and run. Skipped are builds that were not made, and "
		"boards that\n"
		"no build of a source was booted on.\n\n",
		cell_str(summary, "kiln"), cell_str(summary, "date"), cell_str(host, "kernel"),
		cell_str(host, "machine"), (long long)json_int_or(host, "cpus", 0));
	cells_sums(cells, 0, cells->n, out);
}

void section_table_head(struct buf *out)
{
	buf_addc(out, '|');
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(out, " %s |", report_columns[i].title);
	buf_adds(out, "\n|");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_adds(out, report_columns[i].type == COLUMN_TEXT ? "---|" : "---:|");
	buf_addc(out, '\n');
}

void section_skip_head(struct buf *out)
{
	buf_addc(out, '|');
	for (size_t i = 0; i < SKIP_COLUMNS; i++)
		buf_printf(out, " %s |", skip_titles[i]);
	buf_adds(out, "\n|");
	for (size_t i = 0; i < SKIP_COLUMNS; i++)
		buf_adds(out, "---|");
	buf_addc(out, '\n');
}

static void add_line(struct buf *out, const json_t *cell)
{
	buf_addc(out, '|');
	for (size_t i = 0; i < COLUMNS; i++) {
		autobuf struct buf text = { 0 };

		column_text(&report_columns[i], cell, &text);
		add_item(out, text.data);
	}
	buf_addc(out, '\n');
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

/* The same board for the same reason: builds joined by commas, the newest of their runs. */
static void add_skip(struct buf *out, const cell_vec *cells, size_t i, size_t end)
{
	const json_t *first = cells->data[i];
	autobuf struct buf builds = { 0 };
	const char *run = "";

	for (; i < end; i++) {
		buf_printf(&builds, "%s%s", builds.n ? ", " : "", cell_str(cells->data[i], "build"));
		if (strcmp(cell_str(cells->data[i], "run"), run) > 0)
			run = cell_str(cells->data[i], "run");
	}
	buf_addc(out, '|');
	add_item(out, or_dash(cell_str(first, "board")));
	add_item(out, or_dash(cell_str(first, "result")));
	add_item(out, builds.data);
	add_item(out, or_dash(run));
	buf_addc(out, '\n');
}

static void print_source(const cell_vec *cells, size_t i, size_t end, FILE *out)
{
	autobuf struct buf text = { 0 };

	fprintf(out, "\n### %s\n\n", cell_str(cells->data[i], "source"));
	cells_sums(cells, i, end, out);
	fputc('\n', out);
	if (!cell_is(cells->data[i], "skip"))
		section_table_head(&text);
	for (; i < end && !cell_is(cells->data[i], "skip"); i++)
		add_line(&text, cells->data[i]);
	if (i < end) {
		if (text.n)
			buf_addc(&text, '\n');
		section_skip_head(&text);
	}
	for (size_t next; i < end; i = next) {
		next = skip_end(cells, i);
		add_skip(&text, cells, i, next);
	}
	fputs(text.data, out);
}

void report_markdown(const json_t *summary, FILE *out)
{
	cell_vec cells = { 0 };

	cells_sorted(summary, &cells);
	fputs(SECTION_BEGIN "\n", out);
	print_head(summary, &cells, out);
	for (size_t i = 0, end; i < cells.n; i = end) {
		end = source_end(&cells, i);
		print_source(&cells, i, end, out);
	}
	fputs(SECTION_END "\n", out);
	vec_free(&cells);
}
