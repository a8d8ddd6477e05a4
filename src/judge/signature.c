#define _GNU_SOURCE
#include "judge/signature.h"

#include "judge/judge.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_hex(struct view v, size_t i)
{
	return i < v.n && isxdigit((unsigned char)v.p[i]);
}

static bool starts_at(struct view v, size_t i, const char *s)
{
	return i <= v.n && view_starts((struct view){ v.p + i, v.n - i }, view_of(s));
}

/* Length of 0x1f at i, or 0. */
static size_t hex_len(struct view v, size_t i)
{
	size_t n = 2;

	if (!starts_at(v, i, "0x") || !is_hex(v, i + 2))
		return 0;
	while (is_hex(v, i + n))
		n++;
	return n;
}

/* Length of +0x12/0x34 at i, or 0. */
static size_t offset_len(struct view v, size_t i)
{
	size_t n = i < v.n && v.p[i] == '+' ? hex_len(v, i + 1) : 0, size;

	if (!n)
		return 0;
	n++;
	size = i + n < v.n && v.p[i + n] == '/' ? hex_len(v, i + n + 1) : 0;
	return size ? n + 1 + size : n;
}

/* Where a task's name stands, and what ends it. A name is up to 15 bytes of anything (TASK_COMM_LEN). */
static const struct {
	const char *before, *end;
} task_places[] = {
	{ "Comm: ", " " },          { "comm: ", " ," }, { "INFO: task ", " " }, { "by task ", " " },
	{ "Killed process ", ")" }, { "! [", "]" },     { "process: ", " " },   { "Process ", "(" },
};

static size_t task_len(struct view v, size_t i, struct buf *out)
{
	for (size_t k = 0; k < countof(task_places); k++) {
		size_t n = strlen(task_places[k].before);

		if (!starts_at(v, i, task_places[k].before))
			continue;
		buf_adds(out, task_places[k].before);
		buf_addc(out, '#');
		while (i + n < v.n && !strchr(task_places[k].end, v.p[i + n]))
			n++;
		return n;
	}
	return 0;
}

/* "swapper(1): Oops": some architectures put the task first. */
static size_t leading_task_len(struct view v)
{
	size_t n = 0;

	while (n < v.n && n < 16 && v.p[n] != '(' && v.p[n] != ' ')
		n++;
	if (!n || n >= v.n || v.p[n] != '(' || n + 1 >= v.n || !isdigit((unsigned char)v.p[n + 1]))
		return 0;
	for (n++; n < v.n && isdigit((unsigned char)v.p[n]); n++)
		;
	return starts_at(v, n, "): ") ? n + 1 : 0;
}

/* :123 or :123:45 behind the name of a file */
static size_t position_len(struct view v, size_t i)
{
	size_t n = 0;

	if (i < 2 || v.p[i - 2] != '.' || !strchr("chSs", v.p[i - 1]))
		return 0;
	while (i + n + 1 < v.n && v.p[i + n] == ':' && isdigit((unsigned char)v.p[i + n + 1]))
		for (n += 2; i + n < v.n && isdigit((unsigned char)v.p[i + n]); n++)
			;
	return n;
}

/* Length of the word at i. *digits: of the part of it that varies. */
static size_t word_len(struct view v, size_t i, size_t *digits)
{
	size_t n = 0, hex = 0, dec = 0;

	while (i + n < v.n && is_word(v.p[i + n]))
		n++;
	while (hex < n && is_hex(v, i + hex))
		hex++;
	while (dec < n && isdigit((unsigned char)v.p[i + dec]))
		dec++;
	if (hex_len(v, i) == n)
		hex = n;
	*digits = hex == n && (dec || n >= 8) ? n : dec;
	return n;
}

static size_t add_word(struct view v, size_t i, struct buf *out)
{
	size_t digits, n = word_len(v, i, &digits);

	if (digits)
		buf_addc(out, '#');
	buf_add(out, v.p + i + digits, n - digits);
	return n;
}

void signature_message(struct view v, struct buf *out)
{
	size_t i, n;

	v = view_trim(v);
	if (v.n > SIGNATURE_MESSAGE)
		v.n = SIGNATURE_MESSAGE;
	i = leading_task_len(v);
	if (i)
		buf_addc(out, '#');
	while (i < v.n) {
		if ((n = task_len(v, i, out)) || (n = offset_len(v, i)) || (n = position_len(v, i))) {
			i += n;
		} else if (is_word(v.p[i])) {
			i += add_word(v, i, out);
		} else {
			buf_add_printable(out, (struct view){ v.p + i, 1 });
			i++;
		}
	}
}

