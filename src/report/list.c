/* A matrix as a list: builds one below the other, what became of their boards behind or below them. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/matrix.h"

#include <string.h>

/* The boots of a build, in the document's order. */
typedef VEC(const json_t *) boot_vec;

static void boots_of(struct matrix *m, const char *build, boot_vec *out)
{
	json_t *boot;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, boot)
		if (strcmp(cell_str(boot, "build"), build) == 0)
			*vec_push(out) = boot;
}

static int name_width(struct matrix *m)
{
	size_t width = 0, i;
	json_t *build;

	json_array_foreach (json_object_get(m->document, "builds"), i, build) {
		size_t n = strlen(row_name(m, cell_str(build, "build")));

		width = n > width ? n : width;
	}
	return (int)width;
}

/* A line that breaks at the terminal's width, the next ones below where the first began. */
struct line {
	struct matrix *m;
	int at, indent;
	const char *between; /* what the next text is divided by from what stands there; "" at the start */
};

static void line_add(struct line *l, const char *verdict, const char *text)
{
	int n = (int)strlen(text), width = l->m->options->width;

	fputs(l->between, l->m->out);
	if (*l->between && width && l->at + GAP + n > width) {
		fprintf(l->m->out, "\n%*s", l->indent, "");
		l->at = l->indent;
	} else if (*l->between) {
		fputc(' ', l->m->out);
		l->at += GAP;
	}
	fprintf(l->m->out, "%s%s%s", colour_of(verdict, l->m->options->colours), text,
		colour_end(l->m->options->colours));
	l->at += n;
	l->between = ",";
}

static void add_boot(struct line *l, const json_t *boot)
{
	autobuf struct buf cell = { 0 };
	autofree char *text = NULL;

	cell_text(boot, &cell);
	text = mem_printf("%s %s", cell_str(boot, "board"), cell.data);
	line_add(l, cell_str(boot, "verdict"), text);
}

static void print_build(struct matrix *m, const json_t *build, int names)
{
	struct line line = { m, names + GAP, names + GAP, "" };
	autobuf struct buf cell = { 0 };
	boot_vec boots = { 0 };
	size_t skipped = 0;

	fprintf(m->out, "%-*s%*s", names, row_name(m, cell_str(build, "build")), GAP, "");
	cell_text(build, &cell);
	line_add(&line, cell_str(build, "verdict"), cell.data);
	line.between = ":";
	boots_of(m, cell_str(build, "build"), &boots);
	for (size_t i = 0; i < boots.n; i++) {
		if (cell_is(boots.data[i], "skip"))
			skipped++;
		else
			add_boot(&line, boots.data[i]);
	}
	if (skipped) {
		autofree char *text = mem_printf("%zu skip", skipped);

		line_add(&line, "skip", text);
	}
	fputc('\n', m->out);
	vec_free(&boots);
}

void list_print(struct matrix *m)
{
	int names = name_width(m);
	json_t *build;
	size_t i;

	json_array_foreach (json_object_get(m->document, "builds"), i, build)
		print_build(m, build, names);
}

static void print_verdict(struct matrix *m, const char *verdict)
{
	fprintf(m->out, "%s%s%s", colour_of(verdict, m->options->colours), verdict, colour_end(m->options->colours));
}

static void print_matches(struct matrix *m, const boot_vec *boots)
{
	struct line line = { m, 2 * GAP + (int)strlen("boot"), 2 * GAP + (int)strlen("boot"), "" };

	for (size_t i = 0; i < boots->n; i++) {
		autofree char *name = NULL;

		if (!cell_is(boots->data[i], "boot"))
			continue;
		if (!*line.between) {
			fprintf(m->out, "%*s", GAP, "");
			print_verdict(m, "boot");
			fprintf(m->out, "%*s", GAP, "");
		}
		name = mem_printf("%s%s", cell_str(boots->data[i], "board"),
				  json_bool_or(boots->data[i], "untested", false) ? " (untested)" : "");
		line_add(&line, "", name);
	}
	if (*line.between)
		fputc('\n', m->out);
}

static bool misses_alike(const json_t *a, const json_t *b)
{
	return strcmp(cell_str(a, "verdict"), cell_str(b, "verdict")) == 0 &&
	       strcmp(cell_str(a, "reason"), cell_str(b, "reason")) == 0;
}

/* The boards that do not fit for the i-th one's reason, unless an earlier line has named them. */
static void print_miss(struct matrix *m, const boot_vec *boots, size_t i)
{
	const json_t *boot = boots->data[i];
	const char *separator = "";

	for (size_t k = 0; k < i; k++)
		if (misses_alike(boots->data[k], boot))
			return;
	fprintf(m->out, "%*s", GAP, "");
	print_verdict(m, cell_str(boot, "verdict"));
	fprintf(m->out, "%*s", GAP, "");
	for (size_t k = i; k < boots->n; k++) {
		if (!misses_alike(boots->data[k], boot))
			continue;
		fprintf(m->out, "%s%s", separator, cell_str(boots->data[k], "board"));
		separator = ", ";
	}
	fprintf(m->out, ": %s\n", cell_str(boot, "reason"));
}

/* What stands for the whole build is said there, and not again. */
static void print_misses(struct matrix *m, const json_t *build, const boot_vec *boots)
{
	for (size_t i = 0; i < boots->n; i++)
		if (!cell_is(boots->data[i], "boot") && !misses_alike(boots->data[i], build))
			print_miss(m, boots, i);
}

static void print_dropped(struct matrix *m, const json_t *build)
{
	json_t *d;
	size_t i;

	json_array_foreach (json_object_get(build, "dropped"), i, d)
		fprintf(m->out, "%*snote%*s%s was asked for and is %s: %s\n", GAP, "", GAP, "", cell_str(d, "symbol"),
			cell_str(d, "have"), cell_str(d, "why"));
}

static void print_planned(struct matrix *m, const json_t *build, int names)
{
	const char *reason = cell_str(build, "reason");
	boot_vec boots = { 0 };

	fprintf(m->out, "%-*s%*s", names, row_name(m, cell_str(build, "build")), GAP, "");
	print_verdict(m, cell_str(build, "verdict"));
	fprintf(m->out, "%s%s\n", *reason ? ": " : "", reason);
	boots_of(m, cell_str(build, "build"), &boots);
	print_matches(m, &boots);
	print_misses(m, build, &boots);
	print_dropped(m, build);
	vec_free(&boots);
}

void list_print_plan(struct matrix *m)
{
	int names = name_width(m);
	json_t *build;
	size_t i;

	json_array_foreach (json_object_get(m->document, "builds"), i, build)
		print_planned(m, build, names);
	fputc('\n', m->out);
}
