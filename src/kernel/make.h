/* One make of a kernel tree, in a sandbox. */
#ifndef KERNEL_MAKE_H
#define KERNEL_MAKE_H

#include "base/err.h"
#include "base/json.h"
#include "kernel/buildlog.h"
#include "step/step.h"

#include <stdbool.h>

struct make {
	const char *src;         /* the source, which is only read */
	const char *out;         /* the output directory */
	const char *arch;        /* ARCH= */
	const json_t *toolchain; /* the spec's */
	const json_t *options;   /* more arguments (W=1), or NULL */
	const char *allconfig;   /* file for KCONFIG_ALLCONFIG, or NULL */
	int64_t seed;            /* KCONFIG_SEED, where there is one */
	bool has_seed;
	const char *probability;    /* KCONFIG_PROBABILITY, or NULL */
	const char *const *targets; /* NULL-terminated */
};

/* Runs it to its end, its output into the log. *passed says how it ended; *cpu_seconds grows by what it used.
 * A failure whose cause is the machine is ERR_INFRA. */
int make_run(const struct step *step, const struct make *make, struct buildlog *log, bool *passed, double *cpu_seconds,
	     struct err *err);

/* Runs another program (argv) in the world that make_run makes of the same: its source, output and toolchain. */
int make_world_run(const struct step *step, const struct make *make, const char *const *argv, struct buildlog *log,
		   bool *passed, double *cpu_seconds, struct err *err);

/* Opens STEP->work/log as the log's copy. */
int make_log_open(const struct step *step, struct buildlog *log, struct err *err);
/* Publishes it as the artefact log, closes and frees it. */
int make_log_close(struct step *step, struct buildlog *log, struct err *err);

#endif
