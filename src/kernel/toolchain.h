#ifndef KERNEL_TOOLCHAIN_H
#define KERNEL_TOOLCHAIN_H

#include "base/err.h"
#include "base/json.h"

/* Whether this machine's programs are those of a spec's toolchain object: ERR_INFRA names the first that
 * is another one or missing. */
int toolchain_verify(const char *home, const json_t *toolchain, struct err *err);

#endif
