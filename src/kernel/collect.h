/* What a finished build leaves behind, into the depot and the record. */
#ifndef KERNEL_COLLECT_H
#define KERNEL_COLLECT_H

#include "base/err.h"
#include "step/step.h"

#include <stdbool.h>

/* Artefacts image, vmlinux, System.map, objects, config, dtb/...; build_id, release; the verdict: pass, or fail where
 * the build made no image. */
int collect(struct step *step, const char *out, const char *image_path, const char *srcarch, bool dtbs,
	    struct err *err);
/* The artefact config alone: what a failed build was made of. */
int collect_config(struct step *step, const char *out, struct err *err);

#endif
