/* What a toolchain that lives in a root needs, made where it is not there. */
#ifndef RUN_ROOTED_H
#define RUN_ROOTED_H

#include "catalog/catalog.h"
#include "root/root.h"

struct rooted {
	json_t *root, *from, *layer, *emulator; /* records; NULL where there is none */
	const struct catalog_layer *recipe;     /* of the layer, or NULL */
	const char *prefix;
};

/* where: as of a catalog_toolchain, not of the host. ERR_USER with num ENODATA: the root has no layer. */
int rooted_make(const struct root_options *options, const struct catalog_root *root, const char *where,
		struct rooted *r, struct err *err);
void rooted_free(struct rooted *r);

/* HOME/proofs/<key>.json, of this root, layer and emulator; owned. */
char *proof_path(const char *home, const struct rooted *r);

#endif
