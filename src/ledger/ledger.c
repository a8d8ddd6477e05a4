#define _GNU_SOURCE
#include "ledger/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "ledger/schema.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { QUICK_CHECK_BYTES = 64 << 20, BUSY_MS = 30000 };
/* The check reads all of it: KiB of pages are kept, and the system has them all. */
#define PRAGMAS                                                                              \
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; " \
	"PRAGMA cache_size = -256"

int ledger_error(struct ledger *l, struct err *err)
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

int ledger_prepare(struct ledger *l, const char *sql, sqlite3_stmt **out, const char *const *args, int n,
		   struct err *err)
{
	if (sqlite3_prepare_v2(l->db, sql, -1, out, NULL) != SQLITE_OK)
		return ledger_error(l, err);
	for (int i = 0; i < n; i++)
		if (sqlite3_bind_text(*out, i + 1, args[i], -1, SQLITE_TRANSIENT) != SQLITE_OK)
			return ledger_error(l, err);
	return 0;
}

int ledger_change(struct ledger *l, const char *sql, const char *const *args, int n, struct err *err)
{
	autostmt sqlite3_stmt *s = NULL;

	if (ledger_prepare(l, sql, &s, args, n, err) < 0)
		return -1;
	return sqlite3_step(s) == SQLITE_DONE ? 0 : ledger_error(l, err);
}

const char *row_text(sqlite3_stmt *s, int i)
{
	return (const char *)sqlite3_column_text(s, i);
}

json_t *row_json(sqlite3_stmt *s, int i)
{
	const char *text = row_text(s, i);

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
	said = row_text(s, 0);
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
