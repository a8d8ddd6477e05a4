/* The step contract: one spec in, one record and artefacts out. A step may be killed at any time.
 *
 *	HOME/records/ab/<key>.json           the record of a pure step: the first one wins
 *	HOME/records/ab/<key>/<uuid>.json    each attempt of an observation
 *	HOME/tmp/<uuid>/                     the work directory of a running attempt, locked by it
 *	HOME/locks/<key>                     held while a pure step runs: others wait and reuse
 */
#ifndef STEP_STEP_H
#define STEP_STEP_H

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/verdict.h"
#include "depot/depot.h"

#include <stdbool.h>

enum step_class { STEP_PURE, STEP_OBSERVATION, STEP_IMPORT };

/* What a step's code gets. It writes under work (a path of its own), reports by the functions below. */
struct step {
	const json_t *spec; /* borrowed */
	char key[HASH_HEX];
	char attempt[UUID_TEXT];
	const char *home;
	const char *work; /* HOME/tmp/<attempt>, absolute, empty at the start */
	struct depot *depot;
	json_t *record;                      /* being made; add fields freely */
	int jobs;                            /* CPUs this step may use at once */
	int jobserver_read, jobserver_write; /* GNU make jobserver shared by all builds, or -1 */
};

/* Runs one kind of step. 0: the record holds a verdict. -1: ERR_INFRA, or ERR_USER for a bad spec. */
typedef int (*step_fn)(struct step *step, struct err *err);

struct step_kind {
	const char *kind; /* the spec's "kind" */
	enum step_class class;
	step_fn run;
};

/* SHA-256 of the canonical spec. */
void step_key(const json_t *spec, char key[static HASH_HEX]);

/* Puts a file into the depot and names it in the record: artefacts.NAME = {"digest","size"}. */
int step_artefact(struct step *step, const char *name, const char *path, struct err *err);
int step_artefact_bytes(struct step *step, const char *name, const void *p, size_t n, struct err *err);
/* Sets record.verdict and record.reason (reason may be NULL). */
void step_verdict(struct step *step, enum verdict verdict, const char *reason);
/* The digest of an artefact of a record, or NULL. Borrowed. */
const char *record_artefact(const json_t *record, const char *name);

/* Runs a spec as an attempt and publishes its record. For a pure step: waits for whoever runs the same
 * key, and returns the record that is there. *record is a new reference. An ERR_INFRA of the
 * step's code becomes a record with the verdict infra, which is returned but not published for pure steps. */
struct step_options {
	const char *home;
	const char *attempt; /* UUID, NULL: a new one */
	int jobs, jobserver_read, jobserver_write;
};
int step_run(const json_t *spec, const struct step_kind *kinds, size_t n, const struct step_options *options,
	     json_t **record, struct err *err);

/* An observation that is made here and not by a step's code, over many turns of a loop: opened, its record filled in,
 * published once and closed. Its attempt and its spec are the caller's; it has no work directory. */
int step_open(const char *home, const json_t *spec, const char *attempt, struct step *step, struct err *err);
int step_publish(struct step *step, struct err *err);
void step_close(struct step *step);

/* The record of a pure step when it is there and all its artefacts are; else NULL. New reference. */
json_t *step_lookup(const char *home, const char *key);

#endif
