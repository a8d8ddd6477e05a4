/* Kernels configured and built from a read-only source, each make in a sandbox of its own: source at
 * /kiln/src, output at /kiln/out, so that the bytes do not depend on where Kiln keeps things. */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "base/err.h"
#include "base/json.h"
#include "step/step.h"

/* Steps of the kind configure: the target, the fragments on top of it, and what did not survive.
 * record: release, dropped; artefacts config, log. */
int kernel_configure_step(struct step *step, struct err *err);

/* Steps of the kinds build (from clean, out of HOME/sources/<id>/tree) and build-warm (out of any tree, which is only
 * read, with the objects of earlier builds: those of the same config in HOME/warm/, or of any in HOME/<objects>).
 * record: warnings, errors, first_errors, build_id, release, cpu_seconds, seconds, and unreproducible (an
 * array of reasons) where the config asks for random bytes; artefacts image, vmlinux, System.map, objects, config, log,
 * dtb/<file>; with "modules":true in the spec also modules: their number, and an initramfs of lib/modules. A kernel
 * that does not compile is the verdict fail; a compiler that was killed, a full disk and a missing program of the host
 * are ERR_INFRA. */
int kernel_build_step(struct step *step, struct err *err);

/* Steps of the kind proof: that the compiler of "toolchain" (a root with a layer) is the one of "reference" (the same
 * root without it). Both compile "sample" files of the source, drawn from those that every kernel has, with several
 * levels of optimisation; the objects are compared bit by bit, and what both compilers say of themselves. record:
 * "files":
 * [{"file","flags","equal"}], "differences": [{"what","toolchain","reference","allowed"}], cpu_seconds and
 * reference_cpu_seconds. The verdict is fail when an object differs, or something that "allowed" does not name. */
int kernel_proof_step(struct step *step, struct err *err);

/* The programs that make a kernel with this compiler, as the spec's "tools" wants them: a new array of {"name",
 * "digest", "version"}, host compiler and make included. A program that is not there is ERR_USER with the
 * package that brings it (package may be NULL). Versions are remembered in HOME/cache/tool/ by the
 * digests of the programs, so that a second call starts no process. */
int toolchain_identify(const char *home, const char *compiler, const char *prefix, const char *package, json_t **tools,
		       struct err *err);

/* A toolchain that lives in a root. Records as root.h has them; borrowed. */
struct toolchain_home {
	const json_t *root;
	const json_t *layer;    /* over it, or NULL */
	const json_t *emulator; /* of its programs, identified, or NULL */
};
/* What the spec's toolchain has besides its name: {"tools","prefix","root":{"id","digest"}, and where there are
 * "layer":
 * {"id","digest"}, "emulator"}. A compiler that the root does not have is ERR_USER. New reference. */
int toolchain_identify_in(const char *home, const struct toolchain_home *in, const char *compiler, const char *prefix,
			  json_t **facts, struct err *err);

/* The programs of a toolchain into a sandbox: those of its root, with its layer, or the host's system. */
struct sandbox;
void toolchain_world(struct sandbox *sb, const char *home, const json_t *toolchain);

/* The compiler's file name: aarch64-linux-gnu-gcc, clang. Owned. */
char *toolchain_driver(const char *compiler, const char *prefix);

/* The GNU build-id of an ELF file, as owned lower-case hex; NULL when the file has none or is no ELF. */
char *build_id_read(const char *path);

#endif
