/* Cells of matrices: what became of each build and boot of a run. */
#include "ledger/private.h"

#include "base/cleanup.h"

int ledger_cell_set(struct ledger *l, const struct ledger_cell *c, struct err *err)
{
	return CHANGE(l,
		      "INSERT OR REPLACE INTO cell (run, build, board, runner, verdict, reason, attempt)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		      err, c->run, c->build, c->board, c->runner, verdict_text(c->verdict), c->reason, c->attempt);
}

static int cells_walk(struct ledger *l, sqlite3_stmt *s, ledger_cell_fn fn, void *data, struct err *err)
{
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		autojson json_t *record = row_json(s, 7);
		struct ledger_cell cell = {
			.run = row_text(s, 0),
			.build = row_text(s, 1),
			.board = row_text(s, 2),
			.runner = row_text(s, 3),
			.verdict = verdict_from_text(row_text(s, 4)),
			.reason = row_text(s, 5),
			.attempt = row_text(s, 6),
			.record = record,
		};

		if (fn(&cell, data))
			return 0;
	}
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}

#define SELECT_CELLS                                                                         \
	"SELECT c.run, c.build, c.board, c.runner, c.verdict, c.reason, c.attempt, a.record" \
	" FROM cell c LEFT JOIN attempt a ON a.uuid = c.attempt"

int ledger_cells(struct ledger *l, const char *run, ledger_cell_fn fn, void *data, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;

	if (ledger_prepare(l, SELECT_CELLS " WHERE c.run = ?1 ORDER BY c.build, c.board, c.runner", &s, &run, 1, err) <
	    0)
		return -1;
	return cells_walk(l, s, fn, data, err);
}

int ledger_cells_find(struct ledger *l, const char *build_suffix, const char *board, ledger_cell_fn fn, void *data,
		      struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	const char *args[] = { build_suffix, board };

	if (ledger_prepare(l,
			   SELECT_CELLS " WHERE c.board = ?2 AND substr('/' || c.build, -length('/' || ?1)) = '/' || ?1"
					" ORDER BY c.run DESC, c.build",
			   &s, args, 2, err) < 0)
		return -1;
	return cells_walk(l, s, fn, data, err);
}
