/* Runs: what was asked for, and whether it has come to its end. */
#include "ledger/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

int ledger_run_add(struct ledger *l, const char *id, const json_t *request, struct err *err)
{
	autofree char *text = json_canonical(request), *now = mem_printf("%lld", (long long)clock_unix());
	char digest[HASH_HEX];

	json_digest(request, digest);
	return CHANGE(l,
		      "INSERT INTO run (id, digest, request, state, started)"
		      " VALUES (?1, ?2, ?3, 'running', CAST(?4 AS INTEGER))",
		      err, id, digest, text, now);
}

int ledger_run_finish(struct ledger *l, const char *id, struct err *err)
{
	autofree char *now = mem_printf("%lld", (long long)clock_unix());

	return CHANGE(l, "UPDATE run SET state = 'finished', finished = CAST(?2 AS INTEGER) WHERE id = ?1", err, id,
		      now);
}

int ledger_run_unfinished(struct ledger *l, const char *digest, int (*fn)(const char *id, void *data), void *data,
			  struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;

	if (ledger_prepare(l, "SELECT id FROM run WHERE digest = ?1 AND state = 'running' ORDER BY id DESC", &s,
			   &digest, 1, err) < 0)
		return -1;
	for (;;) {
		int code = sqlite3_step(s);

		if (code == SQLITE_DONE)
			return 0;
		if (code != SQLITE_ROW)
			return ledger_error(l, err);
		if (fn(row_text(s, 0), data))
			return 0;
	}
}

#define SELECT_RUNS "SELECT id, request, state, started, finished FROM run "

static json_t *run_json(sqlite3_stmt *s)
{
	bool finished = sqlite3_column_type(s, 4) != SQLITE_NULL;

	return json_pack("{s:s, s:o?, s:s, s:I, s:o}", "run", row_text(s, 0), "request", row_json(s, 1), "state",
			 row_text(s, 2), "started", (json_int_t)sqlite3_column_int64(s, 3), "finished",
			 finished ? json_integer(sqlite3_column_int64(s, 4)) : json_null());
}

int ledger_run_get(struct ledger *l, const char *prefix, json_t **run, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	const char *args[] = { prefix ? prefix : "" };
	const char *trials = prefix ? "" : "AND json_extract(request, '$.trial') IS NULL ";
	autofree char *sql =
		mem_printf(SELECT_RUNS "WHERE substr(id, 1, length(?1)) = ?1 %sORDER BY id DESC LIMIT 1", trials);
	int code;

	if (ledger_prepare(l, sql, &s, args, 1, err) < 0)
		return -1;
	code = sqlite3_step(s);
	if (code == SQLITE_DONE)
		return prefix ? err_user(err, "there is no run \"%s\"; kiln show --list lists them", prefix)
			      : err_user(err, "there is no run yet; start one with: kiln run smoke");
	if (code != SQLITE_ROW)
		return ledger_error(l, err);
	*run = run_json(s);
	return 0;
}

int ledger_runs(struct ledger *l, int (*fn)(const json_t *run, void *data), void *data, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	int code;

	if (ledger_prepare(l, SELECT_RUNS "ORDER BY id DESC", &s, NULL, 0, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		autojson json_t *run = run_json(s);

		if (fn(run, data))
			return 0;
	}
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}
