#include "lab/budget.h"

#include <stdlib.h>

enum { DAY = 24 * 60 * 60 };

static int by_end(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return (x->ended > y->ended) - (x->ended < y->ended);
}

void budget_add(struct budget *b, int64_t ended, double seconds)
{
	if (!b->limit)
		return;
	*vec_push(&b->uses) = (struct use){ ended, seconds };
	qsort(b->uses.data, b->uses.n, sizeof(b->uses.data[0]), by_end);
}

bool budget_is_up(const struct budget *b, int64_t now, double going_on, int64_t *again)
{
	double used = going_on;

	if (!b->limit)
		return false;
	for (size_t i = 0; i < b->uses.n; i++)
		if (b->uses.data[i].ended > now - DAY)
			used += b->uses.data[i].seconds;
	if (used < b->limit)
		return false;
	*again = now + DAY;
	for (size_t i = 0; i < b->uses.n && used >= b->limit; i++) {
		if (b->uses.data[i].ended <= now - DAY)
			continue;
		used -= b->uses.data[i].seconds;
		*again = b->uses.data[i].ended + DAY;
	}
	if (used >= b->limit)
		*again = now + DAY;
	return true;
}

void budget_free(struct budget *b)
{
	vec_free(&b->uses);
}
