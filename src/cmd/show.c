#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "ledger/ledger.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

/* A line a run, newest first; as JSON each line is a document. */
static int print_run(const json_t *run, void *data)
{
	const json_t *request = json_object_get(run, "request");
	const bool *json = data;
	char started[CLOCK_TEXT];

	clock_format(json_int_or(run, "started", 0), started);
	if (*json)
		json_dumpf(run, stdout, JSON_COMPACT);
	else
		printf("%s  %s  %-8s  %s  %s", json_str_or(run, "run", ""), started, json_str_or(run, "state", ""),
		       json_str_or(request, "source", "-"), json_str_or(request, "matrix", "(a selection)"));
	putchar('\n');
	return 0;
}

/* What can be done about a run that has no result yet. */
static void print_unfinished(const json_t *document, const char *home)
{
	const char *id = json_str_or(document, "run", "");
	autofree char *who = NULL;

	if (strcmp(json_str_or(document, "state", ""), "running") != 0)
		return;
	if (run_is_driven(home, id, &who))
		printf("it is being followed by %s\n", who);
	else
		printf("it was not finished; to go on with it: kiln attach %s\n", id);
}

int cmd_show(int argc, char **argv)
{
	const char *home_option = NULL;
	bool json = false, list = false;
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "json", OPTION_FLAG, &json },
		{ "list", OPTION_FLAG, &list },
	};
	struct report_options report = report_options_for(stdout);
	struct ledger *ledger = NULL;
	autojson json_t *document = NULL;
	autofree char *home = NULL;
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	home = home_path(home_option);
	if (ledger_open(home, &ledger, &err) < 0)
		return fail(&err);
	if (list) {
		status = ledger_runs(ledger, print_run, &json, &err);
		ledger_free(ledger);
		return status < 0 ? fail(&err) : 0;
	}
	status = run_document(ledger, argc > 1 ? argv[1] : NULL, &document, &err);
	ledger_free(ledger);
	if (status < 0)
		return fail(&err);
	if (json) {
		json_print(document);
		return 0;
	}
	printf("run %s, %s\n", json_str_or(document, "run", ""), json_str_or(document, "state", ""));
	report_matrix(document, &report, stdout);
	print_unfinished(document, home);
	return 0;
}
