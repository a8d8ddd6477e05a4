/* A boot's spec, read back. */
#ifndef QEMU_SPEC_H
#define QEMU_SPEC_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct boot_limits {
	int64_t total_ms, silence_ms; /* 0: none */
};

/* The limits of a boot: the board's are for TCG, KVM gets a tenth of them and never less than 20 s in all
 * and 10 s of silence, and never more than the board's. */
int boot_limits(const json_t *spec, struct boot_limits *limits, struct err *err);

#endif
