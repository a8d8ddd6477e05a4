/* Why a symbol is what it is in a final .config, as a phrase that follows its name. */
#ifndef KCONFIG_EXPLAIN_H
#define KCONFIG_EXPLAIN_H

#include "kconfig/expr.h"

struct explainer {
	struct tree *t;
	const struct kconfig *config;
};

/* Why name is below want (1: m, or set at all; 2: y): "depends on A, which is not set". Appends nothing and
 * returns false when the Kconfig files do not forbid it. */
bool explain_low(const struct explainer *x, struct view name, int want, struct buf *out);
/* Why name is set, or has a value that nobody asked for. */
bool explain_high(const struct explainer *x, struct view name, struct buf *out);
/* Whether value is outside the range that is in force: "is outside its range 2..512". */
bool explain_range(const struct explainer *x, struct view name, struct view value, struct buf *out);

#endif
