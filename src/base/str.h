/* Views for parsing, a growable buffer for building. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes, not terminated. */
struct view {
	const char *p;
	size_t n;
};

#define VIEW(lit) ((struct view){ (lit), sizeof(lit) - 1 })
#define VIEW_FMT "%.*s"
#define VIEW_ARG(v) (int)(v).n, (v).p

struct view view_of(const char *s);
bool view_eq(struct view a, struct view b);
bool view_is(struct view v, const char *s);
bool view_starts(struct view v, struct view prefix);
struct view view_trim(struct view v);              /* blanks off both ends */
struct view view_first(struct view v, size_t max); /* its first bytes, at most max */
/* Cuts *rest at the first sep: returns what is before it, *rest becomes what follows. At the
 * end *rest is { NULL, 0 }; call while (rest.p). */
struct view view_cut(struct view *rest, char sep);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* A URL or path that ends with a slash, added where it lacks one; owned. */
char *str_with_slash(const char *s);

/* A growable buffer; zero-initialised is empty. data is always NUL-terminated once it is not NULL. */
struct buf {
	char *data;
	size_t n, cap;
};

void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addv(struct buf *b, struct view v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for n more bytes behind the content; the caller then adds to b->n what it wrote. */
char *buf_reserve(struct buf *b, size_t n);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_free(struct buf *b);
char *buf_steal(struct buf *b); /* owned string, "" when empty; the buffer is empty again */
/* Appends s with control and non-UTF-8 bytes shown as \xNN: for what comes from guests and builds. */
void buf_add_printable(struct buf *b, struct view v);
/* Appends a number of seconds for people: 0.8 s, 45 s, 12 min 3 s. */
void buf_add_duration(struct buf *b, double seconds);
/* Appends s as a word that a POSIX shell reads back unchanged. */
void buf_add_shell(struct buf *b, const char *s);

#define autobuf __attribute__((cleanup(buf_free)))

/* Parses a duration: 90, 90s, 2m, 500ms -> milliseconds. 0, or -1 when it is none. */
int str_to_ms(const char *s, int64_t *ms);

#endif
