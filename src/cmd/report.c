#include "report/report.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "ledger/ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 16 << 20 };

struct reporting {
	const char *home, *format, *update, *matrix, *source;
	bool json;
};

static int parse(struct reporting *r, int *argc, char **argv, struct err *err)
{
	const struct option options[] = {
		{ "format", OPTION_STRING, &r->format }, { "update", OPTION_STRING, &r->update },
		{ "matrix", OPTION_STRING, &r->matrix }, { "source", OPTION_STRING, &r->source },
		{ "home", OPTION_STRING, &r->home },     { "json", OPTION_FLAG, &r->json },
	};

	if (options_parse(options, countof(options), argc, argv, err) < 0)
		return -1;
	if (strcmp(r->format, "text") != 0 && strcmp(r->format, "markdown") != 0)
		return err_user(err, "--format is text or markdown, not \"%s\"", r->format);
	return 0;
}

static int summarise(const struct reporting *r, const char *const *runs, size_t n, json_t **summary, struct err *err)
{
	const struct summary_options options = { runs, n, r->matrix, r->source };
	autofree char *home = home_path(r->home);
	struct ledger *ledger = NULL;
	int status = ledger_open(home, &ledger, err);

	if (status == 0)
		status = run_summary(ledger, &options, summary, err);
	ledger_free(ledger);
	if (status == 0)
		json_object_set_new(*summary, "kiln", json_string(VERSION));
	return status;
}

/* The section into its file; what stands around it stays as it is. */
static int update(const char *path, json_t *summary, struct err *err)
{
	autobuf struct buf text = { 0 }, whole = { 0 };
	struct view before = { NULL, 0 }, after = { NULL, 0 };
	autofree char *section = NULL;
	size_t n;
	FILE *f;

	if (fs_read(AT_FDCWD, path, FILE_MAX, &text, err) < 0 ||
	    report_merge(summary, path, (struct view){ text.data ? text.data : "", text.n }, &before, &after, err) < 0)
		return -1;
	f = open_memstream(&section, &n);
	report_markdown(summary, f);
	fclose(f);
	buf_addv(&whole, before);
	buf_add(&whole, section, after.n && after.p[0] == '\n' ? n - 1 : n);
	buf_addv(&whole, after);
	return fs_write(AT_FDCWD, path, whole.data, whole.n, 0644, err);
}

static void print(const struct reporting *r, const json_t *summary)
{
	struct report_options options = report_options_for(stdout);

	if (r->json)
		json_print(summary);
	else if (strcmp(r->format, "markdown") == 0)
		report_markdown(summary, stdout);
	else
		report_text(summary, &options, stdout);
}

int cmd_report(int argc, char **argv)
{
	struct reporting r = { .format = "text" };
	autojson json_t *summary = NULL;
	struct err err = { 0 };

	if (parse(&r, &argc, argv, &err) < 0 ||
	    summarise(&r, (const char *const *)argv + 1, (size_t)argc - 1, &summary, &err) < 0)
		return fail(&err);
	if (!r.update)
		print(&r, summary);
	else if (update(r.update, summary, &err) < 0)
		return fail(&err);
	return 0;
}