void judge_normalise(struct view message, struct buf *out)
{
	signature_message(message, out);
}

/* Lines with names that are no frames: link registers, whose function the trace names again, and lockdep's notes. */
static bool is_aside(struct view v)
{
	static const char *const starts[] = {
		"lr :",          "LR ",           "LR:",       "ra :",       "ra ",   "RA ",
		"I7:",           "RPC:",          "RP(r2)",    "Workqueue:", "Code:", "Modules linked in:",
		"hardirqs last", "softirqs last", "irq event", "([<",
	};

	v = view_trim(v);
	for (size_t i = 0; i < countof(starts); i++)
		if (view_starts(v, view_of(starts[i])))
			return true;
	return memmem(v.p, v.n, "(unreliable)", 12) != NULL;
}

/* Functions that report, and so head every trace. */
static bool is_reporter(struct view name)
{
	static const char *const names[] = {
		"dump_stack",
		"dump_stack_lvl",
		"__dump_stack",
		"show_stack",
		"dump_backtrace",
		"unwind_backtrace",
		"panic",
		"vpanic",
		"die",
		"__die",
		"__warn",
		"report_bug",
		"print_report",
		"kasan_report",
		"kasan_check_range",
		"print_address_description",
		"show_regs",
		"__show_regs",
		"walk_stackframe",
		"dump_trace",
		"warn_slowpath_fmt",
		"warn_slowpath_null",
		"ubsan_epilogue",
		"arch_stack_walk",
		"show_trace",
	};

	for (size_t i = 0; i < countof(names); i++)
		if (view_is(name, names[i]))
			return true;
	return view_starts(name, VIEW("__asan_")) || view_starts(name, VIEW("__ubsan_handle"));
}

/* gcc's and clang's names for copies of a function differ between versions of the compiler. */
static struct view without_suffix(struct view name)
{
	static const char *const suffixes[] = { ".isra", ".constprop", ".part", ".cold", ".llvm" };

	for (size_t i = 0; i < countof(suffixes); i++) {
		const char *at = memmem(name.p, name.n, suffixes[i], strlen(suffixes[i]));

		if (at && at > name.p)
			name.n = (size_t)(at - name.p);
	}
	return name;
}

/* [module] behind a frame; a build id may follow the name: [module 1234abcd]. */
static struct view module_at(struct view v, size_t i)
{
	size_t n = 2;

	if (!starts_at(v, i, " [") || i + 2 >= v.n || !(isalpha((unsigned char)v.p[i + 2]) || v.p[i + 2] == '_'))
		return (struct view){ NULL, 0 };
	while (i + n < v.n && (is_name(v.p[i + n]) || v.p[i + n] == '-'))
		n++;
	if (i + n >= v.n || (v.p[i + n] != ']' && v.p[i + n] != ' '))
		return (struct view){ NULL, 0 };
	return (struct view){ v.p + i + 2, n - 2 };
}

static void add_function(struct signature *s, struct view name, struct view module)
{
	if (is_reporter(name) || (s->n && view_eq(name, (struct view){ s->last.data, s->last.n })))
		return;
	if (s->n++)
		buf_adds(&s->functions, " < ");
	buf_addv(&s->functions, name);
	if (module.n)
		buf_printf(&s->functions, " [" VIEW_FMT "]", VIEW_ARG(module));
	buf_clear(&s->last);
	buf_addv(&s->last, name);
}

void signature_add(struct signature *s, struct view v)
{
	if (v.n > 512)
		v.n = 512;
	if (s->n >= SIGNATURE_FUNCTIONS || is_aside(v))
		return;
	for (size_t i = 1; i < v.n && s->n < SIGNATURE_FUNCTIONS; i++) {
		size_t n = offset_len(v, i), start = i;

		if (!n || !memchr(v.p + i + 1, '/', n - 1))
			continue;
		while (start && is_name(v.p[start - 1]))
			start--;
		if (start < i && !isdigit((unsigned char)v.p[start]) && !(start >= 2 && v.p[start - 2] == '?'))
			add_function(s, without_suffix((struct view){ v.p + start, i - start }), module_at(v, i + n));
		i += n - 1;
	}
}

void signature_free(struct signature *s)
{
	buf_free(&s->functions);
	buf_free(&s->last);
}
