/* Builds and boots by the names that people give them. */
#ifndef CMD_BUILD_H
#define CMD_BUILD_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

/* The record of a build, or of a boot where name is BUILD@BOARD: a new reference. BUILD is SOURCE/ARCH/CONFIG/TOOLCHAIN
 * or its end; the newest run that has it is taken, or with RUN: in front of it the one whose id starts so. *name, when
 * not NULL, gets the whole name of the build, owned. ERR_USER says where names come from. */
int build_find(const char *home, const char *wanted, json_t **record, char **name, struct err *err);

/* Appends an artefact of such a record, verified. */
int build_artefact(const char *home, const char *digest, struct buf *out, struct err *err);

#endif
