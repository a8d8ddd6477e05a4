#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "depot/depot.h"
#include "ledger/ledger.h"
#include "step/step.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct found {
	json_t *record;
	char *build;
};

static int take_first(const struct ledger_cell *cell, void *data)
{
	struct found *found = data;

	if (!cell->record)
		return 0;
	found->record = json_incref((json_t *)cell->record);
	found->build = mem_strdup(cell->build);
	return 1;
}

/* On a terminal what a guest or a build said must not steer it; into a file or a pipe go the bytes as they are. */
static void print_log(const struct buf *log)
{
	struct view rest = { log->data, log->n };
	autobuf struct buf line = { 0 };

	if (!isatty(STDOUT_FILENO)) {
		fwrite(log->data, 1, log->n, stdout);
		return;
	}
	while (rest.p && rest.n) {
		struct view v = view_cut(&rest, '\n');

		if (v.n && v.p[v.n - 1] == '\r')
			v.n--;
		buf_clear(&line);
		buf_add_printable(&line, v);
		puts(line.data);
	}
}

static int log_digest(const struct found *found, const char *name, const char **digest, struct err *err)
{
	if (!found->record)
		return err_user(
			err, "there is no log of %s yet; kiln show lists builds and boards (a board's is BUILD@BOARD)",
			name);
	*digest = record_artefact(found->record, "console");
	if (!*digest)
		*digest = record_artefact(found->record, "log");
	if (!*digest)
		return err_user(err, "%s kept no log: %s", name,
				json_str_or(found->record, "reason", "no reason was given"));
	return 0;
}

static int log_print(const char *home, char *name, struct err *err)
{
	struct ledger *ledger = NULL;
	struct depot *depot = NULL;
	struct found found = { 0 };
	autobuf struct buf log = { 0 };
	autofree char *shown = mem_strdup(name);
	char *at = strchr(name, '@');
	const char *digest = NULL;
	int status;

	if (at)
		*at++ = '\0';
	if (ledger_open(home, &ledger, err) < 0)
		return -1;
	status = ledger_cells_find(ledger, name, at ? at : "", take_first, &found, err);
	ledger_free(ledger);
	if (status == 0)
		status = log_digest(&found, shown, &digest, err);
	if (status == 0)
		status = depot_open(home, &depot, err);
	if (status == 0)
		status = depot_get(depot, digest, &log, err);
	if (status == 0)
		print_log(&log);
	depot_free(depot);
	json_decref(found.record);
	free(found.build);
	return status;
}

int cmd_log(int argc, char **argv)
{
	const char *home_option = NULL;
	const struct option options[] = { { "home", OPTION_STRING, &home_option } };
	autofree char *home = NULL;
	struct err err = { 0 };

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc != 2) {
		err_user(&err, "name one build (SOURCE/ARCH/CONFIG/TOOLCHAIN or its end) or one boot (BUILD@BOARD)");
		return fail(&err);
	}
	home = home_path(home_option);
	return log_print(home, argv[1], &err) < 0 ? fail(&err) : 0;
}
