/* The catalogue: what the world looks like, as data. Loaded whole, checked whole, then const. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "base/err.h"
#include "base/str.h"
#include "judge/judge.h"
#include "kconfig/kconfig.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Lists are { data, n }; all strings live as long as the catalogue. Absent strings are NULL. */
struct names {
	const char *const *data;
	size_t n;
};

struct requirements {
	const struct requirement *const *data;
	size_t n;
};

/* Where an entry was written; for `kiln catalog show` and messages. */
struct origin {
	const char *file;
	int line;
};

struct catalog_compiler {
	const char *toolchain; /* name of a toolchain */
	const char *prefix;    /* CROSS_COMPILE: "aarch64-linux-gnu-"; "" for the host's own */
	const char *package;   /* Debian's package that brings it */
	const char *target;    /* clang's --target, or NULL */
};

struct catalog_arch {
	const char *name; /* mips64el */
	struct origin origin;
	const char *kernel;  /* ARCH=: mips */
	const char *srcarch; /* its directory under arch/ */
	int bits;
	bool big_endian;
	struct names machines;     /* `uname -m` of hosts that run it natively */
	const char *image_target;  /* make target: Image */
	const char *image_path;    /* below the output directory: arch/arm64/boot/Image */
	bool dtbs;                 /* the tree makes dtbs for it */
	const char *qemu;          /* qemu-system-<this> */
	const char *qemu_user;     /* qemu-<this>, for programs; NULL: as qemu */
	const char *qemu_user_cpu; /* the CPU that it plays, as QEMU_CPU has it; NULL: its own choice */
	int elf_machine;           /* e_machine of its programs, 0: not known (elf.h, EM_*) */
	const char *root;          /* the root that --toolchain root takes where none is named, or NULL */
	const char *qemu_package;
	const char *debian;
	const char *gentoo;
	const char *go;           /* GOARCH; "": Go does not know it */
	struct names init_cflags; /* for guest-init */
	const struct catalog_compiler *compilers;
	size_t n_compilers;
	const char *skip; /* why nothing of it can boot, or NULL; it is built all the same where there is a compiler */
};

/* Where a compiler runs. cross: it is the host's. root: it is the root's own, emulated where that is foreign.
 * root-fast: the same root, with the native tools of a layer over it. root-cross: the cross compiler of the root that
 * the layer comes from, in that root. */
struct catalog_toolchain {
	const char *name;
	struct origin origin;
	const char *compiler; /* gcc or clang */
	const char *where;    /* cross, root, root-fast, root-cross: see above */
	struct names make;    /* extra make arguments: LLVM=1 */
};

struct catalog_fragment {
	const char *name;
	struct origin origin;
	const char *text; /* of catalog/fragment/NAME.config */
};

/* What an architecture adds to a config, or how it makes it. Of several that fit an arch and a kernel each adds its
 * fragments, and the first that has a target gives it. */
struct catalog_config_arch {
	const char *arch;
	const char *target;     /* overrides the config's */
	struct names fragments; /* after the config's own */
	struct kversion_range kernel;
};

struct catalog_config {
	const char *name;
	struct origin origin;
	const char *target; /* allnoconfig, defconfig, multi_v7_defconfig, ...; NULL when only archs have one */
	struct names fragments;
	struct kversion_range kernel;
	const struct catalog_config_arch *archs; /* when there are any, no other arch has this config */
	size_t n_archs;
};

/* How a guest ends, see the board files. */
struct catalog_ends {
	bool poweroff; /* power off ends QEMU */
	bool reboot;   /* reboot with -no-reboot ends QEMU */
};

/* How a board is reached in LAVA labs. */
struct catalog_lava {
	const char *type;     /* its device type there; NULL: no lab knows the board */
	struct names tags;    /* that a device must have */
	struct names context; /* KEY=VALUE of the job's context */
	const char *method;   /* of its boot: qemu, u-boot, grub, ipxe, depthcharge, fastboot */
	const char *command;  /* u-boot: booti, bootz, bootm */
	const char *min;      /* "2021.02" or NULL: oldest LAVA that can run it */
	const char *skip;     /* why no lab can, or NULL */
};

/* Firmware of Kiln's own, for machines that nobody packages one for. */
struct catalog_firmware {
	const char *name;
	struct origin origin;
	const char *description;
	const char *program; /* source below guest-init/firmware/, without .c */
	struct names cflags;
};

/* What a boot is given in place of the board's own: 0 and NULL leave that. */
struct catalog_machine {
	int64_t cpus, memory_mb;
	const char *cpu;   /* QEMU's CPU model */
	const char *accel; /* tcg, kvm or auto */
};

