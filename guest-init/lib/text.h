/* Lines of text, built in place and written at once. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line; what does not fit is cut off. */
struct text {
	char data[512];
	size_t n;
};

void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const char *p, size_t n);
void text_add_number(struct text *t, long value);
/* Writes the line and its newline with one write(2), and empties it. */
void text_write(struct text *t, int fd);

/* Reads decimal digits off *s; 0 when there are none. */
uint32_t text_number(const char **s);
size_t text_length(const char *s);
bool text_is(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);
/* Less than, equal to or greater than 0. */
int text_compare(const char *a, const char *b);

/* The first bytes of a file, terminated; their number, or minus the error. */
long text_read_file(const char *path, char *out, size_t size);

#endif
