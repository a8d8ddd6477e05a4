/* Below a matrix: what was skipped, what failed, and why. */
#include "base/cleanup.h"
#include "base/json.h"
#include "report/matrix.h"

#include <string.h>

enum { SKIPS_SHOWN = 12 };

static bool is_told(const json_t *cell)
{
	return cell_is(cell, "fail") || cell_is(cell, "known") || cell_is(cell, "infra") || cell_is(cell, "flaky");
}

static void print_failure(struct matrix *m, const json_t *c)
{
	const char *verdict = cell_str(c, "verdict"), *board = cell_str(c, "board"), *reason = cell_str(c, "reason");

	fprintf(m->out, "%s%s%s %s%s%s: %s\n", colour_of(verdict, m->options->colours), verdict,
		colour_end(m->options->colours), cell_str(c, "build"), *board ? " on " : "", board,
		*reason ? reason : "no reason was given");
	if (json_is_string(json_object_get(c, "attempt")))
		fprintf(m->out, "     kiln log %s%s%s\n", cell_str(c, "build"), *board ? "@" : "", board);
}

void notes_failures(struct matrix *m, const char *list)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(m->document, list), i, c)
		if (is_told(c))
			print_failure(m, c);
}

/* The cells that were skipped for one reason. */
struct skip_group {
	const char *reason;
	text_vec boards, builds;
};
typedef VEC(struct skip_group *) group_vec;

static struct skip_group *group_of(group_vec *groups, struct map *by_reason, const char *reason)
{
	struct skip_group *g = map_get(by_reason, view_of(reason));

	if (g)
		return g;
	g = mem_alloc(sizeof(*g));
	g->reason = reason;
	*vec_push(groups) = g;
	map_set(by_reason, view_of(reason), g);
	return g;
}

static void add_once(text_vec *v, const char *s)
{
	if (!text_has(v, s))
		*vec_push(v) = s;
}

static void print_group(struct matrix *m, const struct skip_group *g)
{
	fprintf(m->out, "%sskip%s ", colour_of("skip", m->options->colours), colour_end(m->options->colours));
	if (g->boards.n == 1)
		fputs(g->boards.data[0], m->out);
	else
		fprintf(m->out, "%zu boards", g->boards.n);
	fprintf(m->out, ": %s (%s", g->reason, row_name(m, g->builds.data[0]));
	if (g->builds.n > 1)
		fprintf(m->out, " and %zu more", g->builds.n - 1);
	fputs(")\n", m->out);
}

static void groups_free(group_vec *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		vec_free(&groups->data[i]->boards);
		vec_free(&groups->data[i]->builds);
		free(groups->data[i]);
	}
	vec_free(groups);
}

void notes_skips(struct matrix *m)
{
	group_vec groups = { 0 };
	struct map by_reason = { 0 };
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(m->document, "boots"), i, c) {
		struct skip_group *g;

		if (!cell_is(c, "skip"))
			continue;
		g = group_of(&groups, &by_reason, cell_str(c, "reason"));
		add_once(&g->boards, cell_str(c, "board"));
		add_once(&g->builds, cell_str(c, "build"));
	}
	for (i = 0; i < groups.n && i < SKIPS_SHOWN; i++)
		print_group(m, groups.data[i]);
	if (groups.n > SKIPS_SHOWN)
		fprintf(m->out, "     and %zu more reasons; kiln plan shows all\n", groups.n - SKIPS_SHOWN);
	groups_free(&groups);
	map_free(&by_reason);
}

static size_t count(const json_t *cells, const char *verdict)
{
	size_t i, n = 0;
	json_t *c;

	json_array_foreach (cells, i, c)
		n += strcmp(cell_str(c, "verdict"), verdict) == 0;
	return n;
}

/* "4 boots: 3 pass, 1 skip": in the order of the verdicts, then what only a plan has. */
void notes_sums(struct matrix *m, const char *list)
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