struct catalog_board {
	const char *name;
	struct origin origin;
	const char *arch;
	const char *description;
	const char *qemu_machine; /* NULL: a real board, which only labs have */
	const char *qemu_cpu;     /* or NULL */
	const char *kvm_cpu;      /* in its place under KVM, or NULL */
	bool tcg_only;            /* its machine runs on no host's own CPU */
	const char *qemu_min;     /* "5.2" or NULL: oldest QEMU that has it */
	int64_t memory_mb;
	int64_t cpus;
	int64_t memory_max_mb, cpus_max; /* as many as its machine takes; 0: not known */
	struct names qemu_args;          /* further arguments */
	struct names firmware; /* files QEMU must find among its own: "opensbi-riscv64-generic-fw_dynamic.bin" */
	const char *firmware_package;
	const char *guest_firmware; /* a catalog_firmware that it starts with, or NULL */
	const char *console;        /* ttyS0,115200 */
	const char *append;         /* further words of the command line, or NULL */
	const char *image;          /* artefact that is booted: "image" or "vmlinux" */
	const char *dtb;            /* file among the build's dtbs that it needs, or NULL */
	struct catalog_ends ends;
	struct catalog_lava lava;
	bool untested;      /* nobody has booted it through Kiln yet */
	const char *runner; /* which --runner auto takes first: local or lava; NULL: local */
	int64_t limit_ms;   /* of a whole boot under TCG */
	int64_t silence_ms; /* of no output under TCG */
	int64_t console_mb; /* of output, more is a flood */
	struct requirements require, prefer;
	struct requirements require_smp; /* of a boot with more than one CPU, besides SMP and NR_CPUS */
	struct kversion_range kernel;
	const char *skip; /* why it cannot boot here, or NULL */
};

struct catalog_rootfs {
	const char *name;
	struct origin origin;
	const char *transport; /* initrd */
	const char *kind;      /* init: Kiln's own guest-init */
	struct requirements require;
};

struct catalog_suite {
	const char *name;
	struct origin origin;
	const char *description;
	const char *program; /* source of the test below guest-init/suite/, without .c */
	bool modules;        /* it is about the build's modules, which it finds in /lib/modules */
	struct requirements require;
};

struct catalog_row {
	struct names archs, configs, toolchains, boards; /* no boards: each of the arch that matches */
	const char *rootfs;
	struct names suites;
	struct names options; /* of the build: W=1 */
	/* Of configs made at random: each of these seeds, or count of them from seed on. */
	struct names seeds;
	int64_t seed, count;
	const char *probability; /* KCONFIG_PROBABILITY, or NULL: Kconfig's own */
	struct catalog_machine machine;
	bool modules; /* the build's modules reach the guest, and suites about modules are run */
};

struct catalog_matrix {
	const char *name;
	struct origin origin;
	const char *description;
	const struct catalog_row *rows;
	size_t n_rows;
};

struct catalog_command {
	struct names run; /* an argument vector */
};

/* A root file system in which builds run, as a recipe. */
struct catalog_root {
	const char *name;
	struct origin origin;
	const char *description;
	const char *arch; /* whose programs are in it; NULL: of the host's own */
	const char *base; /* debian, or stage3 */
	/* debian: what mmdebstrap takes */
	const char *suite;
	struct names packages;
	/* stage3 */
	const char *gentoo;       /* folder of the mirror's releases/: arm64 */
	const char *variant;      /* latest-stage3-<this>.txt: arm64-openrc */
	const char *keyring;      /* of whoever signs what it is made of: a file, or its name where keyrings are; of
				   * Debian's packages NULL: the host's apt's */
	const char *keyring_from; /* where that is published, for messages */
	/* both */
	const char *mirror;                    /* URL; NULL: of debian, what the host's apt is set to */
	const struct catalog_command *prepare; /* run in the new root, as its root, with the network */
	size_t n_prepare;
	struct names cache;     /* directories in it that are kept for the next preparation */
	const char *prefix;     /* of the compiler inside: aarch64-linux-gnu- */
	struct names compilers; /* inside: gcc, clang */
	struct names cross;     /* archs that these compile for, in a root of the host's own programs */
	const char *skip;       /* why it cannot be made, or NULL */
	bool unproved;          /* never made from its real mirror */
};

