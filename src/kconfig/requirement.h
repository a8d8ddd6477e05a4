/* A requirement as match.c sees it. */
#ifndef KCONFIG_REQUIREMENT_H
#define KCONFIG_REQUIREMENT_H

#include "kconfig/private.h"

enum requirement_op { OP_SET, OP_UNSET, OP_STATE, OP_TEXT, OP_NOT_TEXT, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };

struct alternative {
	struct view symbol; /* NUL-terminated */
	uint32_t hash;
	enum requirement_op op;
	bool yes, module; /* OP_STATE: which of them will do */
	bool any_kernel;
	struct kversion_range kernel;
	struct number number;
	struct view text;
	const char *want;  /* "y", ">=4": what a reason shows */
	const char *whole; /* "SYMBOL=y", without the range */
};

struct requirement {
	enum requirement_kind kind;
	const char *hint, *text;
	struct alternative *alternatives;
	size_t n;
};

#endif
