/* A guest's bytes on a person's terminal: what moves the cursor and colours passes, what programs the terminal
 * (titles, clipboard, device control) does not. */
#ifndef QEMU_SCREEN_H
#define QEMU_SCREEN_H

#include "base/str.h"

enum screen_state { SCREEN_TEXT, SCREEN_ESCAPE, SCREEN_STRING, SCREEN_STRING_ESCAPE };

/* Zero-initialised is a fresh screen. */
struct screen {
	enum screen_state state;
};

/* Appends to out what of the n bytes may be shown; any cut of a stream gives the same. */
void screen_filter(struct screen *s, const char *p, size_t n, struct buf *out);

#endif
