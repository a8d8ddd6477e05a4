#include "catalog/suggest.h"

#include <string.h>

/* Long names are no slips of each other; a long list is no help. */
enum { WORD_MAX = 64, NEAR = 2, LIST_MAX = 40 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time. */
static size_t word_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), row[WORD_MAX + 1];

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[nb];
}

static const char *word_near(const char *wrong, const char *const *words, size_t n)
{
	size_t best = NEAR + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = word_distance(wrong, words[i]);

		/* of two letters everything is near */
		if (d < best && d < strlen(words[i])) {
			best = d;
			found = words[i];
		}
	}
	return found;
}

void suggest_add(struct buf *out, const char *wrong, const char *const *words, size_t n)
{
	const char *near = word_near(wrong, words, n);

	if (near)
		buf_printf(out, "; did you mean \"%s\"?", near);
	if (n)
		buf_adds(out, near ? " Allowed: " : "; allowed: ");
	for (size_t i = 0; i < n && i < LIST_MAX; i++)
		buf_printf(out, "%s%s", i ? ", " : "", words[i]);
	if (n > LIST_MAX)
		buf_printf(out, " and %zu more", n - LIST_MAX);
}
