/* Native tools for a root, made from its recipe and the records of both roots, or found made:
 *
 *	HOME/layers/<id>/native/     what is at LAYER_PREFIX (/kiln/native) in the root: programs that find all their
 *	                             parts there
 *	HOME/layers/<id>/links/      laid over the root: symlinks under the names of its own programs
 *	HOME/layers/<id>/layer.json  {"id","digest","name","root","from","programs","names"}
 */
#ifndef LAYER_LAYER_H
#define LAYER_LAYER_H

#include "base/err.h"
#include "base/json.h"
#include "catalog/catalog.h"

/* *record is a new reference. ERR_USER: a program or library is missing in the native root. */
int layer_make(const char *home, const struct catalog *c, const struct catalog_layer *recipe, const json_t *from,
	       const json_t *root, json_t **record, struct err *err);

#endif
