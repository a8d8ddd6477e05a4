#define _GNU_SOURCE
#include "judge/printk.h"

#include <ctype.h>
#include <string.h>

static size_t digits(struct view v, size_t i)
{
	size_t n = 0;

	while (i + n < v.n && isdigit((unsigned char)v.p[i + n]))
		n++;
	return n;
}

static size_t blanks(struct view v, size_t i)
{
	size_t n = 0;

	while (i + n < v.n && v.p[i + n] == ' ')
		n++;
	return n;
}

static bool is_at(struct view v, size_t i, char c)
{
	return i < v.n && v.p[i] == c;
}

/* <4>, <12> */
static size_t level_len(struct view v)
{
	size_t n = is_at(v, 0, '<') ? digits(v, 1) : 0;

	return n && n <= 3 && is_at(v, 1 + n, '>') ? n + 2 : 0;
}

/* [    1.234567] */
static size_t time_len(struct view v)
{
	size_t i, n;

	if (!is_at(v, 0, '['))
		return 0;
	i = 1 + blanks(v, 1);
	n = digits(v, i);
	if (!n || !is_at(v, i + n, '.'))
		return 0;
	i += n + 1;
	n = digits(v, i);
	return n && is_at(v, i + n, ']') ? i + n + 1 : 0;
}

/* [Fri Nov 20 23:59:39 2026], as dmesg -T writes it */
static size_t date_len(struct view v)
{
	return v.n > 25 && v.p[0] == '[' && v.p[25] == ']' && v.p[14] == ':' && v.p[17] == ':' &&
			       isalpha((unsigned char)v.p[1])
		       ? 26
		       : 0;
}

/* [    T1] or [   C0]: CONFIG_PRINTK_CALLER */
static size_t caller_len(struct view v)
{
	size_t i, n;

	if (!is_at(v, 0, '['))
		return 0;
	i = 1 + blanks(v, 1);
	if (!is_at(v, i, 'T') && !is_at(v, i, 'C'))
		return 0;
	n = digits(v, ++i);
	return n && is_at(v, i + n, ']') ? i + n + 1 : 0;
}

/* "Nov 20 23:59:39 host kernel: ", as syslog and journalctl write it */
static size_t syslog_len(struct view v)
{
	struct view head = view_first(v, 120);
	const char *at;

	if (v.n < 24 || v.p[3] != ' ' || v.p[9] != ':' || v.p[12] != ':' || !isalpha((unsigned char)v.p[0]))
		return 0;
	at = memmem(head.p, head.n, " kernel: ", 9);
	return at ? (size_t)(at - v.p) + 9 : 0;
}

static void skip(struct view *v, size_t n)
{
	v->p += n;
	v->n -= n;
}

struct view printk_message(struct view line, bool *timed)
{
	size_t n;
	bool seen = false;

	n = syslog_len(line);
	if (n) {
		skip(&line, n);
		seen = true;
	}
	skip(&line, level_len(line));
	n = time_len(line);
	if (!n)
		n = date_len(line);
	if (n) {
		skip(&line, n);
		seen = true;
		skip(&line, caller_len(line));
		if (is_at(line, 0, ' ')) /* one only: further blanks are the message's own */
			skip(&line, 1);
	} else {
		n = caller_len(line); /* CONFIG_PRINTK_CALLER without times */
		skip(&line, n);
		if (n && is_at(line, 0, ' '))
			skip(&line, 1);
	}
	if (timed)
		*timed = seen;
	return line;
}
