/* The columns of a report, as a table: what is printed is what is parsed back. */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>

enum column_type { COLUMN_TEXT, COLUMN_INT, COLUMN_SECONDS, COLUMN_TENTHS };

struct column {
	const char *title, *key;
	enum column_type type;
	bool terminal; /* shown there, too */
};

enum { COLUMNS = 15, SKIP_COLUMNS = 4 };
extern const struct column report_columns[COLUMNS];
/* Of what was skipped: the same board for the same reason is one line, its builds a list. */
extern const char *const skip_titles[SKIP_COLUMNS];

/* What stands in a cell's column, "-" for nothing. */
void column_text(const struct column *column, const json_t *cell, struct buf *out);
/* The reverse: sets the key unless it is "-". false: no such value. */
bool column_parse(const struct column *column, struct view text, json_t *cell);

#endif
