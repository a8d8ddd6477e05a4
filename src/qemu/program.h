/* What a QEMU program says of itself, remembered by its digest. */
#ifndef QEMU_PROGRAM_H
#define QEMU_PROGRAM_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>

/* {"version","machines":[..],"data":[..]} of the program, from HOME/cache/qemu or by running it. New reference. */
int program_facts(const char *home, const char *path, const char *digest, json_t **facts, struct err *err);

/* "7.2.22" of "QEMU emulator version 7.2.22 (...)"; empty when there is none. */
struct view program_version(struct view text);
/* The names in what -machine help prints. New reference. */
json_t *program_machines(struct view text);
/* Whether a version is at least another, number by number: "7.2.22" >= "7.2". */
bool program_at_least(const char *version, const char *minimum);
/* Whether the facts know the machine of an argument for -machine: options after a comma do not count. */
bool program_has_machine(const json_t *facts, const char *machine);

#endif
