#define _GNU_SOURCE
#include "base/str.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view view_of(const char *s)
{
	return (struct view){ s, strlen(s) };
}

bool view_eq(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool view_is(struct view v, const char *s)
{
	return view_eq(v, view_of(s));
}

bool view_starts(struct view v, struct view prefix)
{
	return v.n >= prefix.n && memcmp(v.p, prefix.p, prefix.n) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view view_first(struct view v, size_t max)
{
	return (struct view){ v.p, v.n < max ? v.n : max };
}

struct view view_trim(struct view v)
{
	while (v.n && is_blank(v.p[0])) {
		v.p++;
		v.n--;
	}
	while (v.n && is_blank(v.p[v.n - 1]))
		v.n--;
	return v;
}

struct view view_cut(struct view *rest, char sep)
{
	const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	struct view head = *rest;

	if (!at) {
		*rest = (struct view){ NULL, 0 };
		return head;
	}
	head.n = (size_t)(at - rest->p);
	rest->p = at + 1;
	rest->n -= head.n + 1;
	return head;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

char *str_with_slash(const char *s)
{
	return mem_printf("%s%s", s, str_ends(s, "/") ? "" : "/");
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->n < n + 1) {
		size_t cap = b->cap ? b->cap * 2 : 64;

		while (cap < b->n + n + 1)
			cap *= 2;
		b->data = mem_resize(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->data + b->n, p, n);
	b->n += n;
	b->data[b->n] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addv(struct buf *b, struct view v)
{
	buf_add(b, v.p, v.n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->data + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

char *buf_steal(struct buf *b)
{
	char *s = b->data ? b->data : mem_strdup("");

	*b = (struct buf){ 0 };
	return s;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629), 0 when there is none. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void buf_add_printable(struct buf *b, struct view v)
{
	const unsigned char *p = (const unsigned char *)v.p;

	for (size_t i = 0; i < v.n;) {
		size_t len = utf8_len(p + i, v.n - i);
		/* C1 controls are two bytes in UTF-8 and steer some terminals as well. */
		bool control = (len == 1 && (p[i] < 0x20 || p[i] == 0x7f) && p[i] != '\t') ||
			       (len == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0);

		if (len == 0 || control) {
			buf_printf(b, "\\x%02x", p[i]);
			i++;
		} else {
			buf_add(b, p + i, len);
			i += len;
		}
	}
}

void buf_add_duration(struct buf *b, double seconds)
{
	long s = (long)(seconds + 0.5);

	if (seconds < 9.95)
		buf_printf(b, "%.1f s", seconds);
	else if (s < 60)
		buf_printf(b, "%ld s", s);
	else if (s < 3600)
		buf_printf(b, "%ld min %ld s", s / 60, s % 60);
	else
		buf_printf(b, "%ld h %ld min", s / 3600, s / 60 % 60);
}

void buf_add_shell(struct buf *b, const char *s)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789_-+=./,:@%^";

	if (*s && strspn(s, safe) == strlen(s)) {
		buf_adds(b, s);
		return;
	}
	buf_addc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *s);
	}
	buf_addc(b, '\'');
}

int str_to_ms(const char *s, int64_t *ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "min", 60000 }, { "h", 3600000 } };
	char *end;
	double n;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	n = strtod(s, &end);
	if (errno || n > 1e9)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*ms = (int64_t)(n * units[i].ms);
			return 0;
		}
	}
	return -1;
}
