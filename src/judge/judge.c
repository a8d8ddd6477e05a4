#define _GNU_SOURCE
#include "judge/state.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "judge/printk.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 64 << 10, /* bytes cleaned and scanned at once: they stay in the second-level cache */
	QUIET_MS = 2000,
};

/* The pattern that a line matches: the first in the catalogue's order that gives a verdict. */
struct match {
	const struct judge_pattern *patterns, *best;
	bool last;
};

struct judge *judge_new(const struct judge_rules *rules, const struct judge_options *options)
{
	struct judge *j = mem_alloc(sizeof(*j));

	j->rules = rules;
	j->options = *options;
	if (!j->options.quiet_ms)
		j->options.quiet_ms = QUIET_MS;
	if (hs_alloc_scratch(rules->filter, &j->scratch) != HS_SUCCESS ||
	    (rules->exact && hs_alloc_scratch(rules->exact, &j->scratch) != HS_SUCCESS))
		abort(); /* out of memory, as elsewhere */
	j->line = 1;
	j->cpus = -1;
	j->splats = json_array();
	return j;
}

void finding_clear(struct finding *f)
{
	buf_free(&f->text);
	buf_free(&f->message);
	buf_free(&f->excerpt);
	signature_free(&f->signature);
	*f = (struct finding){ 0 };
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	hs_free_scratch(j->scratch);
	buf_free(&j->text);
	vec_free(&j->hits);
	buf_free(&j->last);
	ktap_free(&j->ktap);
	finding_clear(&j->cause);
	finding_clear(&j->splat);
	buf_free(&j->splat_line);
	buf_free(&j->after);
	buf_free(&j->machine);
	buf_free(&j->reason);
	buf_free(&j->signature);
	json_decref(j->splats);
	json_decref(j->tests);
	free(j);
}

static struct view shortened(struct view v, size_t max)
{
	return (struct view){ v.p, v.n < max ? v.n : max };
}

static void add_excerpt(struct finding *f, struct view line)
{
	struct view rest = shortened(line, CLEAN_LINE);

	while (f->excerpt.n < EXCERPT_MAX && (rest.p || !f->excerpt.n)) {
		struct view piece = shortened(rest, 256);

		buf_add_printable(&f->excerpt, piece);
		rest.p += piece.n;
		rest.n -= piece.n;
		if (!rest.n)
			break;
	}
	if (f->excerpt.n < EXCERPT_MAX)
		buf_addc(&f->excerpt, '\n');
	if (f->excerpt.n > EXCERPT_MAX) {
		f->excerpt.n = EXCERPT_MAX;
		f->excerpt.data[f->excerpt.n] = '\0';
	}
}

static void finding_start(struct finding *f, const struct judge_pattern *pattern, struct view line, struct view message,
			  int64_t number)
{
	finding_clear(f);
	f->pattern = pattern;
	f->line = number;
	buf_add_printable(&f->text, shortened(view_trim(message), TEXT_MAX));
	signature_message(message, &f->message);
	signature_add(&f->signature, message);
	add_excerpt(f, line);
}

static void end_splat(struct judge *j)
{
	if (j->splat.pattern)
		judge_add_splat(j, &j->splat);
	finding_clear(&j->splat);
	if (j->capture == CAPTURE_SPLAT)
		j->capture = CAPTURE_NONE;
}

static void decide(struct judge *j)
{
	judge_conclude(j, JUDGE_END_LOG);
	j->state = JUDGE_DECIDED;
}

static void end_trace(struct judge *j)
{
	if (j->capture == CAPTURE_SPLAT)
		end_splat(j);
	j->capture = CAPTURE_NONE;
	if (j->dead)
		decide(j);
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
	end_splat(j);
	if (!j->cause.pattern) {
		finding_start(&j->cause, p, line, message, number);
		j->suspect = !p->final && j->kunit && ktap_is_open(&j->ktap);
	} else {
		if (j->capture != CAPTURE_CAUSE) /* the first trace is over: a later one is not the root */
			j->cause.signature.n = SIGNATURE_FUNCTIONS;
		j->cause.lines = 0;
		add_excerpt(&j->cause, line);
		if (p->final && !j->after.n)
			buf_add_printable(&j->after, shortened(view_trim(message), TEXT_MAX));
	}
	if (p->final) {
		j->dead = true;
		j->suspect = false;
	}
	if (p->trace)
		j->capture = CAPTURE_CAUSE;
	j->state = j->suspect ? JUDGE_OPEN : JUDGE_TRACE;
	if (p->final && !p->trace)
		decide(j);
}