/* Native tools over a root: what makes its builds fast. */
struct catalog_layer {
	const char *name;
	struct origin origin;
	const char *root;    /* that it is laid over */
	const char *from;    /* the root of the host's architecture that its programs come from */
	const char *prefix;  /* of its cross compiler: what has it in its name stands in for the root's program of the
			      * same name, with and without it */
	struct names tools;  /* programs that stand in under their own names */
	struct names host;   /* programs that are for the build's own programs: gcc, as, ld */
	struct names data;   /* what its programs read, as globs; kept below a prefix of its own */
	struct names places; /* globs of what must be where the programs look for it, too */
	struct names differ; /* what may differ between both compilers: version, configuration, options */
};

/* A LAVA lab, of the user's own catalogue. */
struct catalog_lab {
	const char *name;
	struct origin origin;
	const char *description;
	const char *url;
	const char *user;
	const char *token_file;          /* that only its owner may read, or */
	const char *token_env;           /* the name of a variable; one of the two is there */
	const char *ca;                  /* file of certificates to trust besides the system's, or NULL */
	const char *listen;              /* ADDRESS:PORT that Kiln's own server of artefacts listens on, or */
	const char *store;               /* REMOTE:PATH that rclone uploads to; one of the two is there */
	const char *fetch;               /* URL under which the lab reads them; NULL: http://LISTEN/ */
	int64_t jobs;                    /* at once */
	int64_t minutes;                 /* of devices a day, 0: any */
	int64_t poll_ms;                 /* the least time between two questions about a job */
	int64_t patience_ms;             /* how long boots wait for a lab that does not answer */
	struct names types, avoid_types; /* globs of device types; none: all */
	struct names tags, avoid_tags;   /* of devices */
	const char *zone;                /* a word for people: where it stands */
};

/* A failure that is known: a cell that fails so is known, not fail, until the entry expires. */
struct catalog_known {
	const char *name;
	struct origin origin;
	const char *signature; /* the whole of it, or NULL */
	const char *regex;     /* POSIX extended, of the whole of it, or NULL; one of the two is there */
	struct names builds;   /* globs of ARCH/CONFIG/TOOLCHAIN */
	struct names boards;   /* globs; none: it is the build itself that fails */
	struct kversion_range kernel;
	const char *reason;
	const char *link;
	const char *expires; /* 2027-05-31: the last day on which it counts */
};

#define CATALOG_KINDS(X) \
	X(arch)          \
	X(toolchain)     \
	X(fragment) X(config) X(firmware) X(board) X(rootfs) X(suite) X(matrix) X(known) X(root) X(layer) X(lab)

struct catalog {
#define X(kind)                               \
	const struct catalog_##kind *kind##s; \
	size_t n_##kind##s;
	CATALOG_KINDS(X)
#undef X
	const struct judge_pattern *patterns; /* in the order of the files' names, then as written */
	const struct origin *pattern_origins;
	size_t n_patterns;
};

/* Loads catalog/<kind>/<name>.yaml from each directory, earlier directories first: what one defines hides
 * the same name in later ones. All faults of all files are collected as lines "file:line:column: what, and
 * what is allowed" in *faults (may be appended to even on success: none is). ERR_USER when there is any fault. */
int catalog_load(const char *const *dirs, size_t n, const struct catalog **out, struct buf *faults, struct err *err);
void catalog_free(const struct catalog *c);

/* By name; NULL when there is none. */
#define X(kind) const struct catalog_##kind *catalog_##kind(const struct catalog *c, const char *name);
CATALOG_KINDS(X)
#undef X

/* Names of the kinds, patterns among them; ends with NULL. */
const char *const *catalog_kinds(void);
/* Whether the list has this name. */
bool names_have(const struct names *names, const char *name);
/* Whether a filter of names lets one pass: an empty one lets all. */
bool names_select(const struct names *filter, const char *name);
/* Whether one of a list of globs fits it; flags as of fnmatch. */
bool names_fit(const struct names *globs, const char *name, int flags);
/* A list as a JSON array of strings. New reference. */
json_t *names_json(const struct names *names);
/* [{"kind","name","file","line"}] of the entries of a kind, NULL for no kind: new reference. */
json_t *catalog_list_json(const struct catalog *c, const char *kind);
/* As in the list, with every key the entry has, what it inherits and defaults to included, in the
 * catalogue's own terms; NULL when there is none: new reference. */
json_t *catalog_entry_json(const struct catalog *c, const char *kind, const char *name);

/* Whether it is made at random, from a seed. */
bool config_is_random(const struct catalog_config *config);

/* The compiler entry of an arch for a toolchain, or NULL. */
const struct catalog_compiler *arch_compiler(const struct catalog_arch *arch, const char *toolchain);
/* Whether this host runs the arch natively (uname -m is among its machines). */
bool arch_is_native(const struct catalog_arch *arch);

#endif
