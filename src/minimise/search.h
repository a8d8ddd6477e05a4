/* Delta debugging over ordered options: pure, but for the two questions that it asks. */
#ifndef MINIMISE_SEARCH_H
#define MINIMISE_SEARCH_H

#include "base/err.h"
#include "kconfig/kconfig.h"

struct search {
	const struct kconfig_option *options; /* each behind those it needs */
	size_t n;
	/* Whether what has these options fails in the same way: a build and a boot. */
	int (*fails)(const bool *set, bool *same, void *data, struct err *err);
	/* Whether wanted, a part of set, survives where set is asked for: configures only. */
	int (*holds)(const bool *set, const bool *wanted, bool *all, void *data, struct err *err);
	/* How many are still suspected, and how many are found. May be NULL. */
	void (*tell)(size_t left, size_t found, void *data);
	void *data;
};

/* A smallest set that still fails in the same way, into set (of n). All of them together must, and none of them must
 * not. One guilty option among n takes about log2(n) + 1 questions to fails, each further one as many again. A set that
 * fails in another way counts as one that does not. ERR_USER when the answers contradict each other: it is flaky. */
int search_minimal(const struct search *s, bool *set, struct err *err);

#endif
