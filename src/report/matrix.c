#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/private.h"

#include <string.h>

enum { GAP = 2, SKIPS_SHOWN = 12 };

typedef VEC(const char *) text_vec;

struct matrix {
	const json_t *document;
	const struct report_options *options;
	FILE *out;
	struct map cells;   /* "BUILD@BOARD" -> boot */
	struct view source; /* that all builds share; then it is said once, above the rows */
};

static const char *text(const json_t *o, const char *key)
{
	return json_str_or(o, key, "");
}

/* The first word count parts of a build's path. */
static struct view build_part(const char *build, int from)
{
	while (from-- > 0 && strchr(build, '/'))
		build = strchr(build, '/') + 1;
	return view_of(build);
}

static struct view build_arch(const char *build)
{
	struct view v = build_part(build, 1);

	return view_cut(&v, '/');
}

static void index_cells(struct matrix *m)
{
	json_t *boot;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, boot) {
		autofree char *key = mem_printf("%s@%s", text(boot, "build"), text(boot, "board"));

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
		struct view rest = view_of(text(build, "build")), source = view_cut(&rest, '/');

		if (i && !view_eq(source, common))
			return (struct view){ NULL, 0 };
		common = source;
	}
	return common;
}

static const char *row_name(const struct matrix *m, const json_t *build)
{
	return text(build, "build") + (m->source.n ? m->source.n + 1 : 0);
}

static bool has(const text_vec *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->data[i], s) == 0)
			return true;
	return false;
}

/* The boards of an arch's builds (all archs when empty), each once, in the document's order. */
static void boards_of(struct matrix *m, struct view arch, text_vec *boards)
{
	json_t *boot;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, boot) {
		if (arch.n && !view_eq(build_arch(text(boot, "build")), arch))
			continue;
		if (!has(boards, text(boot, "board")))
			*vec_push(boards) = text(boot, "board");
	}
}

static void cell_text(const json_t *cell, struct buf *b)
{
	json_t *seconds = json_object_get(cell, "seconds");

	buf_clear(b);
	buf_adds(b, cell ? text(cell, "verdict") : "-");
	if (cell && json_is_number(seconds) && json_is_string(json_object_get(cell, "attempt"))) {
		buf_addc(b, ' ');
		buf_add_duration(b, json_number_value(seconds));
	}
}

static void print_cell(struct matrix *m, const json_t *cell, int width)
{
	autobuf struct buf b = { 0 };
	const char *verdict = cell ? text(cell, "verdict") : "skip";

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
		if (strcmp(text(boot, "board"), board) != 0)
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
		width = max_int(width, (int)strlen(row_name(m, build)));
	return width;
}

static void print_block(struct matrix *m, struct view arch, const text_vec *boards)
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
		if (arch.n && !view_eq(build_arch(text(build, "build")), arch))
			continue;
		fprintf(m->out, "%-*s", names, row_name(m, build));
		print_cell(m, build, boards->n ? builds : 0);
		for (size_t b = 0; b < boards->n; b++) {
			autofree char *key = mem_printf("%s@%s", text(build, "build"), boards->data[b]);

			print_cell(m, map_get(&m->cells, view_of(key)), b + 1 < boards->n ? widths.data[b] : 0);
		}
		fputc('\n', m->out);
	}
	vec_free(&widths);
}

static int block_width(struct matrix *m, const text_vec *boards)
{
	int width = name_column(m) + GAP + build_column(m);

	for (size_t i = 0; i < boards->n; i++)
		width += GAP + column_width(m, boards->data[i]);
	return width;
}

/* One block an arch: its boards are its own, so that the columns stay few. */
static void print_by_arch(struct matrix *m)
{
	text_vec done = { 0 };
	json_t *build;
	size_t i;

	json_array_foreach (json_object_get(m->document, "builds"), i, build) {
		struct view arch = build_arch(text(build, "build"));
		char *name = mem_strndup(arch.p, arch.n);
		text_vec boards = { 0 };

		if (has(&done, name)) {
			free(name);
			continue;
		}
		*vec_push(&done) = name;
		boards_of(m, arch, &boards);
		print_block(m, arch, &boards);
		vec_free(&boards);
	}
	for (i = 0; i < done.n; i++)
		free((char *)done.data[i]);
	vec_free(&done);
}

