#define _GNU_SOURCE
#include "report/cells.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/verdict.h"

#include <string.h>

static int by_keys(const json_t *a, const json_t *b, const char *const *keys)
{
	int order = 0;

	for (; *keys && !order; keys++)
		order = strcmp(cell_str(a, *keys), cell_str(b, *keys));
	return order;
}

static int in_order(const void *left, const void *right)
{
	static const char *const booted[] = { "build", "board", NULL };
	static const char *const skipped[] = { "board", "result", "build", NULL };
	const json_t *a = *(const json_t *const *)left, *b = *(const json_t *const *)right;
	int order = strcmp(cell_str(a, "source"), cell_str(b, "source"));

	if (!order)
		order = (int)cell_is(a, "skip") - (int)cell_is(b, "skip");
	return order ? order : by_keys(a, b, cell_is(a, "skip") ? skipped : booted);
}

static char *board_key(const json_t *cell)
{
	return mem_printf("%s@%s", cell_str(cell, "source"), cell_str(cell, "board"));
}

static void boards_booted(const json_t *cells, struct map *booted)
{
	json_t *cell;
	size_t i;

	json_array_foreach (cells, i, cell) {
		autofree char *key = board_key(cell);

		if (*cell_str(cell, "board") && !cell_is(cell, "skip"))
			map_set(booted, view_of(key), cell);
	}
}

void cells_sorted(const json_t *summary, cell_vec *out)
{
	json_t *cells = json_object_get(summary, "cells"), *cell;
	struct map booted = { 0 };
	size_t i;

	boards_booted(cells, &booted);
	json_array_foreach (cells, i, cell) {
		autofree char *key = board_key(cell);

		if (!cell_is(cell, "skip") || !map_get(&booted, view_of(key)))
			*vec_push(out) = cell;
	}
	map_free(&booted);
	if (out->n)
		qsort(out->data, out->n, sizeof(out->data[0]), in_order);
}

size_t source_end(const cell_vec *cells, size_t i)
{
	const char *source = cell_str(cells->data[i], "source");

	while (i < cells->n && strcmp(cell_str(cells->data[i], "source"), source) == 0)
		i++;
	return i;
}

size_t skip_end(const cell_vec *cells, size_t i)
{
	static const char *const same[] = { "source", "board", "result", NULL };
	const json_t *first = cells->data[i];

	while (i < cells->n && cell_is(cells->data[i], "skip") && by_keys(cells->data[i], first, same) == 0)
		i++;
	return i;
}

static void print_counts(size_t n, const char *what, const size_t *counts, FILE *out)
{
	const char *separator = ":";

	fprintf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!counts[v])
			continue;
		fprintf(out, "%s %zu %s", separator, counts[v], verdict_text((enum verdict)v));
		separator = ",";
	}
}

static bool is_new(struct map *seen, struct view name)
{
	if (map_get(seen, name))
		return false;
	map_set(seen, name, seen);
	return true;
}

/* In a lab, or with other CPUs than its own, it is the same board. */
static struct view board_of(const json_t *cell)
{
	struct view rest = view_of(cell_str(cell, "board"));

	return view_cut(&rest, ',');
}

/* A build that was booted is there, so it passed. */
static void count_build(const json_t *cell, struct map *seen, size_t *n, size_t *counts)
{
	bool booted = *cell_str(cell, "board");
	enum verdict v = booted ? VERDICT_PASS : verdict_from_text(cell_str(cell, "verdict"));
	autofree char *name = mem_printf("%s/%s", cell_str(cell, "source"), cell_str(cell, "build"));

	if ((booted && cell_is(cell, "skip")) || !is_new(seen, view_of(name)) || v == VERDICT_COUNT)
		return;
	(*n)++;
	counts[v]++;
}

void cells_sums(const cell_vec *cells, size_t from, size_t to, FILE *out)
{
	size_t builds[VERDICT_COUNT] = { 0 }, boots[VERDICT_COUNT] = { 0 }, n_builds = 0, n_boots = 0;
	struct map seen_builds = { 0 }, boards = { 0 };

	for (size_t i = from; i < to; i++) {
		const json_t *cell = cells->data[i];
		enum verdict v = verdict_from_text(cell_str(cell, "verdict"));

		count_build(cell, &seen_builds, &n_builds, builds);
		if (!*cell_str(cell, "board") || cell_is(cell, "skip") || v == VERDICT_COUNT)
			continue;
		n_boots++;
		boots[v]++;
		if (v == VERDICT_PASS || v == VERDICT_WARN)
			is_new(&boards, board_of(cell));
	}
	print_counts(n_builds, "build", builds, out);
	fputs("; ", out);
	print_counts(n_boots, "boot", boots, out);
	fprintf(out, "; %zu board%s passed.\n", boards.n, boards.n == 1 ? "" : "s");
	map_free(&seen_builds);
	map_free(&boards);
}
