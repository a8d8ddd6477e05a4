/* The pass over a console: cleaned, filtered, cut into lines. */
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

		judge_trace_line(j, (struct view){ text + from, end - from });
		from = end + 1;
	}
}

/* Firmware may leave its line unfinished, or with control sequences that somebody stripped: the banner of the kernel
 * (init/version.c) is looked for anywhere. */
static bool has_banner(struct view line)
{
	static const char banner[] = "Linux version ";
	const char *at = memmem(line.p, line.n, banner, sizeof(banner) - 1), *end = line.p + line.n;

	at = at ? at + sizeof(banner) - 1 : NULL;
	return at && at < end && *at >= '0' && *at <= '9';
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
		j->kernel |= has_banner(line);
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
		line = view_trim(view_first(line, TEXT_MAX));
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
		judge_end_splat(j);
	if (j->state == JUDGE_TRACE)
		judge_decide(j);
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
	judge_end_splat(j);
	judge_conclude(j, end);
	j->state = JUDGE_DECIDED;
}

const struct judge_result *judge_result(const struct judge *j)
{
	return j->state == JUDGE_DECIDED ? &j->result : NULL;
}

bool judge_heard_kernel(const struct judge *j)
{
	return j->kernel;
}
