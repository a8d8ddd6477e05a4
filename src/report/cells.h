/* The cells of a summary, sorted and put together for tables. */
#ifndef REPORT_CELLS_H
#define REPORT_CELLS_H

#include "base/mem.h"
#include "report/cell.h"

#include <stdio.h>

typedef VEC(const json_t *) cell_vec; /* borrowed */

/* The cells by source, build, board; those that were skipped by source, board, reason, build, after all others. That a
 * build does not fit a board which another build was booted on is the rule, and left out. */
void cells_sorted(const json_t *summary, cell_vec *out);
/* Where the run of cells from i on that share one source ends, and one line of what was skipped. */
size_t source_end(const cell_vec *cells, size_t i);
size_t skip_end(const cell_vec *cells, size_t i);
/* "17 builds: 16 pass, 1 fail" and so on, a line each, for the cells of one source or of all. */
void cells_sums(const cell_vec *cells, size_t from, size_t to, FILE *out);

#endif
