#define _GNU_SOURCE
#include "ledger/ledger.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "ledger/schema.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

struct ledger {
	sqlite3 *db;
	char *path, *backup;
};

static void stmt_end(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}
#define autostmt __attribute__((cleanup(stmt_end)))

enum { QUICK_CHECK_BYTES = 64 << 20, BUSY_MS = 30000 };
/* The check reads all of it: KiB of pages are kept, and the system has them all. */
#define PRAGMAS                                                                              \
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; " \
	"PRAGMA cache_size = -256"

static int ledger_error(struct ledger *l, struct err *err)
{
	int code = l->db ? sqlite3_errcode(l->db) & 0xff : SQLITE_CANTOPEN;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return err_infra(err, 0,
				 "%s is damaged (%s). Finished builds are kept apart and are not lost. To restore the "
				 "last copy: mv %s %s.damaged; rm -f %s-wal %s-shm; cp %s %s (leave the cp out to "
				 "start an empty one)",
				 l->path, sqlite3_errmsg(l->db), l->path, l->path, l->path, l->path, l->backup,
				 l->path);
	if (code == SQLITE_FULL)
		return err_infra(err, 0, "%s: the disk is full; free some space and start again", l->path);
	return err_infra(err, 0, "%s: %s", l->path, l->db ? sqlite3_errmsg(l->db) : "cannot open");
}

static int ledger_exec(struct ledger *l, const char *sql, struct err *err)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : ledger_error(l, err);
}

/* Prepares sql and binds n strings; NULL binds NULL. */
static int prepare(struct ledger *l, const char *sql, sqlite3_stmt **out, const char *const *args, int n,
		   struct err *err)
{
	if (sqlite3_prepare_v2(l->db, sql, -1, out, NULL) != SQLITE_OK)
		return ledger_error(l, err);
	for (int i = 0; i < n; i++)
		if (sqlite3_bind_text(*out, i + 1, args[i], -1, SQLITE_TRANSIENT) != SQLITE_OK)
			return ledger_error(l, err);
	return 0;
}

static int change(struct ledger *l, const char *sql, const char *const *args, int n, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;

	if (prepare(l, sql, &s, args, n, err) < 0)
		return -1;
	return sqlite3_step(s) == SQLITE_DONE ? 0 : ledger_error(l, err);
}
#define CHANGE(l, sql, err, ...)                             \
	change(l, sql, (const char *const[]){ __VA_ARGS__ }, \
	       (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)), err)

static const char *column(sqlite3_stmt *s, int i)
{
	return (const char *)sqlite3_column_text(s, i);
}

