#include "qemu/screen.h"

#include <string.h>

enum { BEL = 7, CAN = 0x18, SUB = 0x1a, ESC = 0x1b };

/* ECMA-48: ESC and one of these opens a string that runs to ST (ESC \): DCS, SOS, OSC, PM, APC. */
static bool opens_string(char c)
{
	return c && strchr("PX]^_", c) != NULL;
}

static void after_escape(struct screen *s, char c, struct buf *out)
{
	if (opens_string(c)) {
		s->state = SCREEN_STRING;
		return;
	}
	if (c == ESC) /* the escape before it came to nothing */
		return;
	s->state = SCREEN_TEXT;
	buf_addc(out, ESC);
	buf_addc(out, c);
}

/* A string may also be ended by BEL (as xterm does), and is broken off by CAN and SUB. */
static void in_string(struct screen *s, char c)
{
	if (c == BEL || c == CAN || c == SUB)
		s->state = SCREEN_TEXT;
	else if (c == ESC)
		s->state = SCREEN_STRING_ESCAPE;
}

static void byte(struct screen *s, char c, struct buf *out)
{
	switch (s->state) {
	case SCREEN_TEXT:
		if (c == ESC)
			s->state = SCREEN_ESCAPE;
		else if (c)
			buf_addc(out, c);
		break;
	case SCREEN_ESCAPE:
		after_escape(s, c, out);
		break;
	case SCREEN_STRING:
		in_string(s, c);
		break;
	case SCREEN_STRING_ESCAPE:
		if (c == '\\')
			s->state = SCREEN_TEXT;
		else if (c != ESC)
			s->state = SCREEN_STRING;
		break;
	}
}

void screen_filter(struct screen *s, const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		byte(s, p[i], out);
}
