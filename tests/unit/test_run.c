/* Requests as the ledger keeps them: whoever comes back to a run asks for the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "run/private.h"

/* Reads a request and writes it: nothing may be lost. */
static void assert_kept(const char *text)
{
	autojson json_t *request = json_loads(text, 0, NULL), *source = json_pack("{s:s}", "id", "linux-1"),
			*again = NULL;
	struct run_options options = { 0 };
	struct arena a = { 0 };

	assert_non_null(request);
	run_request_read(request, &options, &a);
	again = request_json(&options, source);
	if (!json_equal(request, again))
		fail_msg("%s became %s", text, json_dumps(again, JSON_SORT_KEYS));
	assert_string_equal(options.source_id, "linux-1");
	arena_free(&a);
}

static void what_was_asked_for_is_kept(void **state)
{
	assert_kept("{\"matrix\":\"smoke\",\"arch\":[],\"config\":[],\"toolchain\":[],\"board\":[],\"options\":[],"
		    "\"files\":{},"
		    "\"warm\":null,\"source\":\"linux-1\",\"spec\":\".\",\"reuse_boots\":false}");
	assert_kept(
		"{\"matrix\":null,\"arch\":[\"arm\",\"arm64\"],\"config\":[\"a.config\",\"tiny\"],\"toolchain\":["
		"\"cross\"],"
		"\"board\":[\"arm-virt\"],\"options\":[\"W=1\"],\"files\":{\"a.config\":\"00ff\"},\"warm\":\"/linux\","
		"\"source\":\"linux-1\",\"spec\":\"/"
		"linux\",\"reuse_boots\":true,\"seeds\":[7,8],\"probability\":\"10:5\","
		"\"machine\":{\"cpus\":4,\"memory_mb\":512,\"cpu\":\"max\",\"accel\":\"tcg\"},\"modules\":true,"
		"\"fallback\":true,\"keep_going\":true,\"root\":[\"arm-bookworm\"],\"runner\":[\"local\",\"lava:lab\"]"
		"}");
}

static void what_older_ones_lack_was_not_asked_for(void **state)
{
	autojson json_t *request = json_pack("{s:s, s:s}", "spec", "/linux", "source", "linux-1");
	struct run_options options = { .keep_going = true };
	struct arena a = { 0 };

	run_request_read(request, &options, &a);
	assert_string_equal(options.source, "/linux");
	assert_null(options.plan.matrix);
	assert_int_equal(options.plan.archs.n + options.plan.n_files + options.plan.seeds.n, 0);
	assert_false(options.keep_going);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_asked_for_is_kept),
		cmocka_unit_test(what_older_ones_lack_was_not_asked_for),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
