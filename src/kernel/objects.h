/* What a build was linked from: the digests of its object files and of their parts. */
#ifndef KERNEL_OBJECTS_H
#define KERNEL_OBJECTS_H

#include "base/err.h"
#include "base/json.h"
#include "step/step.h"

/* The artefact objects, canonical JSON in the order of the paths:
 *
 *	{"format": 1, "objects": [{
 *		"path": below the output directory, "size", "sha256",
 *		"sections": [[name, kind, size, digest, texts]...],
 *		"symbols": [[name, section's index in sections, size, digest, texts]...]}...]}
 *
 * kind is x (code), w (data that is written), r (read-only data) or - (not loaded).
 *
 * digest is the first 32 digits of a section's SHA-256, the first 16 of a function's or object's; "" without bytes.
 * Relocations of what is loaded count by the names of what they refer to, also in the digest of their symbol. Where
 * that is a text, the text is not in digest but in texts, which is there only then.
 *
 * An ELF file within a section, as a vDSO is, has its sections listed behind it, as ".rodata:.text".
 *
 * A file that is no whole ELF has neither list. All that the kernel is made of is there: of vmlinux, of modules, of the
 * boot wrapper; what runs on the host (scripts/, tools/) is not, nor vmlinux.o, the sum. */
int objects_collect(struct step *step, const char *out, struct err *err);

/* One object of that list, from its bytes. New reference. */
json_t *object_json(const char *path, struct view bytes);

#endif
