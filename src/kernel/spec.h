/* The parts of a spec that configure and build share. Strings are borrowed from the spec. */
#ifndef KERNEL_SPEC_H
#define KERNEL_SPEC_H

#include "base/err.h"
#include "step/step.h"

struct spec_arch {
	const char *kernel;  /* ARCH= */
	const char *srcarch; /* its directory under arch/ */
};

/* Wrong or missing fields are ERR_USER. Words that become paths are held to a harmless alphabet. */
int spec_arch(const json_t *spec, struct spec_arch *out, struct err *err);
/* HOME/sources/<id>/tree, owned; ERR_INFRA when it is not there. */
int spec_source(const struct step *step, char **srcdir, struct err *err);
/* A 64-digit digest. */
int spec_digest(const json_t *j, const char *key, const char **out, struct err *err);
/* Letters, digits and -_.+ only, and no dot in front: safe as one component of a path and as a make target. */
int spec_word(const char *what, const char *word, struct err *err);

#endif
