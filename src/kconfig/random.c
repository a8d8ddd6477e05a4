/* What randconfig is told: a seed, and how likely an option is (scripts/kconfig/conf.c of Linux 6.1). */
#include "kconfig/kconfig.h"

#include <stdlib.h>
#include <string.h>

static bool all_digits(struct view text, size_t most)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n && text.n <= most;
}

static int64_t digits_value(struct view text)
{
	int64_t value = 0;

	for (size_t i = 0; i < text.n; i++)
		value = value * 10 + (text.p[i] - '0');
	return value;
}

int seed_parse(struct view text, int64_t *out)
{
	if (!all_digits(text, 10) || digits_value(text) > SEED_MAX)
		return -1;
	*out = digits_value(text);
	return 0;
}

/* The numbers; 0 when they are not one to three of at most 100. */
static size_t percents(const char *text, int64_t *p)
{
	struct view rest = view_of(text);
	size_t n = 0;

	if (*text && text[strlen(text) - 1] == ':')
		return 0;
	while (rest.p && rest.n) {
		struct view part = view_cut(&rest, ':');

		if (n == 3 || !all_digits(part, 3) || digits_value(part) > 100)
			return 0;
		p[n++] = digits_value(part);
	}
	return n;
}

int probability_check(const char *text, struct err *err)
{
	int64_t p[3] = { 0 };
	size_t n = percents(text, p);

	if (n && (n != 2 || p[0] + p[1] <= 100) && (n != 3 || p[1] + p[2] <= 100))
		return 0;
	return err_user(
		err,
		"probability: \"%s\" is none; percents are: Y (of y), Y:M (of y and m, at most 100 together) or "
		"B:Y:M (of booleans, and of tristates)",
		text);
}
