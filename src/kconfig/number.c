/* Numbers as .config files and requirements write them, and values as people read them. */
#include "kconfig/private.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static int digits_parse(const char *p, size_t n, unsigned base, uint64_t *out)
{
	uint64_t sum = 0;

	if (!n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned)digit_value(p[i]);

		if (d >= base || __builtin_mul_overflow(sum, base, &sum) || __builtin_add_overflow(sum, d, &sum))
			return -1;
	}
	*out = sum;
	return 0;
}

int number_parse(struct view text, struct number *out)
{
	struct number number = { 0 };
	const char *p = text.p;
	size_t n = text.n;

	if (n && *p == '-') {
		number.negative = true;
		p++;
		n--;
	}
	if (n > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		if (digits_parse(p + 2, n - 2, 16, &number.magnitude) < 0)
			return -1;
	} else if (digits_parse(p, n, 10, &number.magnitude) < 0) {
		if (number.negative || digits_parse(p, n, 16, &number.magnitude) < 0)
			return -1;
	}
	if (number.magnitude == 0)
		number.negative = false;
	*out = number;
	return 0;
}

int number_cmp(struct number a, struct number b)
{
	int sign = a.negative ? -1 : 1;

	if (a.negative != b.negative)
		return sign;
	if (a.magnitude == b.magnitude)
		return 0;
	return a.magnitude < b.magnitude ? -sign : sign;
}

const char *value_text(const struct kconfig_value *value, struct arena *a)
{
	if (!value)
		return "not set";
	switch (value->type) {
	case KCONFIG_YES:
		return "y";
	case KCONFIG_MODULE:
		return "m";
	case KCONFIG_EMPTY:
		return "empty";
	case KCONFIG_STRING:
		return arena_printf(a, "\"" VIEW_FMT "\"", VIEW_ARG(value->text));
	case KCONFIG_NUMBER:
		break;
	}
	return arena_strndup(a, value->text.p, value->text.n);
}
