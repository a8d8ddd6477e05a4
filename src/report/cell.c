#include "report/cell.h"

#include "base/json.h"

#include <string.h>

const char *cell_str(const json_t *cell, const char *key)
{
	return json_str_or(cell, key, "");
}

bool cell_is(const json_t *cell, const char *verdict)
{
	return strcmp(cell_str(cell, "verdict"), verdict) == 0;
}
