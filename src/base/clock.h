/* Clocks and names that are new each time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_TEXT = 21, UUID_TEXT = 37 };

int64_t clock_ms(void);   /* monotonic, milliseconds */
int64_t clock_unix(void); /* seconds since 1970 */
void clock_sleep(int64_t ms);
/* 2026-11-20T23:59:39Z */
void clock_format(int64_t unix_seconds, char text[static CLOCK_TEXT]);
/* Whether text is a day of the calendar, 2026-11-20. Two of them compare as texts. */
bool date_is_valid(const char *text);
/* A random version 4 UUID (RFC 9562). */
void uuid_make(char text[static UUID_TEXT]);

#endif
