#include "judge/clean.h"

#include <endian.h>
#include <string.h>

enum {
	ESC = 0x1b,
	BEL = 0x07,
	CSI_MAX = 64,     /* bytes: a longer one is no control sequence but noise */
	STRING_MAX = 256, /* a terminal's title is shorter; a lost terminator must not eat the log */
};

/* Bytes before the first control byte other than a tab. A word of eight at a time: a byte below 0x20 borrows
 * from its top bit; the lowest such bit is exact, which is the one asked for. */
static size_t plain_span(const char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101;
	size_t i = 0;

	for (;;) {
		while (i + 8 <= n) {
			uint64_t word, low;

			memcpy(&word, p + i, 8);
			word = le64toh(word);
			low = (word - ones * 0x20) & ~word & (ones << 7);
			if (low) {
				i += (size_t)__builtin_ctzll(low) / 8;
				break;
			}
			i += 8;
		}
		while (i < n && (unsigned char)p[i] >= 0x20 && i + 8 > n)
			i++;
		if (i >= n || p[i] != '\t')
			return i;
		i++;
	}
}

static void line_end(struct clean *c, struct buf *out)
{
	buf_addc(out, '\n');
	c->line = 0;
	c->cr = false;
}

static void line_again(struct clean *c, struct buf *out)
{
	c->cr = false;
	if (!c->line)
		return;
	buf_add(out, (char[]){ '\n', CLEAN_AGAIN }, 2);
	c->line = 0;
}

static void line_cut(struct clean *c, struct buf *out)
{
	char *room = buf_reserve(out, 2 + CLEAN_OVERLAP);

	room[0] = '\n';
	room[1] = CLEAN_REST;
	memcpy(room + 2, room - CLEAN_OVERLAP, CLEAN_OVERLAP);
	out->n += 2 + CLEAN_OVERLAP;
	c->line = CLEAN_OVERLAP;
}

static void add_plain(struct clean *c, const char *p, size_t n, struct buf *out)
{
	if (c->cr)
		line_again(c, out);
	while (n) {
		size_t room = CLEAN_LINE - c->line;

		if (!room) {
			line_cut(c, out);
			continue;
		}
		if (room > n)
			room = n;
		buf_add(out, p, room);
		c->line += room;
		p += room;
		n -= room;
	}
}

static void add_control(struct clean *c, char ch, struct buf *out)
{
	if (ch == '\n')
		line_end(c, out);
	else if (ch == '\r')
		c->cr = true;
	else if (ch == ESC) {
		c->state = CLEAN_ESC;
		c->escape = 0;
	}
}

/* ECMA-48, section 8.3: final bytes that put the cursor elsewhere, so that text before and after is not one word. */
static bool moves_cursor(char final)
{
	return strchr("ABEFHJdf", final) != NULL;
}

static void after_esc(struct clean *c, char ch, struct buf *out)
{
	c->state = CLEAN_TEXT;
	if (ch == '[')
		c->state = CLEAN_CSI;
	else if (ch == ']' || ch == 'P' || ch == 'X' || ch == '^' || ch == '_')
		c->state = CLEAN_STRING;
	else if (ch >= 0x20 && ch <= 0x2f)
		c->state = CLEAN_ESC_MORE;
	else if (ch == 'c' || ch == 'E')
		line_again(c, out);
}

static void add_escape(struct clean *c, char ch, struct buf *out)
{
	bool plain = ch >= 0x20 && ch < 0x7f;

	c->escape++;
	if (c->state == CLEAN_STRING) {
		if (ch == BEL || c->escape > STRING_MAX)
			c->state = CLEAN_TEXT;
		if (ch == '\n' || ch == ESC) {
			c->state = CLEAN_TEXT;
			add_control(c, ch, out);
		}
		return;
	}
	if (!plain) { /* none of a sequence's bytes: it was cut off */
		c->state = CLEAN_TEXT;
		if ((unsigned char)ch < 0x20)
			add_control(c, ch, out);
		return;
	}
	if (c->state == CLEAN_ESC) {
		after_esc(c, ch, out);
	} else if (c->state == CLEAN_ESC_MORE) {
		if (ch > 0x2f)
			c->state = CLEAN_TEXT;
	} else if (ch >= 0x40 || c->escape > CSI_MAX) {
		c->state = CLEAN_TEXT;
		if (moves_cursor(ch))
			line_again(c, out);
	}
}

void clean_add(struct clean *c, const char *p, size_t n, struct buf *out)
{
	while (n) {
		size_t k = 1;

		if (c->state != CLEAN_TEXT)
			add_escape(c, *p, out);
		else if ((k = plain_span(p, n)) != 0)
			add_plain(c, p, k, out);
		else {
			k = 1;
			add_control(c, *p, out);
		}
		p += k;
		n -= k;
	}
}
