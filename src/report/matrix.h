/* A run's document while it is printed. */
#ifndef REPORT_MATRIX_H
#define REPORT_MATRIX_H

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/cell.h"
#include "report/private.h"

#include <jansson.h>
#include <stdio.h>

enum { GAP = 2 };

typedef VEC(const char *) text_vec;

struct matrix {
	const json_t *document;
	const struct report_options *options;
	FILE *out;
	struct map cells;   /* "BUILD@BOARD" -> boot */
	struct view source; /* that all builds share; then it is said once, above the rows */
};

/* Sets what is found in the document; m->cells is the caller's to free. */
void matrix_begin(struct matrix *m);
/* All boards, each once, in the document's order. */
void matrix_boards(const struct matrix *m, text_vec *boards);
/* "pass 1.2 s" */
void cell_text(const json_t *cell, struct buf *out);
/* A build's path, without the source when all share it. */
const char *row_name(const struct matrix *m, const char *build);
bool text_has(const text_vec *v, const char *s);

/* grid.c: rows builds, columns boards. */
int grid_width(struct matrix *m, const text_vec *boards);
void grid_print(struct matrix *m, const text_vec *boards);
/* list.c: a line a build, its boots behind it, where a grid is too wide. */
void list_print(struct matrix *m);
/* list.c: a plan, for each build the boards that it boots on, then for each other one why not. */
void list_print_plan(struct matrix *m);
/* notes.c: what was skipped and why, what failed and why, how many of each. */
void notes_skips(struct matrix *m);
void notes_failures(struct matrix *m, const char *list);
void notes_sums(struct matrix *m, const char *list);

#endif
