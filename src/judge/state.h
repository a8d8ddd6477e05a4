/* What a judge knows so far; shared by the pass over the console (judge.c), what a
 * line says (line.c) and the verdict (result.c). */
#ifndef JUDGE_STATE_H
#define JUDGE_STATE_H

#include "judge/clean.h"
#include "judge/judge.h"
#include "judge/ktap.h"
#include "judge/rules.h"
#include "judge/signature.h"

enum {
	EXCERPT_MAX = 64 << 10, /* bytes */
	TEXT_MAX = 300,         /* bytes of a line that are kept for a reason */
	TRACE_LINES = 1000,     /* of a failure */
	SPLAT_LINES = 200,      /* of a splat */
	SPLATS_MAX = 100,
};

/* A line that matched a pattern, and the trace behind it. */
struct finding {
	const struct judge_pattern *pattern; /* NULL: none */
	int64_t line;
	struct buf text;    /* the message, printable */
	struct buf message; /* normalised, for the signature */
	struct buf excerpt;
	struct signature signature;
	int64_t lines; /* of the trace so far */
};

enum capture { CAPTURE_NONE, CAPTURE_SPLAT, CAPTURE_CAUSE };

struct view_range {
	size_t start, end;
};

struct judge {
	const struct judge_rules *rules;
	struct judge_options options;
	hs_scratch_t *scratch;

	struct clean clean;
	struct buf text;             /* clean, not judged yet: complete lines and the start of one */
	VEC(struct view_range) hits; /* lines of text that the filter found */
	int64_t line;                /* raw line number of the start of text, 1-based */
	int64_t now;                 /* of the last output, ms */
	bool output;                 /* there was any text */
	bool kernel;                 /* the kernel itself has spoken */
	struct buf last;             /* last line that was not blank, printable */

	struct ktap ktap;
	bool kunit;            /* the open list of results is the kernel's own */
	struct finding cause;  /* the first that decides */
	bool suspect;          /* the cause came inside a KUnit test, which may have provoked it */
	bool dead;             /* a final pattern was there */
	struct buf after;      /* the final line behind a cause that was not final: "Kernel panic ..." */
	struct finding splat;  /* whose trace is coming */
	struct buf splat_line; /* the last one, raw: two consoles may print one line, time and all, twice */
	enum capture capture;

	enum judge_state state;
	json_t *splats;
	int64_t n_splats;
	bool started, done;
	int64_t restart_line; /* of a second start marker, 0: none */
	int64_t status;       /* of the done marker */
	int64_t done_line;
	struct buf machine;
	int64_t cpus;

	struct judge_result result;
	struct buf reason, signature;
	json_t *tests;
};

/* The line is the first of a finding, in place of what was there. */
void finding_start(struct finding *f, const struct judge_pattern *pattern, struct view line, struct view message,
		   int64_t number);
/* One more line of its excerpt, as far as that may grow. */
void finding_add(struct finding *f, struct view line);
void finding_clear(struct finding *f);
/* pattern: message | function < function */
void finding_signature(const struct finding *f, struct buf *out);

/* One line of clean text, without its newline. */
void judge_line(struct judge *j, struct view line, int64_t number);
/* A line amid a trace that the filter did not find. */
void judge_trace_line(struct judge *j, struct view line);
/* The trace of a splat is over. */
void judge_end_splat(struct judge *j);
/* The verdict is final. */
void judge_decide(struct judge *j);

/* Records a splat, in the order of the log. */
void judge_add_splat(struct judge *j, const struct finding *f);

/* Fills the result and sets the state. */
void judge_conclude(struct judge *j, enum judge_end end);

#endif
