/* What was run and what came of it, in SQLite: HOME/ledger.db, write-ahead logged, behind numbered migrations. */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/verdict.h"

#include <stdint.h>

struct ledger;

/* A damaged ledger is refused: the message says how to restore it. */
int ledger_open(const char *home, struct ledger **out, struct err *err);
void ledger_free(struct ledger *l);
/* Changes between begin and commit are one: whole or not at all. */
int ledger_begin(struct ledger *l, struct err *err);
int ledger_commit(struct ledger *l, struct err *err);
/* A copy of the whole ledger at HOME/ledger.backup.db, replaced atomically. */
int ledger_backup(struct ledger *l, struct err *err);

/* Runs. ids are owned strings. */
int ledger_run_add(struct ledger *l, const char *id, const json_t *request, struct err *err);
int ledger_run_finish(struct ledger *l, const char *id, struct err *err);
/* The unfinished runs of a request, newest first: fn returns 1 to stop there, 0 to go on. */
int ledger_run_unfinished(struct ledger *l, const char *digest, int (*fn)(const char *id, void *data), void *data,
			  struct err *err);
/* The newest run whose request is no "trial", or the one whose id starts with prefix:
 * {"run","request","state","started","finished"}. ERR_USER when there is none. New reference. */
int ledger_run_get(struct ledger *l, const char *prefix, json_t **run, struct err *err);
/* All runs as above, newest first; fn returns not 0 to stop. */
int ledger_runs(struct ledger *l, int (*fn)(const json_t *run, void *data), void *data, struct err *err);

/* Attempts. */
int ledger_attempt_start(struct ledger *l, const char *run, const char *uuid, const char *key, const char *kind,
			 struct err *err);
/* The record of an attempt, started or not before; one that is there already stays. */
int ledger_attempt_done(struct ledger *l, const char *run, const json_t *record, struct err *err);
/* Attempts of a run that were started and never came to an end: fn gets uuid and key. */
int ledger_attempts_lost(struct ledger *l, const char *run, void (*fn)(const char *uuid, const char *key, void *data),
			 void *data, struct err *err);
/* The finished attempts at a key, oldest run first, of one run or (run NULL) of all, the newest 16 at most: a new JSON
 * array of records. */
int ledger_attempts(struct ledger *l, const char *key, const char *run, json_t **records, struct err *err);

/* How long a lab's devices were used by attempts that ended in the last 24 hours: [[ENDED, SECONDS]] with ENDED in unix
 * seconds. New reference. */
int ledger_lab_use(struct ledger *l, const char *lab, json_t **use, struct err *err);

/* Cells. */
struct ledger_cell {
	const char *run, *build, *board, *runner; /* board and runner "" for a build */
	enum verdict verdict;
	const char *reason;   /* or NULL */
	const char *attempt;  /* or NULL */
	const json_t *record; /* of the attempt when read, or NULL */
};

int ledger_cell_set(struct ledger *l, const struct ledger_cell *cell, struct err *err);
typedef int (*ledger_cell_fn)(const struct ledger_cell *cell, void *data); /* not 0 stops */
/* In order of build, board. */
int ledger_cells(struct ledger *l, const char *run, ledger_cell_fn fn, void *data, struct err *err);
/* Cells of any run, newest run first, whose build ends with that suffix at a / and whose board is the one given. */
int ledger_cells_find(struct ledger *l, const char *build_suffix, const char *board, ledger_cell_fn fn, void *data,
		      struct err *err);

/* Calls fn with each record: for what must not be collected. */
int ledger_records(struct ledger *l, void (*fn)(const json_t *record, void *data), void *data, struct err *err);

#endif
