/* kiln minimise: which options of a failing .config are to blame. */
#include "minimise/minimise.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void say(const char *line, void *data)
{
	fprintf(stderr, "minimise: %s\n", line);
}

static void print_text(const json_t *result)
{
	json_t *line;
	size_t i;

	if (!json_bool_or(result, "steady", true))
		fprintf(stderr, "kiln: the result was tried once more and did not fail in the same way: it is flaky\n");
	fprintf(stderr, "minimise: %lld options differed, %zu are to blame; %lld builds\n",
		(long long)json_int_or(result, "differing", 0), json_array_size(json_object_get(result, "options")),
		(long long)json_int_or(result, "builds", 0));
	printf("# %s%s%s fails with: %s\n", json_str_or(result, "build", ""),
	       json_object_get(result, "board") && json_is_string(json_object_get(result, "board")) ? "@" : "",
	       json_str_or(result, "board", ""), json_str_or(result, "signature", ""));
	json_array_foreach (json_object_get(result, "reproduce"), i, line)
		printf("# %s\n", json_string_value(line));
	json_array_foreach (json_object_get(result, "options"), i, line)
		puts(json_string_value(line));
}

static int execute(struct minimise_options *options, bool json, struct err *err)
{
	struct progress *progress = isatty(STDERR_FILENO) ? progress_new(stderr) : NULL;
	const struct catalog *catalog = NULL;
	autojson json_t *result = NULL;
	int status = command_catalog(&catalog);

	if (status == 0) {
		options->event = progress ? progress_event : NULL;
		options->data_for_event = progress;
		if (minimise(catalog, options, &result, err) < 0)
			status = err->num == EINTR ? (fail(err), 130) : fail(err);
	}
	progress_free(progress);
	catalog_free(catalog);
	if (status == 0 && json)
		json_print(result);
	else if (status == 0)
		print_text(result);
	return status;
}

int cmd_minimise(int argc, char **argv)
{
	const char *good = "tiny", *source = NULL, *home_option = NULL;
	int64_t jobs = 0;
	bool json = false;
	const struct option table[] = {
		{ "good", OPTION_STRING, &good }, { "source", OPTION_STRING, &source },
		{ "jobs", OPTION_INT, &jobs },    { "home", OPTION_STRING, &home_option },
		{ "json", OPTION_FLAG, &json },
	};
	autofree char *home = NULL, *data = data_path();
	struct err err = { 0 };

	if (options_parse(table, countof(table), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc != 2) {
		err_user(&err, "name one build that failed (SOURCE/ARCH/CONFIG/TOOLCHAIN or its end) or one boot "
			       "(BUILD@BOARD); see kiln minimise --help");
		return fail(&err);
	}
	if (jobs > 4096) {
		err_user(&err, "--jobs %lld: at most 4096", (long long)jobs);
		return fail(&err);
	}
	home = home_path(home_option);
	struct minimise_options options = {
		.home = home,
		.data = data,
		.program = "/proc/self/exe",
		.target = argv[1],
		.good = good,
		.source = source,
		.jobs = (int)jobs,
		.say = say,
	};
	return execute(&options, json, &err);
}
