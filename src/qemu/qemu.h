/* Boots in QEMU: which QEMU is here, its argument vector, its console and QMP, and what became of it. */
#ifndef QEMU_QEMU_H
#define QEMU_QEMU_H

#include "base/err.h"
#include "catalog/catalog.h"
#include "judge/judge.h"
#include "step/step.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * What an observation of the kind boot needs, as parts of its spec:
 *	"board"     qemu_board_spec
 *	"qemu"      qemu_identify
 *	"patterns"  digest, in the depot, of the canonical text of judge_patterns_json
 *	"accel"     "tcg", or "kvm" where qemu_kvm_state says that it works
 *	"image", "dtb"?, "initrd"?   digests in the depot
 *	"skipped_suites"?  [{"name","reason"}]: for the record's tests
 *	"firmware"? digest: what the machine starts with in place of QEMU's own
 *	"modules"?  digest: a second initramfs, which follows the initrd
 *	"append"?   further words of the kernel's command line
 *	"need_marker"  a pass needs the done marker of Kiln's own init
 *	"limit_ms"?    in place of the board's limits, as it stands: for boots by hand, 0 for none
 *	"console"?     true: the caller's stdin and stdout are the console; a person types
 *	"gdb"?         an existing directory: QEMU waits for a debugger on the socket "gdb" in it
 *
 * The record: what the judge says, "seconds", "accel", "argv", "end", and the artefact "console".
 */
int qemu_boot_step(struct step *step, struct err *err);

/* The byte that leaves a console a person types into: Ctrl-]. */
enum { QEMU_LEAVE_KEY = 0x1d };

/* The spec's "board" for a board of the catalogue under this accelerator; machine (or NULL) takes the place of its own
 * numbers. New reference. */
json_t *qemu_board_spec(const struct catalog_board *board, const struct catalog_machine *machine, const char *accel);

/* The QEMU of this host that is to boot the board: {"program","path","digest","version","firmware"}, and "lacks":
 * {"want","have"} where this version is too old for the board or does not know its machine: it cannot boot it then.
 * ERR_USER, with the package to install, when the program or a firmware file of the board's is missing. What the
 * program says of itself is remembered in HOME/cache/qemu by its digest: it runs once, and later calls start no
 * process. */
int qemu_identify(const char *home, const struct catalog_arch *arch, const struct catalog_board *board, json_t **qemu,
		  struct err *err);

/* Whether KVM may be used for a board whose arch is the host's (arch_is_native). */
enum qemu_kvm {
	QEMU_KVM_ABSENT,  /* /dev/kvm is not there or not ours to open */
	QEMU_KVM_UNKNOWN, /* nobody has booted with it here: boot once with TCG, then the same with KVM */
	QEMU_KVM_WORKS,
	QEMU_KVM_BROKEN, /* it opens and guests do not run, as in some nested hosts */
};

/* The proof is for this kernel release, CPU model and QEMU (qemu: what qemu_identify gave), kept in HOME/cache. */
enum qemu_kvm qemu_kvm_state(const char *home, const json_t *qemu);
/* The accelerator of a boot: "tcg" or "kvm". asked: as of struct catalog_machine, or NULL for auto, which is kvm
 * where that was seen to work. ERR_USER when kvm is asked for and cannot be: a kernel is not to be blamed for that. */
int qemu_accel(const char *home, const struct catalog_arch *arch, const struct catalog_board *board, const json_t *qemu,
	       const char *asked, const char **accel, struct err *err);
/* Records what a boot with "accel":"kvm" showed of an image that TCG has just booted: works is whether it passed. */
int qemu_kvm_record(const char *home, const json_t *qemu, bool works, struct err *err);

#endif
