/* What the printer of the generated section and its reader agree on. */
#ifndef REPORT_SECTION_H
#define REPORT_SECTION_H

#include "base/str.h"

#define SECTION_BEGIN "<!-- kiln report: begin -->"
#define SECTION_END "<!-- kiln report: end -->"

/* The first two lines of a table. */
void section_table_head(struct buf *out);
void section_skip_head(struct buf *out);

#endif
