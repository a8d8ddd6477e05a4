#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* "file": the lines of a file whose section the summary is merged with; "format": text. */
static void show_summary(const json_t *doc, const struct report_options *options, FILE *out)
{
	json_t *summary = json_object_get(doc, "summary"), *line;
	struct view before = { "", 0 }, after = { "", 0 };
	autobuf struct buf text = { 0 };
	struct err err = { 0 };
	size_t i;

	json_array_foreach (json_object_get(doc, "file"), i, line)
		buf_printf(&text, "%s\n", json_string_value(line));
	if (text.n && report_merge(summary, "file.md", (struct view){ text.data, text.n }, &before, &after, &err) < 0) {
		fprintf(out, "error: %s\n", err.msg);
		return;
	}
	fprintf(out, VIEW_FMT, VIEW_ARG(before));
	if (strcmp(json_str_or(doc, "format", ""), "text") == 0)
		report_text(summary, options, out);
	else
		report_markdown(summary, out);
	fprintf(out, VIEW_FMT, VIEW_ARG(after));
}

static void check_case(int dir, const char *name)
{
	autobuf struct buf text = { 0 };
	autojson json_t *doc = NULL;
	struct report_options options = { 0 };
	struct err err = { 0 };
	autofree char *out = NULL;
	size_t n;
	FILE *f = open_memstream(&out, &n);
	char *split;

	assert_int_equal(fs_read(dir, name, 1 << 20, &text, &err), 0);
	split = strstr(text.data, "=====\n");
	assert_non_null(split);
	*split = '\0';
	doc = json_loads(text.data, 0, NULL);
	if (!doc)
		fail_msg("%s: not JSON", name);
	options.width = (int)json_int_or(doc, "width", 0);
	if (json_object_get(doc, "summary"))
		show_summary(doc, &options, f);
	else
		report_matrix(json_object_get(doc, "document"), &options, f);
	fclose(f);
	/* fail_msg would cut them */
	if (strcmp(out, split + 6) != 0) {
		fprintf(stderr, "ERROR: %s:\n%s\nwanted:\n%s", name, out, split + 6);
		fail();
	}
}

static void golden_cases(void **state)
{
	const char *tests = getenv("KILN_TESTS");
	autofree char *path = mem_printf("%s/golden/report", tests ? tests : "tests");
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;
	int cases = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		if (!str_ends(e->d_name, ".case"))
			continue;
		check_case(dirfd(dir), e->d_name);
		cases++;
	}
	assert_true(cases >= 3);
}

static void piped_progress_is_one_line_an_event(void **state)
{
	FILE *f = tmpfile();
	struct progress *p = progress_new(f);
	struct run_event event = {
		.kind = RUN_STARTED, .run = "1", .step = "build", .task = "t", .build = "s/a/c/gcc"
	};
	autobuf struct buf text = { 0 };

	progress_event(&event, p);
	event.kind = RUN_TICK;
	progress_event(&event, p);
	event = (struct run_event){ .kind = RUN_ENDED,
				    .run = "1",
				    .step = "build",
				    .task = "t",
				    .build = "s/a/c/gcc",
				    .verdict = VERDICT_FAIL,
				    .reason = "a.c:1: error",
				    .seconds = 3 };
	progress_event(&event, p);
	progress_free(p);
	rewind(f);
	buf_reserve(&text, 4096);
	text.n = fread(text.data, 1, 4096, f);
	text.data[text.n] = '\0';
	fclose(f);
	assert_null(strchr(text.data, '\033'));
	assert_non_null(strstr(text.data, "start build a/c/gcc\n"));
	assert_non_null(strstr(text.data, "fail  build a/c/gcc"));
	assert_non_null(strstr(text.data, "3.0 s  a.c:1: error\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_cases),
		cmocka_unit_test(piped_progress_is_one_line_an_event),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