static void on_warn(struct judge *j, const struct judge_pattern *p, struct view line, struct view message,
		    int64_t number)
{
	end_splat(j);
	finding_start(&j->splat, p, line, message, number);
	if (j->capture == CAPTURE_CAUSE) { /* amid a failure's trace, which goes on */
		add_excerpt(&j->cause, line);
		end_splat(j);
	} else if (p->trace) {
		j->capture = CAPTURE_SPLAT;
	} else {
		end_splat(j);
	}
}

/* The line belongs to the trace, if one is coming; it may be its last. */
static void on_trace(struct judge *j, struct view line, struct view message, bool last)
{
	struct finding *f = j->capture == CAPTURE_CAUSE ? &j->cause : &j->splat;
	int64_t max = j->capture == CAPTURE_CAUSE ? TRACE_LINES : SPLAT_LINES;

	if (j->capture == CAPTURE_NONE)
		return;
	add_excerpt(f, line);
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
	struct view rest = shortened(v, 1000), word;

	if (j->started && !j->done) {
		j->restart_line = number;
		decide(j);
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
	end_splat(j);
	j->done = true;
	j->done_line = number;
	j->status = marker_number(v, " status=");
	decide(j);
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
		end_splat(j);
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

/* One line of clean text, without its newline. */
static void judge_line(struct judge *j, struct view line, int64_t number)
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

/* A line amid a trace that the filter did not find. */
static void trace_line(struct judge *j, struct view line)
{
	if (line.n && line.p[0] < ' ' && line.p[0] != '\t')
		line = (struct view){ line.p + 1, line.n - 1 };
	on_trace(j, line, printk_message(line, NULL), false);
}

typedef int8_t lanes __attribute__((vector_size(16)));

/* Raw lines that end in 16 bytes, a lane each: a newline is one, a mark takes back the newline before it. */
static inline lanes line_ends(lanes text)
{
	return (text == CLEAN_REST) + (text == CLEAN_AGAIN) - (text == '\n');
}

/* Raw lines that end in a piece of clean text. */
static int64_t count_lines(const char *p, size_t n)
{
	enum { ROUNDS = 100 }; /* a lane holds up to 127 */
	int64_t lines = 0;

	while (n) {
		lanes sum = { 0 }, text;

		for (int i = 0; i < ROUNDS && n >= sizeof(text); i++) {
			memcpy(&text, p, sizeof(text));
			sum += line_ends(text);
			p += sizeof(text);
			n -= sizeof(text);
		}
		if (n && n < sizeof(text)) {
			text = (lanes){ 0 };
			memcpy(&text, p, n);
			sum += line_ends(text);
			n = 0;
		}
		for (size_t i = 0; i < sizeof(sum); i++)
			lines += sum[i];
	}
	return lines;
}

static int on_filter(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct judge *j = context;
	const char *text = j->text.data;
	struct view_range *last = j->hits.n ? &j->hits.data[j->hits.n - 1] : NULL, hit;
	size_t at = to ? (size_t)to - 1 : 0;
	const char *nl;

	if (last && at >= last->start && at <= last->end)
		return 0;
	nl = at ? memrchr(text, '\n', at) : NULL;
	hit.start = nl ? (size_t)(nl - text) + 1 : 0;
	nl = memchr(text + at, '\n', j->text.n - at);
	hit.end = nl ? (size_t)(nl - text) : j->text.n;
	*vec_push(&j->hits) = hit;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct view_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Vectorscan promises no order of matches: sorts when there is need. */
static void sort_hits(struct judge *j)
{
	for (size_t i = 1; i < j->hits.n; i++)
		if (j->hits.data[i - 1].start > j->hits.data[i].start) {
			qsort(j->hits.data, j->hits.n, sizeof(*j->hits.data), by_start);
			return;
		}
}

/* Lines [from, to) that the filter left out: only a trace wants them. */
static void pass_over(struct judge *j, size_t from, size_t to)
{
	const char *text = j->text.data;

	while (from < to && j->capture != CAPTURE_NONE && j->state != JUDGE_DECIDED) {
		const char *nl = memchr(text + from, '\n', to - from);
		size_t end = nl ? (size_t)(nl - text) : to;

		trace_line(j, (struct view){ text + from, end - from });
		from = end + 1;
	}
}

/* Until the kernel has spoken each line is looked at: firmware alone is not a console that works. */
static void look_for_kernel(struct judge *j, size_t n)
{
	struct view rest = { j->text.data, n }, line;

	while (rest.p && !j->kernel) {
		line = view_cut(&rest, '\n');
		if (line.n && line.p[0] < ' ')
			line = (struct view){ line.p + 1, line.n - 1 };
		line = printk_message(line, &j->kernel);
		j->kernel |= view_starts(line, VIEW("Linux version "));
	}
}

static void remember_last(struct judge *j, size_t n)
{
	const char *text = j->text.data;

	while (n) {
		const char *nl = memrchr(text, '\n', n);
		size_t start = nl ? (size_t)(nl - text) + 1 : 0;
		struct view line = { text + start, n - start };

		if (line.n && (line.p[0] == CLEAN_REST || line.p[0] == CLEAN_AGAIN))
			line = (struct view){ line.p + 1, line.n - 1 };
		line = view_trim(shortened(line, TEXT_MAX));
		if (line.n) {
			buf_clear(&j->last);
			buf_add_printable(&j->last, line);
			j->output = true;
			return;
		}
		n = nl ? start - 1 : 0;
	}
}

/* Judges the first n bytes of the text, which are whole lines (or, at the very end, also the last piece). */
static void judge_text(struct judge *j, size_t n)
{
	size_t at = 0, all = j->text.n;
	int64_t line = j->line;

	j->text.n = n;
	j->hits.n = 0;
	hs_scan(j->rules->filter, j->text.data, (unsigned)n, 0, j->scratch, on_filter, j);
	sort_hits(j);
	if (!j->kernel)
		look_for_kernel(j, n);
	for (size_t i = 0; i < j->hits.n && j->state != JUDGE_DECIDED; i++) {
		struct view_range hit = j->hits.data[i];
		bool soft = j->text.data[hit.start] == CLEAN_REST || j->text.data[hit.start] == CLEAN_AGAIN;

		if (hit.start < at)
			continue;
		pass_over(j, at, hit.start);
		line += count_lines(j->text.data + at, hit.start - at);
		at = hit.end < n ? hit.end + 1 : n;
		if (j->state != JUDGE_DECIDED) /* the newline before a soft line is counted, and was none */
			judge_line(j, (struct view){ j->text.data + hit.start, hit.end - hit.start }, line - soft);
		line += count_lines(j->text.data + hit.start, at - hit.start);
	}
	pass_over(j, at, n);
	line += count_lines(j->text.data + at, n - at);
	if (j->state != JUDGE_DECIDED)
		remember_last(j, n);
	j->line = line;
	j->text.n = all;
}

static void drop_text(struct judge *j, size_t n)
{
	memmove(j->text.data, j->text.data + n, j->text.n - n);
	j->text.n -= n;
}

enum judge_state judge_feed(struct judge *j, const void *p, size_t n, int64_t now)
{
	const char *at = p;

	if (n)
		j->now = now;
	while (n && j->state != JUDGE_DECIDED) {
		size_t piece = n < CHUNK ? n : CHUNK, old = j->text.n;
		const char *nl;

		clean_add(&j->clean, at, piece, &j->text);
		at += piece;
		n -= piece;
		nl = j->text.n > old ? memrchr(j->text.data + old, '\n', j->text.n - old) : NULL;
		if (nl) {
			size_t whole = (size_t)(nl + 1 - j->text.data);

			judge_text(j, whole);
			drop_text(j, whole);
		}
	}
	return j->state;
}

enum judge_state judge_tick(struct judge *j, int64_t now)
{
	if (j->state == JUDGE_DECIDED || now - j->now < j->options.quiet_ms)
		return j->state;
	if (j->capture == CAPTURE_SPLAT)
		end_splat(j);
	if (j->state == JUDGE_TRACE)
		decide(j);
	return j->state;
}

void judge_end(struct judge *j, enum judge_end end)
{
	/* A flood is cut off within a line, which tells less than the one before. */
	if (end == JUDGE_END_FLOOD && j->last.n)
		j->text.n = 0;
	if (j->state != JUDGE_DECIDED && j->text.n) {
		judge_text(j, j->text.n);
		j->text.n = 0;
	}
	if (j->state == JUDGE_DECIDED)
		return;
	end_splat(j);
	judge_conclude(j, end);
	j->state = JUDGE_DECIDED;
}

const struct judge_result *judge_result(const struct judge *j)
{
	return j->state == JUDGE_DECIDED ? &j->result : NULL;
}