static bool is_bad(const char *verdict)
{
	return strcmp(verdict, "fail") == 0 || strcmp(verdict, "known") == 0 || strcmp(verdict, "infra") == 0 ||
	       strcmp(verdict, "flaky") == 0;
}

static void print_failure(struct matrix *m, const json_t *c)
{
	const char *verdict = text(c, "verdict"), *board = text(c, "board"), *reason = text(c, "reason");

	fprintf(m->out, "%s%s%s %s%s%s: %s\n", colour_of(verdict, m->options->colours), verdict,
		colour_end(m->options->colours), text(c, "build"), *board ? " on " : "", board,
		*reason ? reason : "no reason was given");
	if (json_is_string(json_object_get(c, "attempt")))
		fprintf(m->out, "     kiln log %s%s%s\n", text(c, "build"), *board ? "@" : "", board);
}

static void print_failures(struct matrix *m, const char *list)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(m->document, list), i, c)
		if (is_bad(text(c, "verdict")))
			print_failure(m, c);
}

static void print_skips(struct matrix *m)
{
	size_t i, shown = 0;
	json_t *c;

	json_array_foreach (json_object_get(m->document, "boots"), i, c) {
		if (strcmp(text(c, "verdict"), "skip") != 0)
			continue;
		if (shown++ < SKIPS_SHOWN || strcmp(text(m->document, "state"), "plan") == 0)
			fprintf(m->out, "%sskip%s %s on %s: %s\n", colour_of("skip", m->options->colours),
				colour_end(m->options->colours), text(c, "build"), text(c, "board"), text(c, "reason"));
	}
	if (shown > SKIPS_SHOWN && strcmp(text(m->document, "state"), "plan") != 0)
		fprintf(m->out, "     and %zu more; kiln plan shows all\n", shown - SKIPS_SHOWN);
}

static void print_dropped(struct matrix *m)
{
	json_t *build, *d;
	size_t i, k;

	json_array_foreach (json_object_get(m->document, "builds"), i, build)
		json_array_foreach (json_object_get(build, "dropped"), k, d)
			fprintf(m->out, "note %s: %s was asked for and is %s: %s\n", text(build, "build"),
				text(d, "symbol"), text(d, "have"), text(d, "why"));
}

static size_t count(const json_t *cells, const char *verdict)
{
	size_t i, n = 0;
	json_t *c;

	json_array_foreach (cells, i, c)
		n += strcmp(text(c, "verdict"), verdict) == 0;
	return n;
}

/* "4 boots: 3 pass, 1 skip": in the order of the verdicts, then what only a plan has. */
static void print_sums(struct matrix *m, const char *list)
{
	static const char *const planned[] = { "cached", "build", "boot" };
	json_t *cells = json_object_get(m->document, list);
	const char *separator = ":";

	fprintf(m->out, "%zu %s", json_array_size(cells), list);
	for (int v = 0; v < VERDICT_COUNT + (int)countof(planned); v++) {
		const char *verdict = v < VERDICT_COUNT ? verdict_text((enum verdict)v) : planned[v - VERDICT_COUNT];
		size_t n = count(cells, verdict);

		if (!n)
			continue;
		fprintf(m->out, "%s %zu %s", separator, n, verdict);
		separator = ",";
	}
	fputc('\n', m->out);
}

void report_matrix(const json_t *document, const struct report_options *options, FILE *out)
{
	struct matrix m = { .document = document, .options = options, .out = out };
	text_vec boards = { 0 };

	m.source = common_source(json_object_get(document, "builds"));
	if (m.source.n)
		fprintf(out, "source " VIEW_FMT "\n", VIEW_ARG(m.source));
	index_cells(&m);
	boards_of(&m, (struct view){ NULL, 0 }, &boards);
	if (options->width && block_width(&m, &boards) > options->width)
		print_by_arch(&m);
	else
		print_block(&m, (struct view){ NULL, 0 }, &boards);
	fputc('\n', out);
	print_dropped(&m);
	print_skips(&m);
	print_failures(&m, "builds");
	print_failures(&m, "boots");
	print_sums(&m, "builds");
	if (json_array_size(json_object_get(document, "boots")))
		print_sums(&m, "boots");
	vec_free(&boards);
	map_free(&m.cells);
}
