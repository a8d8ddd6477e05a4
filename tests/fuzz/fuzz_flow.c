/* Any bytes as a value of flow style: what is taken can be written as JSON, and that is taken again, the same. */
#include "lab/flow.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	autojson json_t *value = flow_parse((struct view){ (const char *)data, n }), *again = NULL;
	autofree char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

	if (!value)
		return 0;
	if (!text)
		abort();
	/* JSON writes what is beyond 16 bits as a pair of escapes, which YAML does not know. */
	again = flow_parse((struct view){ text, strlen(text) });
	if (!strstr(text, "\\uD") && (!again || !json_equal(value, again)))
		abort();
	return 0;
}
