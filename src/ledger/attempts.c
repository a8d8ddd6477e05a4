/* Attempts at steps: begun, ended with a record, or lost. */
#include "ledger/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

int ledger_attempt_start(struct ledger *l, const char *run, const char *uuid, const char *key, const char *kind,
			 struct err *err)
{
	return CHANGE(l, "INSERT OR IGNORE INTO attempt (uuid, run, key, kind) VALUES (?1, ?2, ?3, ?4)", err, uuid, run,
		      key, kind);
}

int ledger_attempt_done(struct ledger *l, const char *run, const json_t *record, struct err *err)
{
	autofree char *text = json_canonical(record);

	return CHANGE(l,
		      "INSERT INTO attempt (uuid, run, key, kind, verdict, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		      " ON CONFLICT (uuid) DO UPDATE SET verdict = excluded.verdict, record = excluded.record"
		      " WHERE attempt.record IS NULL",
		      err, json_str_or(record, "attempt", ""), run, json_str_or(record, "step", ""),
		      json_str_or(record, "kind", ""), json_str_or(record, "verdict", "infra"), text);
}

int ledger_attempts_lost(struct ledger *l, const char *run, void (*fn)(const char *uuid, const char *key, void *data),
			 void *data, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	int code;

	if (ledger_prepare(l, "SELECT uuid, key FROM attempt WHERE run = ?1 AND record IS NULL", &s, &run, 1, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		fn(row_text(s, 0), row_text(s, 1), data);
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}

int ledger_attempts(struct ledger *l, const char *key, const char *run, json_t **records, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	const char *args[] = { key, run };
	json_t *found;
	int code;

	if (ledger_prepare(
		    l,
		    "SELECT record FROM attempt WHERE key = ?1 AND record IS NOT NULL AND (?2 IS NULL OR run = ?2)"
		    " ORDER BY run DESC LIMIT 16",
		    &s, args, 2, err) < 0)
		return -1;
	found = json_array();
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		json_array_insert_new(found, 0, row_json(s, 0));
	if (code != SQLITE_DONE) {
		json_decref(found);
		return ledger_error(l, err);
	}
	*records = found;
	return 0;
}

/* By runs, which are few: those of which something may have ended since. */
int ledger_lab_use(struct ledger *l, const char *lab, json_t **use, struct err *err)
{
	autofree char *since = mem_printf("%lld", (long long)clock_unix() - 24 * 60 * 60);
	const char *args[] = { lab, since };
	autostmt sqlite3_stmt *s = NULL;
	autojson json_t *found = json_array();
	int code;

	if (ledger_prepare(l,
			   "SELECT CAST(strftime('%s', json_extract(a.record, '$.finished')) AS INTEGER) AS ended,"
			   " COALESCE(json_extract(a.record, '$.lava.seconds'), 0)"
			   " FROM run r JOIN attempt a ON a.run = r.id"
			   " WHERE (r.finished IS NULL OR r.finished > CAST(?2 AS INTEGER)) AND a.record IS NOT NULL"
			   " AND json_extract(a.record, '$.lava.lab') = ?1 AND ended > CAST(?2 AS INTEGER)",
			   &s, args, 2, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		json_array_append_new(found, json_pack("[I, f]", (json_int_t)sqlite3_column_int64(s, 0),
						       sqlite3_column_double(s, 1)));
	if (code != SQLITE_DONE)
		return ledger_error(l, err);
	*use = json_incref(found);
	return 0;
}

int ledger_records(struct ledger *l, void (*fn)(const json_t *record, void *data), void *data, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	int code;

	if (ledger_prepare(l, "SELECT record FROM attempt WHERE record IS NOT NULL", &s, NULL, 0, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		autojson json_t *record = row_json(s, 0);

		if (record)
			fn(record, data);
	}
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}
