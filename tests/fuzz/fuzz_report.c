/* The generated section of a report, in a file that anybody may have edited: what is taken is printed in a form that is
 * taken again, and gives the same. */
#include "report/report.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char begin[] = "<!-- kiln report: begin -->\n", end[] = "<!-- kiln report: end -->\n";

/* The text with the section's cells, printed anew; NULL when it is refused. */
static char *printed(struct view text)
{
	json_t *summary = json_pack("{s:[]}", "cells");
	struct view before = { NULL, 0 }, after = { NULL, 0 };
	struct err err = { 0 };
	char *out = NULL;
	size_t n;

	if (report_merge(summary, "x", text, &before, &after, &err) == 0) {
		FILE *f = open_memstream(&out, &n);

		report_markdown(summary, f);
		fclose(f);
	}
	json_decref(summary);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf text = { 0 };
	char *first, *second;

	if (n > 1 << 16)
		return 0;
	buf_adds(&text, begin);
	buf_add(&text, data, n);
	buf_adds(&text, end);
	first = printed((struct view){ text.data, text.n });
	buf_free(&text);
	if (!first)
		return 0;
	second = printed(view_of(first));
	if (!second || strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	return 0;
}
