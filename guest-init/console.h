/* The console: where every line goes. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "lib/text.h"

/* Makes 0, 1 and 2 the console, also where the kernel found none to open for us. */
void console_open(void);
/* Starts a new line, in case the last one was cut, waits until all is sent, and writes the line: so
 * that what the kernel prints meanwhile does not fall into it. */
void console_mark(struct text *line);
void console_drain(void);

#endif
