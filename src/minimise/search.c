/* The options stand in an order in which each comes behind those it needs, so every prefix can stand by itself. The
 * shortest prefix that fails is found by halving; its last option is guilty, whatever else is. It is kept, and as long
 * as what was kept does not fail alone, the next guilty one is sought among those before it. */
#include "minimise/search.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <string.h>

static size_t count(const bool *set, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += set[i];
	return sum;
}

/* An option and what it needs, all the way down. */
static void close_over(const struct search *s, size_t i, bool *set)
{
	if (set[i])
		return;
	set[i] = true;
	for (size_t k = 0; k < s->options[i].n_needs; k++)
		close_over(s, s->options[i].needs[k], set);
}

static void closure(const struct search *s, const bool *found, bool *set)
{
	memset(set, 0, s->n);
	for (size_t i = 0; i < s->n; i++)
		if (found[i])
			close_over(s, i, set);
}

/* Whether the first so many and base fail. */
static int prefix_fails(const struct search *s, size_t length, const bool *base, bool *same, struct err *err)
{
	autofree bool *set = mem_alloc(s->n + 1);

	for (size_t i = 0; i < s->n; i++)
		set[i] = base[i] || i < length;
	return s->fails(set, same, s->data, err);
}

/* base with the first *hi fails, base alone does not: *hi becomes the shortest such prefix. */
static int halve(const struct search *s, const bool *base, size_t found, size_t *hi, struct err *err)
{
	size_t lo = 0;

	while (*hi - lo > 1) {
		size_t middle = lo + (*hi - lo) / 2;
		bool same = false;

		if (s->tell)
			s->tell(*hi - lo, found, s->data);
		if (prefix_fails(s, middle, base, &same, err) < 0)
			return -1;
		if (same)
			*hi = middle;
		else
			lo = middle;
	}
	return 0;
}

/* Finds guilty ones until they fail by themselves; set becomes them and what they may need. */
static int guilty_find(const struct search *s, bool *found, bool *set, struct err *err)
{
	size_t hi = s->n, n = 0;
	bool same = false;

	while (!same) {
		if (!hi)
			return err_user(err, "the failure comes and goes: all of the options fail, and then the same "
					     "ones do not");
		if (halve(s, set, n, &hi, err) < 0)
			return -1;
		found[--hi] = true;
		n++;
		closure(s, found, set);
		if (s->fails(set, &same, s->data, err) < 0)
			return -1;
	}
	return 0;
}

/* Leaves out what the guilty ones only might have needed: most of it shows by configuring alone. */
static int needless_drop(const struct search *s, const bool *found, bool *set, struct err *err)
{
	autofree bool *less = mem_alloc(s->n + 1);
	bool all = false, same = false;

	memcpy(less, set, s->n);
	for (size_t i = s->n; i-- > 0;) {
		if (!less[i] || found[i])
			continue;
		less[i] = false;
		if (s->holds(less, found, &all, s->data, err) < 0)
			return -1;
		less[i] = !all;
	}
	if (count(less, s->n) == count(set, s->n))
		return 0;
	if (s->fails(less, &same, s->data, err) < 0)
		return -1;
	if (same)
		memcpy(set, less, s->n);
	return 0;
}

/* Leaves out, one at a time, what it fails without. Where one option is guilty, nothing is left to try. */
static int singles_drop(const struct search *s, const bool *found, bool *set, struct err *err)
{
	for (size_t i = s->n; i-- > 0 && count(set, s->n) > 1;) {
		bool same = false, all = true;

		if (!set[i])
			continue;
		set[i] = false;
		/* Without what a guilty one needs there is no such option: that is no trial. */
		if (!found[i] && s->holds(set, found, &all, s->data, err) < 0)
			return -1;
		if (all && (!found[i] || count(found, s->n) > 1) && s->fails(set, &same, s->data, err) < 0)
			return -1;
		set[i] = !same;
	}
	return 0;
}

int search_minimal(const struct search *s, bool *set, struct err *err)
{
	autofree bool *found = mem_alloc(s->n + 1);

	memset(set, 0, s->n);
	if (guilty_find(s, found, set, err) < 0 || needless_drop(s, found, set, err) < 0 ||
	    singles_drop(s, found, set, err) < 0)
		return -1;
	if (s->tell)
		s->tell(0, count(set, s->n), s->data);
	return 0;
}
