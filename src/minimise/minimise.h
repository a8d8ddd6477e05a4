/* From a .config that fails to the smallest set of its options that still fails in the same way. */
#ifndef MINIMISE_MINIMISE_H
#define MINIMISE_MINIMISE_H

#include "base/err.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "run/run.h"

struct minimise_options {
	const char *home, *data, *program; /* as in run_options */
	const char *target;                /* BUILD or BUILD@BOARD, as `kiln log` takes it */
	const char *good;                  /* a config that works: of the catalogue, or a file when it has a slash */
	const char *source;                /* NULL: the one that failed */
	int jobs;
	void (*event)(const struct run_event *event, void *data); /* of the builds and boots; may be NULL */
	void *data_for_event;
	void (*say)(const char *line, void *data); /* where it is; may be NULL */
	void *data_for_say;
};

/* *result: {"build","board","signature","good","differing","options":["CONFIG_X=y"],"trials","builds","steady",
 * "directory","config","fragment","reproduce":[commands]}, new reference; the same is in DIRECTORY/result.json.
 * Whatever is finished is kept: the same call after an interruption goes on. ERR_USER: the target did not fail, fails
 * no more or in another way or not each time, or the good config fails too. */
int minimise(const struct catalog *catalog, const struct minimise_options *options, json_t **result, struct err *err);

#endif
