#include "base/verdict.h"

#include <string.h>

static const char *const texts[] = {
#define X(name, text) [VERDICT_##name] = text,
	VERDICTS(X)
#undef X
};

const char *verdict_text(enum verdict v)
{
	return v < VERDICT_COUNT ? texts[v] : "none";
}

enum verdict verdict_from_text(const char *text)
{
	enum verdict v = VERDICT_PASS;

	while (v < VERDICT_COUNT && strcmp(texts[v], text) != 0)
		v++;
	return v;
}
