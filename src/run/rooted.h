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

/* ERR_USER, with the roots of the same architecture that have it: the recipe does not say that this compiler is inside.
 */
int rooted_compiler(const struct catalog *c, const struct catalog_root *root, const char *compiler, struct err *err);

/* The toolchain of the catalogue that stands for a compiler in such a place, or NULL. */
const struct catalog_toolchain *rooted_toolchain(const struct catalog *c, const char *where, const char *compiler);

/* HOME/proofs/<key>.json, of this root, layer, emulator and compiler; owned. */
char *proof_path(const char *home, const struct rooted *r, const char *compiler);
/* ERR_USER with num ENODATA: it is not proved that the layer's compiler is the root's own. */
int proof_check(const char *home, const struct rooted *r, const struct catalog_root *root, const char *compiler,
		struct err *err);

#endif
