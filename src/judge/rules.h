/* Compiled patterns. A fast filter over whole blocks finds the lines that may matter; the exact database then
 * looks at one message at a time, where ^ and $ mean what they say. */
#ifndef JUDGE_RULES_H
#define JUDGE_RULES_H

#include "base/mem.h"
#include "judge/judge.h"

#include <hs/hs.h>

struct judge_rules {
	struct arena arena;
	const struct judge_pattern *patterns;
	size_t n;
	hs_database_t *filter;
	hs_database_t *exact; /* NULL when there are no patterns; ids are indices of patterns */
};

#endif
