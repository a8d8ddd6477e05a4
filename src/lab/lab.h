/* LAVA labs: what a lab has, whether it may be used, and what became of jobs there. Facts about LAVA are of its
 * sources, 2023.01 (lava_rest_app, lava_server/api.py). */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "base/err.h"
#include "catalog/catalog.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A lab that can be asked: its token has been read. One thread's. */
struct lab;

/* Asks nothing yet; entry must outlive the lab. ERR_USER for a token that is not there, or that others may read. */
int lab_open(const struct catalog_lab *entry, struct lab **out, struct err *err);
void lab_free(struct lab *lab);
/* Requests so far. */
int64_t lab_requests(const struct lab *lab);

/* Whether the lab may be used, and what it has:
 *	{"lab","url","version","user","clock_offset_s","types":[{"type","boards":[NAME],"available":N,
 *	 "devices":[{"name","health","state","worker","online","tags":[NAME],"available","why"?,
 *	 "left_out"?}]}]}
 * Types and devices are in the order of their names; boards are those of the catalogue that name the type. A device is
 * available when its health is Good, its worker Online, and the lab's entry uses its type and its tags; else "why" says
 * what is amiss. One that the entry does not use has "left_out", true. ERR_USER when the lab is refused: the token is
 * not the user's, or the user is staff or superuser, whom a slip of a program must not serve. ERR_INFRA when it cannot
 * be asked. */
int lab_survey(struct lab *lab, const struct catalog *catalog, json_t **survey, struct err *err);

/* The user's jobs that have not ended, newest first:
 * [{"id","state","description","device"?,"type","submitted","kiln"}], kiln telling whether Kiln submitted it. New
 * reference. */
int lab_jobs(struct lab *lab, json_t **jobs, struct err *err);
/* Cancels a job of the user's; ERR_USER for one of somebody else or one that has ended. */
int lab_cancel(struct lab *lab, int64_t id, struct err *err);

/* Whether a Kiln at this home left a job of this attempt in a lab, as far as is known without asking it. */
bool lab_has_left(const char *home, const char *lab, const char *attempt);

/* The definition of the job that a boot is in a lab, as a YAML document: of a boot's spec, with URLs behind which its
 * artefacts would be. Owned. */
int lab_definition(const struct catalog_lab *entry, const json_t *spec, const char *name, char **yaml, struct err *err);

#endif
