/* What one line says: markers, results of tests, failures, splats and their traces. */
#define _GNU_SOURCE
#include "judge/state.h"

#include "base/mem.h"
#include "judge/printk.h"

#include <string.h>

/* The pattern that a line matches: the first in the catalogue's order that gives a verdict. */
struct match {
	const struct judge_pattern *patterns, *best;
	bool last;
};

void judge_end_splat(struct judge *j)
{
	if (j->splat.pattern)
		judge_add_splat(j, &j->splat);
	finding_clear(&j->splat);
	if (j->capture == CAPTURE_SPLAT)
		j->capture = CAPTURE_NONE;
}

void judge_decide(struct judge *j)
{
	judge_conclude(j, JUDGE_END_LOG);
	j->state = JUDGE_DECIDED;
}

static void end_trace(struct judge *j)
{
	if (j->capture == CAPTURE_SPLAT)
		judge_end_splat(j);
	j->capture = CAPTURE_NONE;
	if (j->dead)
		judge_decide(j);
}

/* A cause that a KUnit test provoked on purpose, since that test passed. */
static void forgive(struct judge *j)
{
	if (j->capture == CAPTURE_CAUSE)
		j->capture = CAPTURE_NONE;
	judge_add_splat(j, &j->cause);
	finding_clear(&j->cause);
	j->suspect = false;
	j->state = JUDGE_OPEN;
}

static void on_fail(struct judge *j, const struct judge_pattern *p, struct view line, struct view message,
		    int64_t number)
{
	judge_end_splat(j);
	if (!j->cause.pattern) {
		finding_start(&j->cause, p, line, message, number);
		j->suspect = !p->final && j->kunit && ktap_is_open(&j->ktap);
	} else {
		if (j->capture != CAPTURE_CAUSE) /* the first trace is over: a later one is not the root */
			j->cause.signature.n = SIGNATURE_FUNCTIONS;
		j->cause.lines = 0;
		finding_add(&j->cause, line);
		if (p->final && !j->after.n)
			buf_add_printable(&j->after, view_first(view_trim(message), TEXT_MAX));
	}
	if (p->final) {
		j->dead = true;
		j->suspect = false;
	}
	if (p->trace)
		j->capture = CAPTURE_CAUSE;
	j->state = j->suspect ? JUDGE_OPEN : JUDGE_TRACE;
	if (p->final && !p->trace)
		judge_decide(j);
}

static void on_warn(struct judge *j, const struct judge_pattern *p, struct view line, struct view message,
		    int64_t number)
{
	judge_end_splat(j);
	finding_start(&j->splat, p, line, message, number);
	if (j->capture == CAPTURE_CAUSE) { /* amid a failure's trace, which goes on */
		finding_add(&j->cause, line);
		judge_end_splat(j);
	} else if (p->trace) {
		j->capture = CAPTURE_SPLAT;
	} else {
		judge_end_splat(j);
	}
}

/* The line belongs to the trace, if one is coming; it may be its last. */
static void on_trace(struct judge *j, struct view line, struct view message, bool last)
{
	struct finding *f = j->capture == CAPTURE_CAUSE ? &j->cause : &j->splat;
	int64_t max = j->capture == CAPTURE_CAUSE ? TRACE_LINES : SPLAT_LINES;

	if (j->capture == CAPTURE_NONE)
		return;
	finding_add(f, line);
	if (!j->after.n)
		signature_add(&f->signature, message);
	if (last || ++f->lines >= max || f->excerpt.n >= EXCERPT_MAX)
		end_trace(j);
}

static int64_t marker_number(struct view v, const char *key)
{
	const char *at = memmem(v.p, v.n, key, strlen(key));
	int64_t value = 0;
	size_t i;

	if (!at)
		return -1;
	i = (size_t)(at - v.p) + strlen(key);
	if (i >= v.n || v.p[i] < '0' || v.p[i] > '9')
		return -1;
	while (i < v.n && v.p[i] >= '0' && v.p[i] <= '9' && value < 1000000)
		value = value * 10 + (v.p[i++] - '0');
	return value;
}

