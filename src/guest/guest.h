/* What a guest starts with: Kiln's own first process and test programs, compiled for its architecture,
 * and the initramfs that holds them.
 *
 * The console of a guest that runs them (a line begins with what is shown; kernel messages stand between):
 *
 *	KILN-GUEST-START machine=aarch64 release=6.1.192 cpus=2 bits=64 endian=little
 *	# not mounted: sysfs (not in this kernel)        only where something is missing
 *	KTAP version 1                                   only where there are suites
 *	1..1
 *	  KTAP version 1                                 a suite's own lines, indented by two blanks;
 *	  1..14                                          "# " where it does not speak KTAP
 *	  ok 1 release
 *	ok 1 boot                                        or: not ok 1 boot # exit status 1
 *	KILN-GUEST-DONE status=0                         1 when a suite did not pass
 *
 * Exit status of a suite: 0 ok, 4 skipped, else not ok. It stands in /suite and is run in the order of names.
 * Words of the kernel's command line for guest-init: KILN_LIMIT=60 (seconds for each suite) and
 * KILN_END=poweroff|reboot|stay (how the machine ends; poweroff tries reboot when it is still there after 5 s,
 * which needs a machine that goes on running: say reboot where power off halts it for ever). */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "depot/depot.h"
#include "step/step.h"

#include <stddef.h>
#include <sys/types.h>

/* The sources of guest-init and its suites (all .c and .h below dir) as one archive. The same content gives the
 * same digest wherever dir stands. */
int guest_sources_digest(const char *dir, char digest[static HASH_HEX], struct err *err);
/* As above, and puts the archive into the depot: its digest is the "sources" of an init step. */
int guest_sources_put(struct depot *depot, const char *dir, char digest[static HASH_HEX], struct err *err);

/* Steps of the kind init: compiles guest-init and the suites and writes the initramfs.
 * record: artefacts initrd, init, log, and firmware/NAME for each of the spec's. Sources that do not compile are
 * ERR_INFRA with the compiler's first error: it is Kiln that is broken then, or the compiler, and no kernel. */
int guest_init_step(struct step *step, struct err *err);

#endif
