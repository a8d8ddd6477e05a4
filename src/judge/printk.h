/* What stands before a kernel message on a line. */
#ifndef JUDGE_PRINTK_H
#define JUDGE_PRINTK_H

#include "base/str.h"

#include <stdbool.h>

/* The message of a line of clean text, without the level, time and caller that printk, dmesg or syslog put before it.
 * *timed (may be NULL) tells whether there was a time: then it is the kernel that speaks. */
struct view printk_message(struct view line, bool *timed);

#endif
