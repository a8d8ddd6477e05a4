/* A requirement as match.c sees it. */
#ifndef KCONFIG_REQUIREMENT_H
#define KCONFIG_REQUIREMENT_H

#include "kconfig/private.h"

enum requirement_op { OP_SET, OP_UNSET, OP_STATE, OP_TEXT, OP_NOT_TEXT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };

/* What nearly every look needs comes first: one cache line for a requirement with one alternative. */
struct alternative {
	struct view symbol; /* NUL-terminated */
	uint32_t hash;
	enum requirement_op op;
	bool yes, module; /* OP_STATE: which of them will do */
	bool any_kernel;
	const char *want; /* "y", ">=4": what a reason shows */
	struct kversion_range kernel;
	struct number number;
	struct view text;
	const char *whole; /* "SYMBOL=y", without the range */
};

struct requirement {
	enum requirement_kind kind;
	uint32_t n;
	const char *hint, *text;
	const char *want; /* of a reason where every alternative applies to every kernel, else NULL */
	struct alternative alternatives[];
};

/* What a reason wants: "y", or "y (or B=y or C>=2)" of the alternatives from first on that apply. */
const char *want_text(const struct requirement *r, const struct alternative *first, struct kversion kernel,
		      struct arena *a);

#endif
