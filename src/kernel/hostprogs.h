/* The host programs that make a .config (fixdep, conf, their objects): make compiles them in the first step of a
 * source, and they are kept for the next ones in HOME/cache/kconfig/<key>. */
#ifndef KERNEL_HOSTPROGS_H
#define KERNEL_HOSTPROGS_H

#include "base/json.h"
#include "step/step.h"

#include <stdbool.h>

/* Lays what is kept for this source, host compiler and make into the output directory, which has none yet. All of it
 * gets one date, the present: no file of the source is newer, unless it is dated in the future, and then make
 * compiles. Whether anything was laid. Nothing here is an error: what is missing or damaged is compiled. */
bool hostprogs_lay(const struct step *step, const json_t *toolchain, const char *out);

/* Keeps what make compiled for steps to come; the first one wins. */
void hostprogs_keep(const struct step *step, const json_t *toolchain, const char *out);

#endif