static json_t *column_json(sqlite3_stmt *s, int i)
{
	const char *text = column(s, i);

	return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

static int migrate_one(struct ledger *l, size_t i, struct err *err)
{
	autofree char *version = mem_printf("PRAGMA user_version = %zu", i + 1);

	if (ledger_exec(l, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	if (ledger_exec(l, migrations[i], err) < 0 || ledger_exec(l, version, err) < 0) {
		sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return ledger_exec(l, "COMMIT", err);
}

static int64_t user_version(struct ledger *l)
{
	autostmt sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(l->db, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW)
		return -1;
	return sqlite3_column_int64(s, 0);
}

static int migrate(struct ledger *l, struct err *err)
{
	autofree char *lock_path = mem_printf("%s.lock", l->path);
	autoclose int lock = -1;
	int64_t version = user_version(l);

	if (version < 0)
		return ledger_error(l, err);
	if (version > (int64_t)countof(migrations))
		return err_user(err, "%s was written by a newer Kiln (schema %lld, this one knows %zu): use that one",
				l->path, (long long)version, countof(migrations));
	if (version == (int64_t)countof(migrations))
		return 0;
	if (fs_lock(AT_FDCWD, lock_path, true, &lock, err) < 0)
		return -1;
	for (int64_t i = user_version(l); i < (int64_t)countof(migrations); i++)
		if (migrate_one(l, (size_t)i, err) < 0)
			return -1;
	return 0;
}

/* Only for ledgers that are small enough: damage in large ones shows when it is met. */
static int quick_check(struct ledger *l, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	struct stat st;
	const char *said;

	if (stat(l->path, &st) < 0 || st.st_size > QUICK_CHECK_BYTES)
		return 0;
	if (sqlite3_prepare_v2(l->db, "PRAGMA quick_check(1)", -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW)
		return ledger_error(l, err);
	said = column(s, 0);
	if (said && strcmp(said, "ok") == 0)
		return 0;
	return err_infra(
		err, 0, "%s is damaged (%s). To restore the last copy: mv %s %s.damaged; rm -f %s-wal %s-shm; cp %s %s",
		l->path, said ? said : "", l->path, l->path, l->path, l->path, l->backup, l->path);
}

int ledger_open(const char *home, struct ledger **out, struct err *err)
{
	struct ledger *l = mem_alloc(sizeof(*l));

	l->path = fs_join(home, "ledger.db");
	l->backup = fs_join(home, "ledger.backup.db");
	if (fs_mkdirs(AT_FDCWD, home, 0755, err) < 0) {
		ledger_free(l);
		return -1;
	}
	if (sqlite3_open_v2(l->path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(l->db, BUSY_MS) != SQLITE_OK) {
		ledger_error(l, err);
		ledger_free(l);
		return -1;
	}
	if (ledger_exec(l, PRAGMAS, err) < 0 || quick_check(l, err) < 0 || migrate(l, err) < 0) {
		ledger_free(l);
		return -1;
	}
	*out = l;
	return 0;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	sqlite3_close(l->db);
	free(l->path);
	free(l->backup);
	free(l);
}

int ledger_begin(struct ledger *l, struct err *err)
{
	return ledger_exec(l, "BEGIN IMMEDIATE", err);
}

int ledger_commit(struct ledger *l, struct err *err)
{
	return ledger_exec(l, "COMMIT", err);
}

int ledger_backup(struct ledger *l, struct err *err)
{
	char uuid[UUID_TEXT];
	autofree char *tmp = NULL;

	uuid_make(uuid);
	tmp = mem_printf("%s.%s", l->backup, uuid);
	if (CHANGE(l, "VACUUM INTO ?1", err, tmp) < 0) {
		unlink(tmp);
		return -1;
	}
	return rename(tmp, l->backup) == 0 ? 0 : err_infra(err, 0, "%s: cannot be replaced", l->backup);
}

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

	if (prepare(l, "SELECT id FROM run WHERE digest = ?1 AND state = 'running' ORDER BY id DESC", &s, &digest, 1,
		    err) < 0)
		return -1;
	for (;;) {
		int code = sqlite3_step(s);

		if (code == SQLITE_DONE)
			return 0;
		if (code != SQLITE_ROW)
			return ledger_error(l, err);
		if (fn(column(s, 0), data))
			return 0;
	}
}

#define SELECT_RUNS "SELECT id, request, state, started, finished FROM run "

static json_t *run_json(sqlite3_stmt *s)
{
	bool finished = sqlite3_column_type(s, 4) != SQLITE_NULL;

	return json_pack("{s:s, s:o?, s:s, s:I, s:o}", "run", column(s, 0), "request", column_json(s, 1), "state",
			 column(s, 2), "started", (json_int_t)sqlite3_column_int64(s, 3), "finished",
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

	if (prepare(l, sql, &s, args, 1, err) < 0)
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

	if (prepare(l, SELECT_RUNS "ORDER BY id DESC", &s, NULL, 0, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		autojson json_t *run = run_json(s);

		if (fn(run, data))
			return 0;
	}
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}

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

	if (prepare(l, "SELECT uuid, key FROM attempt WHERE run = ?1 AND record IS NULL", &s, &run, 1, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		fn(column(s, 0), column(s, 1), data);
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}

int ledger_attempts(struct ledger *l, const char *key, const char *run, json_t **records, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	const char *args[] = { key, run };
	json_t *found;
	int code;

	if (prepare(l,
		    "SELECT record FROM attempt WHERE key = ?1 AND record IS NOT NULL AND (?2 IS NULL OR run = ?2)"
		    " ORDER BY run DESC LIMIT 16",
		    &s, args, 2, err) < 0)
		return -1;
	found = json_array();
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		json_array_insert_new(found, 0, column_json(s, 0));
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

	if (prepare(l,
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
		autojson json_t *record = column_json(s, 7);
		struct ledger_cell cell = {
			.run = column(s, 0),
			.build = column(s, 1),
			.board = column(s, 2),
			.runner = column(s, 3),
			.verdict = verdict_from_text(column(s, 4)),
			.reason = column(s, 5),
			.attempt = column(s, 6),
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

	if (prepare(l, SELECT_CELLS " WHERE c.run = ?1 ORDER BY c.build, c.board, c.runner", &s, &run, 1, err) < 0)
		return -1;
	return cells_walk(l, s, fn, data, err);
}

int ledger_cells_find(struct ledger *l, const char *build_suffix, const char *board, ledger_cell_fn fn, void *data,
		      struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	const char *args[] = { build_suffix, board };

	if (prepare(l,
		    SELECT_CELLS " WHERE c.board = ?2 AND substr('/' || c.build, -length('/' || ?1)) = '/' || ?1"
				 " ORDER BY c.run DESC, c.build",
		    &s, args, 2, err) < 0)
		return -1;
	return cells_walk(l, s, fn, data, err);
}

int ledger_records(struct ledger *l, void (*fn)(const json_t *record, void *data), void *data, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;
	int code;

	if (prepare(l, "SELECT record FROM attempt WHERE record IS NOT NULL", &s, NULL, 0, err) < 0)
		return -1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		autojson json_t *record = column_json(s, 0);

		if (record)
			fn(record, data);
	}
	return code == SQLITE_DONE ? 0 : ledger_error(l, err);
}
