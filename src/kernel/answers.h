/* What two compilers say of themselves, held against each other. */
#ifndef KERNEL_ANSWERS_H
#define KERNEL_ANSWERS_H

#include "base/json.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* How many questions there are, and the name of each, which is a file's. */
size_t answers_count(void);
const char *answers_name(size_t i);

/* The shell's command that asks a compiler, without where its answer goes: appended. Pure. */
void answers_command(size_t i, const char *compiler, const char *prefix, struct buf *command);

/* Appends to differences (an array) {"what","toolchain","reference","allowed"} for what differs between both answers to
 * a question; returns how many of them are not allowed, by an array of such words. Pure. */
size_t answers_compare(size_t i, struct view toolchain, struct view reference, const json_t *allowed,
		       json_t *differences);

/* Whether an array of strings has this one. */
bool answers_allowed(const json_t *allowed, const char *what);

#endif