static void on_start(struct judge *j, struct view v, int64_t number)
{
	struct view rest = view_first(v, 1000), word;

	if (j->started && !j->done) {
		j->restart_line = number;
		judge_decide(j);
		return;
	}
	j->started = true;
	j->kernel = true;
	j->cpus = marker_number(v, " cpus=");
	while (rest.p) {
		word = view_cut(&rest, ' ');
		if (view_starts(word, VIEW("machine="))) {
			buf_clear(&j->machine);
			buf_add_printable(&j->machine, (struct view){ word.p + 8, word.n - 8 });
		}
	}
}

static void on_done(struct judge *j, struct view v, int64_t number)
{
	if (j->suspect)
		forgive(j);
	judge_end_splat(j);
	j->done = true;
	j->done_line = number;
	j->status = marker_number(v, " status=");
	judge_decide(j);
}

static bool is_marker(struct view v, struct view mark)
{
	return view_starts(v, mark) && (v.n == mark.n || v.p[mark.n] == ' ');
}

static bool on_marker(struct judge *j, struct view v, int64_t number)
{
	if (is_marker(v, VIEW(MARK_START)))
		on_start(j, v, number);
	else if (is_marker(v, VIEW(MARK_DONE)))
		on_done(j, v, number);
	else
		return false;
	return true;
}

/* Returns true for a line of KTAP, which never matches a pattern: what tests say about panics is no panic. */
static bool on_ktap(struct judge *j, struct view message, bool timed, int64_t number)
{
	enum ktap_kind kind = ktap_line(&j->ktap, message, number);

	if (kind == KTAP_NONE)
		return false;
	if (kind == KTAP_VERSION)
		j->kunit = timed || !j->started;
	if (j->suspect && (kind == KTAP_OK || kind == KTAP_NOT_OK))
		forgive(j);
	if (j->capture == CAPTURE_SPLAT && kind != KTAP_DIAGNOSTIC)
		judge_end_splat(j);
	return true;
}

static int on_exact(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct match *m = context;
	const struct judge_pattern *p = &m->patterns[id];

	if (p->last)
		m->last = true;
	else if (!m->best || p < m->best)
		m->best = p;
	return 0;
}

/* Whether the line is the last splat's, printed again by a second console: its time is the same too. */
static bool is_echo(struct judge *j, struct view line, bool timed)
{
	if (timed && view_eq(line, (struct view){ j->splat_line.data, j->splat_line.n }))
		return true;
	buf_clear(&j->splat_line);
	buf_addv(&j->splat_line, line);
	return false;
}

static void on_match(struct judge *j, const struct match *m, struct view line, struct view message, bool timed,
		     int64_t number)
{
	const struct judge_pattern *p = m->best;
	bool again = p && ((j->cause.pattern == p && j->cause.line == number) ||
			   (j->splat.pattern == p && j->splat.line == number));

	if (again)
		return;
	if (p && p->verdict == VERDICT_WARN && is_echo(j, line, timed))
		return;
	if (p && p->verdict == VERDICT_WARN)
		on_warn(j, p, line, message, number);
	else if (p)
		on_fail(j, p, line, message, number);
	else
		on_trace(j, line, message, m->last);
}

void judge_line(struct judge *j, struct view line, int64_t number)
{
	struct match m = { .patterns = j->rules->patterns };
	bool timed = false, rest = line.n && line.p[0] == CLEAN_REST;
	struct view message;

	if (line.n && line.p[0] == CLEAN_AGAIN)
		line = (struct view){ line.p + 1, line.n - 1 };
	message = rest ? line : printk_message(line, &timed);
	if (!rest && (on_marker(j, message, number) || on_ktap(j, message, timed, number)))
		return;
	if (j->rules->exact && message.n)
		hs_scan(j->rules->exact, message.p, (unsigned)message.n, 0, j->scratch, on_exact, &m);
	if (rest)
		line = message = (struct view){ line.p + 1, line.n - 1 };
	on_match(j, &m, line, message, timed, number);
}

void judge_trace_line(struct judge *j, struct view line)
{
	if (line.n && line.p[0] < ' ' && line.p[0] != '\t')
		line = (struct view){ line.p + 1, line.n - 1 };
	on_trace(j, line, printk_message(line, NULL), false);
}
