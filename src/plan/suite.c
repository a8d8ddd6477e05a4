/* Why the final .config leaves something out, in words. */
#include "base/cleanup.h"
#include "plan/private.h"

struct kversion state_kernel(const struct plan_state *state)
{
	struct kversion v = { 0 };

	kversion_parse(view_of(json_str_or(state->configure, "release", "")), &v);
	return v;
}

const char *reasons_line(const reason_vec *reasons, struct arena *a)
{
	autobuf struct buf line = { 0 };

	reasons_print(reasons, &line);
	return arena_strndup(a, line.data ? line.data : "", line.n);
}

const char *suite_skipped(const struct catalog_suite *suite, const struct plan_state *state, struct arena *a)
{
	reason_vec reasons = { 0 };
	const char *line = NULL;

	if (state->config &&
	    requirements_match(suite->require.data, suite->require.n, state->config, state_kernel(state), a, &reasons))
		line = reasons_line(&reasons, a);
	vec_free(&reasons);
	return line;
}
