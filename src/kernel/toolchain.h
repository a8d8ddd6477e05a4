#ifndef KERNEL_TOOLCHAIN_H
#define KERNEL_TOOLCHAIN_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

/* Whether this machine's programs are those of a spec's toolchain object: ERR_INFRA names the first that
 * is another one or missing. */
int toolchain_verify(const char *home, const json_t *toolchain, struct err *err);
/* The same for one that lives in a root. */
int toolchain_verify_in(const char *home, const json_t *toolchain, struct err *err);

/* Whether a compiler is one program for all targets. */
bool toolchain_is_for_all(const char *compiler);

/* The version in what a program says of itself; all of its first line where it has none. */
struct view version_find(struct view said);

#endif
