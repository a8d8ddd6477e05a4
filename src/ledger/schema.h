/* The ledger's schema, as migrations. Append, never edit: user_version counts those that ran. */
#ifndef LEDGER_SCHEMA_H
#define LEDGER_SCHEMA_H

static const char *const migrations[] = {
	/* One request and all that came of it. */
	"CREATE TABLE run ("
	" id TEXT PRIMARY KEY,"      /* 20261120-235939-1a2b, sorts by time */
	" digest TEXT NOT NULL,"     /* of the canonical request: the same request again resumes */
	" request TEXT NOT NULL,"    /* canonical JSON */
	" state TEXT NOT NULL,"      /* running or finished; running with no living owner: to be resumed */
	" started INTEGER NOT NULL," /* unix seconds */
	" finished INTEGER"
	") STRICT;"
	"CREATE INDEX run_digest ON run (digest, state);"

	/* One execution of a step; none replaces another. A pure step's one attempt serves many runs. */
	"CREATE TABLE attempt ("
	" uuid TEXT PRIMARY KEY,"
	" run TEXT NOT NULL REFERENCES run (id)," /* the run that started it */
	" key TEXT NOT NULL,"                     /* digest of the spec */
	" kind TEXT NOT NULL,"
	" verdict TEXT," /* NULL while it runs */
	" record TEXT"   /* canonical JSON, NULL while it runs */
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX attempt_key ON attempt (key, run);"
	"CREATE INDEX attempt_run ON attempt (run);"

	/* What a run says of each build (board and runner empty) and of each boot. */
	"CREATE TABLE cell ("
	" run TEXT NOT NULL REFERENCES run (id),"
	" build TEXT NOT NULL," /* SOURCE/ARCH/CONFIG/TOOLCHAIN */
	" board TEXT NOT NULL,"
	" runner TEXT NOT NULL,"
	" verdict TEXT NOT NULL,"
	" reason TEXT,"
	" attempt TEXT," /* the one the verdict rests on; NULL for a skip */
	" PRIMARY KEY (run, build, board, runner)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX cell_build ON cell (build, board);",
};

#endif
