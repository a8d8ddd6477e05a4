/* What people see of a run on a terminal: live progress, and the matrix at its end. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/str.h"
#include "run/run.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Live progress: on a terminal a block of what runs that is redrawn, else one line an event. */
struct progress;
struct progress *progress_new(FILE *out);
/* A run's event callback; data is the progress. */
void progress_event(const struct run_event *event, void *data);
/* Whether it redraws itself: a terminal's does. */
bool progress_is_live(const struct progress *p);
/* Takes the live block off the terminal. */
void progress_free(struct progress *p);

struct report_options {
	bool colours;
	int width; /* of the terminal in columns, 0: any */
};
/* As out is a terminal, and NO_COLOR (no-color.org) is not set. */
struct report_options report_options_for(FILE *out);

/* The matrix of a document (run/run.h): rows builds, columns boards; below it a line for each failure with its
 * reason and the command that shows its log, what was skipped and why, and the sums. */
void report_matrix(const json_t *document, const struct report_options *options, FILE *out);

/* A summary (run_summary) with "kiln", the version, as the generated section of a Markdown file, its marks included. */
void report_markdown(const json_t *summary, FILE *out);
/* The same for a terminal, with fewer columns. */
void report_text(const json_t *summary, const struct report_options *options, FILE *out);
/* Takes the cells of the section in text into the summary: those that it has not, and those that are newer. before and
 * after are what stands around the section. ERR_USER when there is no section, or a line in it that was written by
 * hand; name is the file's, for the message. */
int report_merge(json_t *summary, const char *name, struct view text, struct view *before, struct view *after,
		 struct err *err);

#endif
