#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include "base/clock.h"
#include "base/map.h"
#include "engine/engine.h"
#include "lab/engine.h"
#include "ledger/ledger.h"
#include "run/run.h"

#include <uv.h>

/* What is known of one cell of the plan; the JSON here is owned. */
struct run_cell {
	json_t *configure, *init, *build;
	json_t **boots; /* for each board: array of records, or NULL */
	struct kconfig *config;
	char *name;
	const struct task *awaited[PLAN_BOOT]; /* what it waits for, by kind; boots know their few waiters */
};

/* Somebody waits for a task. */
struct waiter {
	size_t cell;
	struct plan_step step;
};

/* A step that was asked for, by its key. */
struct task {
	char key[HASH_HEX];
	json_t *spec; /* NULL once it has ended */
	enum plan_kind kind;
	bool pure;
	int tries;
	bool running;
	json_t *records;     /* of its attempts in this run, oldest first; see task_learn */
	int64_t started;     /* clock_ms */
	char *build, *board; /* for events */
	char attempt[UUID_TEXT];
	json_t *avoid; /* names of the lab's devices on which attempts came to nothing, or NULL */
	char *because; /* why the first of these did, or NULL */
	VEC(struct waiter) waiters;
	/* A boot with KVM of what TCG has just booted: its record tells whether KVM works, and nothing else. */
	const json_t *kvm_probe_of; /* the machine, or NULL */
};

struct run {
	const struct catalog *catalog;
	const struct run_options *options;
	char id[32];
	bool resumed;
	int lock;
	struct ledger *ledger; /* NULL for a plan */
	struct depot *depot;
	struct plan *plan;
	struct plan_facts facts;
	json_t *source, *toolchains, *machines, *accels, *labs; /* owned, in facts */
	char init_sources[HASH_HEX], patterns[HASH_HEX];
	char today[CLOCK_TEXT]; /* 2026-11-28 */
	struct run_cell *cells;
	struct map tasks;
	VEC(struct task *) all_tasks;
	struct map kvm_probes; /* digest of QEMU -> probed in this run */
	VEC(size_t) ready;     /* cells to be advanced */
	size_t finished;
	uv_loop_t loop;
	struct engine *engine;
	struct lab_engine *lab_engine; /* NULL: no boot is in a lab */
	json_t *lost;                  /* key -> uuid of an attempt that never came to an end; NULL: none */
	uv_signal_t sigint, sigterm, sighup;
	uv_timer_t ticker;
	bool interrupted;
	struct err failed; /* the first error that is no verdict */
};

/* facts.c: source, toolchains, machines, guest-init and patterns of the plan. */
int facts_gather(struct run *run, struct err *err);
/* rooted.c: the facts of a cell's toolchain that lives in a root, which is made where it is not there. New reference.
 * ERR_USER with num ENODATA: nothing proves that it compiles as the root itself does. */
int facts_rooted(struct run *run, const struct plan_cell *cell, json_t **facts, struct err *err);
/* The source alone, before there is a plan. */
int facts_source(struct run *run, struct err *err);

/* request.c: what makes two requests the same, for resuming: the wish and the source's content. New reference. */
json_t *request_json(const struct run_options *options, const json_t *source);

/* owner.c: the run that the options name, taken over. ERR_USER: it is another's, or finished. */
int run_take(struct run *run, struct err *err);
/* A new run in the ledger, or one of the same request that nobody drives any more, with what it has left. */
int run_register(struct run *run, struct err *err);
/* ERR_INFRA: the run cannot go on just now, for this reason, and loses nothing by that. */
int run_stays(const char *id, const char *why, struct err *err);
/* A finished run is never resumed: its lock has served. */
void run_unlock(struct run *run);

/* cells.c: the records of a cell, and its verdicts into the ledger. */
struct plan_state cell_state(const struct run_cell *cell);
void cell_forget(struct run *run, size_t cell);
void cell_clear(struct run *run, size_t cell);
/* Takes over a record of a step. */
int cell_learn(struct run *run, size_t cell, const struct plan_step *step, json_t *records, struct err *err);
int cells_to_ledger(struct run *run, size_t cell, struct err *err);
/* builds/SOURCE/ARCH/CONFIG/TOOLCHAIN/: links into the depot. */
int cell_link(struct run *run, size_t cell, struct err *err);

/* tasks.c: from a wish to its records. */
extern const char *const task_kind_texts[]; /* by enum plan_kind */
/* Adds a record that the ledger has: of a boot, of which there may be thousands, as much as the plan asks of it. */
void task_learn(struct task *task, json_t *record);
/* The record of an attempt that came to nothing in a lab: the next is to have another device, and may say why. */
void task_avoid(struct task *task, const json_t *record);
/* Advances a cell as far as records reach; what is missing is submitted. */
int cell_advance(struct run *run, size_t cell, struct err *err);
/* A new reference to spec; the task is the run's. */
struct task *task_make(struct run *run, json_t *spec, enum plan_kind kind, const char *build, const char *board);
/* Learns the records that are there before anything is run. */
int task_look(struct run *run, struct task *task, struct err *err);
int task_submit(struct run *run, struct task *task, struct err *err);
bool task_in_lab(const struct task *task);
struct run_event task_event(const struct task *task, enum run_event_kind kind);
bool record_is_infra(const json_t *record);
void task_free(struct task *task);

/* ended.c: what comes of them, told by the engines. */
void task_started(const struct engine_job *job, void *data);
void task_ended(const struct engine_job *job, json_t *record, const struct err *err, void *data);
/* Before a boot in a lab ends because the run does. */
void task_parted(const struct engine_job *job, const struct lab_parting *parting, void *data);

/* signals.c: Ctrl-C, SIGTERM and a terminal that is closed, until the loop is closed. */
void signals_take(struct run *run);
void signals_close(struct run *run);

/* events.c: steps that wait and that run, on this host and in labs. */
size_t run_waiting(const struct run *run);
size_t run_running(const struct run *run);
void run_cancel(struct run *run);
/* Fills in what all events tell. */
void run_emit(struct run *run, struct run_event *event);

json_t *plan_document(struct run *run);

#endif
