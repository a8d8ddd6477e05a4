#include "divide.h"

#include <stdbool.h>

uint32_t divide(uint32_t value, uint32_t by, uint32_t *rest)
{
	uint32_t quotient = 0, r = 0;

	for (int bit = 31; bit >= 0; bit--) {
		const bool carry = r >> 31;

		r = r << 1 | (value >> 31);
		value <<= 1;
		quotient <<= 1;
		if (carry || r >= by) {
			r -= by;
			quotient |= 1;
		}
	}
	*rest = r;
	return quotient;
}
