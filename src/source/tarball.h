/* The two halves of a tarball's import, for what brings one along. */
#ifndef SOURCE_TARBALL_H
#define SOURCE_TARBALL_H

#include "source/internal.h"

/* Puts digest and id into facts. */
int tarball_identify(struct import *im, const char *path, json_t *facts, struct err *err);
/* Unpacks and publishes unless somebody else has just done so. */
int tarball_unpack(struct import *im, const char *path, json_t *facts, json_t **record, struct err *err);

#endif
