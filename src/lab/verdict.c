#include "lab/verdict.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <string.h>

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* lava_common/exceptions.py: the types of errors that are not the job's own. */
static bool blames_lab(const char *error_type)
{
	static const char *const types[] = { "Infrastructure", "Configuration", "Bug", "Canceled", "MultinodeTimeout" };

	for (size_t i = 0; i < countof(types); i++)
		if (is(error_type, types[i]))
			return true;
	return false;
}

static char *told(const struct lava_word *lava, const char *what)
{
	const char *device = lava->device ? lava->device : "no device";

	if (lava->error_msg)
		return mem_printf("%s on %s: %s error: %s", what, device,
				  lava->error_type ? lava->error_type : "unknown", lava->error_msg);
	return mem_printf("%s on %s", what, device);
}

enum judge_end verdict_end(const struct lava_word *lava, bool heard_kernel, int64_t silent_ms, int64_t silence_ms,
			   char **infra)
{
	*infra = NULL;
	if (is(lava->health, "Canceled"))
		*infra = told(lava, "the job was canceled");
	else if (blames_lab(lava->error_type))
		*infra = told(lava, "the lab failed");
	else if (is(lava->health, "Incomplete") && !lava->told)
		*infra = told(lava, "the job was lost, without a result,");
	else if (!heard_kernel)
		*infra = told(lava, is(lava->health, "Complete") ? "no console came of a job that is Complete"
								 : "the job ended before the kernel spoke");
	if (silence_ms && silent_ms >= silence_ms)
		return JUDGE_END_SILENCE;
	return is(lava->error_type, "LAVATimeout") || is(lava->error_type, "Job") ? JUDGE_END_LIMIT : JUDGE_END_LOG;
}
