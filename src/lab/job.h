/* What a lab is asked to do, as data and as the text that it takes. */
#ifndef LAB_JOB_H
#define LAB_JOB_H

#include "base/err.h"

#include <jansson.h>

/* The definition of a boot as a YAML document, owned.
 * spec: {"lava":{"type","method","tags","context","command"?},"board":{"name","cmdline","limit_ms","silence_ms"},
 *	  "marker"} ; artefacts: {"kernel":{"url","sha256"},"ramdisk"?,"dtb"?}.
 * name is what people and Kiln itself find the job by (lab/own.h).
 * ERR_USER for a method that no definition is known for. */
int lab_job_definition(const json_t *spec, const char *name, const json_t *artefacts, char **yaml, struct err *err);

/* Seconds after which LAVA itself ends the job of such a boot. */
int64_t lab_job_seconds(const json_t *spec);

#endif
