/* kiln attach: back to a run that was not finished. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/follow.h"
#include "ledger/ledger.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>

struct wanted {
	const char *home;
	char *id;  /* the newest unfinished run that nobody follows */
	char *who; /* else: who follows the newest that somebody does */
	char *followed;
};

static bool is_unfinished(const json_t *run)
{
	return strcmp(json_str_or(run, "state", ""), "running") == 0;
}

static bool is_trial(const json_t *run)
{
	return json_bool_or(json_object_get(run, "request"), "trial", false);
}

static int note_unfinished(const json_t *run, void *data)
{
	struct wanted *w = data;
	const char *id = json_str_or(run, "run", "");
	autofree char *who = NULL;

	if (!is_unfinished(run) || is_trial(run))
		return 0;
	if (!run_is_driven(w->home, id, &who)) {
		w->id = mem_strdup(id);
		return 1;
	}
	if (!w->followed) {
		w->followed = mem_strdup(id);
		w->who = steal(&who);
	}
	return 0;
}

static int newest_unfinished(struct ledger *ledger, const char *home, char **id, struct err *err)
{
	struct wanted w = { .home = home };
	int status = ledger_runs(ledger, note_unfinished, &w, err);

	if (status == 0 && !w.id && w.followed)
		status = err_user(err, "the one unfinished run, %s, is being followed by another Kiln, %s", w.followed,
				  w.who);
	else if (status == 0 && !w.id)
		status = err_user(err, "no run is unfinished; kiln show shows the newest, kiln show --list all");
	free(w.who);
	free(w.followed);
	*id = w.id;
	return status;
}

/* The document of the run that is meant. */
static int find(const char *home, const char *name, json_t **document, struct err *err)
{
	autofree char *newest = NULL;
	struct ledger *ledger = NULL;
	int status = ledger_open(home, &ledger, err);

	if (status == 0 && !name)
		status = newest_unfinished(ledger, home, &newest, err);
	if (status == 0)
		status = run_document(ledger, name ? name : newest, document, err);
	ledger_free(ledger);
	if (status == 0 && is_unfinished(*document) && is_trial(*document))
		return err_user(err,
				"run %s is a trial of kiln minimise: start that again, it goes on where it stopped",
				json_str_or(*document, "run", ""));
	return status;
}

static int go_on(const json_t *document, struct run_options *run, bool json, const char *home)
{
	struct arena a = { 0 };
	int status;

	run_request_read(json_object_get(document, "request"), run, &a);
	run->id = json_str_or(document, "run", "");
	status = follow(run, json, home);
	arena_free(&a);
	return status;
}

static int parse(int *argc, char **argv, int64_t *jobs, bool *json, const char **home, struct err *err)
{
	const struct option options[] = {
		{ "jobs", OPTION_INT, jobs },
		{ "json", OPTION_FLAG, json },
		{ "home", OPTION_STRING, home },
	};

	if (options_parse(options, countof(options), argc, argv, err) < 0)
		return -1;
	if (*argc > 2)
		return err_user(err, "one run at a time: \"%s\" is one too many; see kiln attach --help", argv[2]);
	if (*argc > 1 && !*argv[1])
		return err_user(err, "the name of the run is empty; kiln show --list lists those there are");
	if (*jobs > 4096)
		return err_user(err, "--jobs %lld: at most 4096", (long long)*jobs);
	return 0;
}

int cmd_attach(int argc, char **argv)
{
	autofree char *home = NULL, *data = data_path(), *config = config_path();
	autojson json_t *document = NULL;
	struct run_options run = { .data = data, .config = config };
	const char *home_option = NULL;
	struct err err = { 0 };
	bool json = false;
	int64_t jobs = 0;

	if (parse(&argc, argv, &jobs, &json, &home_option, &err) < 0)
		return fail(&err);
	run.home = home = home_path(home_option);
	run.jobs = (int)jobs;
	if (find(home, argc > 1 ? argv[1] : NULL, &document, &err) < 0)
		return fail(&err);
	if (!is_unfinished(document))
		return follow_finished(document, &run, json, home_option);
	return go_on(document, &run, json, home_option);
}
