/* The one look-up of builds and boots in ledger and depot. */
#include "cmd/build.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "depot/depot.h"
#include "ledger/ledger.h"

#include <string.h>

struct lookup {
	struct view run; /* how its id must start */
	json_t *record;
	char *build;
};

static int take_first(const struct ledger_cell *cell, void *data)
{
	struct lookup *l = data;

	if (!cell->record || !view_starts(view_of(cell->run), l->run))
		return 0;
	l->record = json_incref((json_t *)cell->record);
	l->build = mem_strdup(cell->build);
	return 1;
}

int build_find(const char *home, const char *wanted, json_t **record, char **name, struct err *err)
{
	struct view board = view_of(wanted), build = view_cut(&board, '@'), rest = build, run = view_cut(&rest, ':');
	struct lookup l = { .run = rest.p ? run : VIEW("") };
	autofree char *suffix = rest.p ? mem_strndup(rest.p, rest.n) : mem_strndup(build.p, build.n);
	struct ledger *ledger = NULL;
	int status = ledger_open(home, &ledger, err);

	if (status == 0)
		status = ledger_cells_find(ledger, suffix, board.p ? board.p : "", take_first, &l, err);
	ledger_free(ledger);
	if (status == 0 && !l.record)
		status = err_user(
			err, "there is no %s %s yet; kiln show lists builds and boards (a board's is BUILD@BOARD)%s",
			board.p ? "boot" : "build", wanted, rest.p ? ", kiln show --list the runs" : "");
	if (status < 0)
		return -1;
	*record = l.record;
	if (name)
		*name = l.build;
	else
		free(l.build);
	return 0;
}

int build_artefact(const char *home, const char *digest, struct buf *out, struct err *err)
{
	struct depot *depot = NULL;
	int status = depot_open(home, &depot, err);

	if (status == 0)
		status = depot_get(depot, digest, out, err);
	depot_free(depot);
	return status;
}
