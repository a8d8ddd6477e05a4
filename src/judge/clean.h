/* Raw console bytes to lines of text: escape sequences, NULs and carriage returns off, endless lines cut.
 * The same bytes give the same text however they are cut into pieces. */
#ifndef JUDGE_CLEAN_H
#define JUDGE_CLEAN_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* First byte of a line that is no line of the raw input. No other control byte but \t and \n is ever in
 * clean text, so a guest cannot forge them. */
enum {
	CLEAN_REST = 1,  /* goes on with a line that was too long; starts with its last CLEAN_OVERLAP bytes */
	CLEAN_AGAIN = 2, /* the same raw line, written anew after \r or a cursor movement */
};

enum {
	CLEAN_LINE = 16384,   /* bytes; longer lines are cut */
	CLEAN_OVERLAP = 1024, /* bytes; what is no longer than that is found across a cut too */
};

enum clean_state { CLEAN_TEXT, CLEAN_ESC, CLEAN_ESC_MORE, CLEAN_CSI, CLEAN_STRING };

/* Zero-initialised is the start of a console. */
struct clean {
	enum clean_state state;
	size_t escape; /* bytes of the escape sequence so far */
	size_t line;   /* bytes of text in the last line of the output */
	bool cr;       /* \r seen, and what follows decides what it was */
};

/* Appends the clean form of n raw bytes. out holds at least the unfinished line that it was given before. */
void clean_add(struct clean *c, const char *p, size_t n, struct buf *out);

#endif
