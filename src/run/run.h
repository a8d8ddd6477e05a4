/* One request carried through: facts, plan, engine, ledger, again until nothing is left. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/err.h"
#include "base/json.h"
#include "base/verdict.h"
#include "catalog/catalog.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

enum run_event_kind {
	RUN_IMPORT,  /* the source is being imported: text says what, bytes how far */
	RUN_BEGIN,   /* the cells are known: run, resumed */
	RUN_STARTED, /* a step started: kind, build, board */
	RUN_ENDED,   /* a step ended: verdict, reason, seconds */
	RUN_NOTE,    /* something worth knowing: build, text; kvm: a probe has ended */
	RUN_LEAVING, /* it was interrupted, and takes leave of the labs that have jobs of it */
	RUN_LEFT,    /* what became of the job of a boot in a lab, as the run ends early: build, board, text */
	RUN_TICK,    /* time passes; with the option ticks a few times a second */
	RUN_DONE,    /* nothing runs any more */
};

struct run_event {
	enum run_event_kind kind;
	const char *run;
	bool resumed;
	const char *step;  /* "configure", "init", "build", "boot", "probe KVM with" */
	const char *task;  /* names the running step until it has ended */
	const char *build; /* SOURCE/ARCH/CONFIG/TOOLCHAIN */
	const char *board; /* or NULL */
	enum verdict verdict;
	const char *reason; /* or NULL */
	double seconds;
	bool again; /* an infra verdict: it is tried again */
	const char *text;
	bool kvm;
	int64_t bytes;
	size_t finished, running, waiting; /* steps, by now */
};

struct run_options {
	const char *id; /* of an unfinished run that is gone on with, whose request the rest is; NULL: a new one, or
			 * the unfinished run of the same request */
	const char *home;
	const char *data;      /* where guest-init/ is */
	const char *config;    /* the user's configuration directory, or NULL */
	const char *program;   /* absolute path of kiln */
	const char *source;    /* as source_import takes it */
	const char *source_id; /* of one that is imported, which is taken in its place, or NULL */
	struct plan_request plan;
	bool plan_only;   /* configure, and say what would be built and booted */
	bool trial;       /* of something else's: what people look at leaves it out unless it is named */
	bool reuse_boots; /* earlier boots of the same spec count */
	bool fallback;    /* take the emulated toolchain of a root whose layer has no valid proof */
	bool keep_going;  /* do what can be done when a compiler or a QEMU is missing */
	bool ticks;       /* for a display that shows how time passes */
	int jobs;         /* 0: as many as there are CPUs */
	void (*event)(const struct run_event *event, void *data);
	void *data_for_event;
};

/* Runs a request to its end. *document is what `kiln show` prints, see report/report.h for how it is shown.
 * An unfinished run of the same request whose Kiln has died is resumed. ERR_INFRA with num EINTR after a
 * signal: everything is ended, and the same call resumes. */
int run_execute(const struct catalog *catalog, const struct run_options *options, json_t **document, struct err *err);

/* What a run was asked for, of the request in its document: source, plan, and how. Texts are the request's and lists
 * the arena's; both must outlive the options. Requests of older Kilns lack what was not there to be asked for. */
void run_request_read(const json_t *request, struct run_options *options, struct arena *a);

/* Whether a living Kiln follows this run; *who, owned, then says which. */
bool run_is_driven(const char *home, const char *id, char **who);

/* The document of a run in the ledger, newest when prefix is NULL: {"run","state","started","finished","source",
 * "builds":[{"build","verdict","reason","build_id","seconds",...}],"boots":[{"build","board","runner","verdict","reason",
 * "signature","seconds"}]}. New reference. */
struct ledger;
int run_document(struct ledger *ledger, const char *prefix, json_t **document, struct err *err);

/* The newest result of each cell over many runs: {"host":{"kernel","cpus"},"date","cells":[{"source","build","board",
 * "verdict","result","release","compiler","qemu","build_id","image","image_bytes","vmlinux_bytes","build_cpu",
 * "boot_seconds","date","run"}]}; build is ARCH/CONFIG/TOOLCHAIN, board is absent where the build itself is the cell:
 * it failed or was skipped, or no board of it was booted. New reference. */
struct summary_options {
	const char *const *runs; /* beginnings of their names; none: all */
	size_t n_runs;
	const char *matrix; /* only runs of this matrix, or NULL */
	const char *source; /* glob of the source's name, or NULL */
};
int run_summary(struct ledger *ledger, const struct summary_options *options, json_t **summary, struct err *err);

/* Proves that the layer of a root compiles as the root itself does, see kernel_proof_step, by each compiler that is in
 * it; what is missing is made first. The records are kept with the digests of root, layer and emulator, and count for
 * them alone. New reference: the record, or the sum of several, whose files and differences name the compiler; its
 * verdict may be fail. */
struct proof_request {
	const struct catalog_root *root;
	const char *source;
	const char *compiler; /* only by this one, or NULL */
	int jobs;             /* 0: as many as there are CPUs */
};
struct root_options;
int run_prove(const struct root_options *options, const struct proof_request *request, json_t **record,
	      struct err *err);

/* The two parts of the layer over a root, as directories, made where they are not there; owned. ERR_USER: it is not
 * proved that its gcc is the root's own. Both are NULL where the root is of this machine's own architecture. */
int run_layer(const struct root_options *options, const struct catalog_root *root, char **native, char **links,
	      struct err *err);

/* The exit status of a document: 0, 1 when some verdict is fail, 3 when some is infra and none is fail. */
int run_exit_status(const json_t *document);

#endif
