/* What the ledger's files share: the database, and statements on it. */
#ifndef LEDGER_PRIVATE_H
#define LEDGER_PRIVATE_H

#include "ledger/ledger.h"

#include <sqlite3.h>

struct ledger {
	sqlite3 *db;
	char *path, *backup;
};

static inline void stmt_end(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}
#define autostmt __attribute__((cleanup(stmt_end)))

/* What the database says of the last call that failed, and what to do about it. Always -1. */
int ledger_error(struct ledger *l, struct err *err);
/* Prepares sql and binds n strings; NULL binds NULL. */
int ledger_prepare(struct ledger *l, const char *sql, sqlite3_stmt **out, const char *const *args, int n,
		   struct err *err);
/* Runs a statement that gives no rows. */
int ledger_change(struct ledger *l, const char *sql, const char *const *args, int n, struct err *err);
#define CHANGE(l, sql, err, ...)                                    \
	ledger_change(l, sql, (const char *const[]){ __VA_ARGS__ }, \
		      (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)), err)

/* A column of the row that s stands on: borrowed until the next step. */
const char *row_text(sqlite3_stmt *s, int i);
/* The same as JSON: a new reference, NULL where it is none. */
json_t *row_json(sqlite3_stmt *s, int i);

#endif
