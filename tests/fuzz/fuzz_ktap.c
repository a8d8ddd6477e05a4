/* Any lines as KTAP: a failing line must never end as a pass. */
#include "judge/ktap.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int64_t failing(const struct ktap *k)
{
	int64_t failed = 0;

	for (size_t i = 0; i < k->tests.n; i++) {
		if (!k->tests.data[i].name)
			abort();
		failed += k->tests.data[i].result == KTAP_FAIL;
	}
	return failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct view rest = { (const char *)data, n };
	struct ktap k = { 0 };
	int64_t line = 0;

	while (rest.p)
		ktap_line(&k, view_cut(&rest, '\n'), ++line);
	ktap_end(&k, line);
	if (ktap_is_open(&k) || failing(&k) > k.failed)
		abort();
	ktap_free(&k);
	return 0;
}
