/* What to do next: request x catalogue x facts x records so far -> steps. Pure: no I/O, so that it is tested
 * as text. What looks dynamic (boards found by the final .config, re-tries) is the same function called again
 * with more records. Each cell is planned on its own, so the work is linear in the cells. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/verdict.h"
#include "catalog/catalog.h"
#include "plan/match.h"

/* A .config of the user's, as the config of a build. */
struct plan_file_config {
	const char *name;   /* as in the build's path */
	const char *digest; /* in the depot */
};

/* Seeds of configs made at random. */
struct plan_seeds {
	const int64_t *data;
	size_t n;
};

/* What a person asked for. Empty lists are no filter. Borrowed. */
struct plan_request {
	const char *matrix; /* NULL: smoke, or one row of the lists below when any is given */
	struct names archs, configs, toolchains, boards;
	struct names runners;                 /* local, lava, lava:LAB, auto; none: local */
	struct names roots;                   /* of toolchains that live in one; none: the arch's own */
	const struct plan_file_config *files; /* those of configs that are files */
	size_t n_files;
	struct names options;    /* of each build, W=1 */
	struct plan_seeds seeds; /* in place of those of the matrix */
	const char *probability; /* likewise, or NULL */
	bool builds_only;        /* no boards */
	const char *warm;        /* a work tree to build in place of a source, or NULL */
	const char *objects;     /* with warm: below the home, where builds of any config share theirs, or NULL */
	struct catalog_machine machine; /* of each boot, in place of the row's */
	bool modules;                   /* as of a row */
};

/* Where a build may boot. */
struct plan_place {
	const struct catalog_board *board;
	const struct catalog_lab *lab; /* that has it; NULL: QEMU on this host */
	bool once;                     /* only where no earlier place of the same board that says so, too, boots it */
};

/* One build and the boards it may boot on. */
struct plan_cell {
	const struct catalog_arch *arch;
	const struct catalog_config *config; /* NULL for a file */
	const struct plan_file_config *file; /* NULL for a catalogue config */
	bool random;                         /* made from the seed */
	int64_t seed;
	const char *probability; /* of a random one, or NULL */
	const struct catalog_toolchain *toolchain;
	const struct catalog_root *root;                /* that the toolchain lives in, or NULL */
	const struct catalog_toolchain *init_toolchain; /* of the host, that compiles guest-init */
	const struct catalog_row *row;
	const struct catalog_rootfs *rootfs;
	struct catalog_machine machine; /* of its boots */
	struct names suites;            /* the row's, and with modules those about them */
	bool modules;                   /* of the build reach the guest */
	const struct plan_place *places;
	size_t n_places;
	const char *only; /* "old_defconfig is of kernels ..5.12": of a config that not every kernel has */
};

struct plan {
	const struct catalog *catalog;
	struct plan_cell *cells;
	size_t n;
	struct names options;
	const char *warm, *objects;
	struct catalog_row *own_row; /* of a request without a matrix */
	struct arena arena;
};

/* ERR_USER names what does not exist and what does. The catalogue and the request's strings must outlive the plan. */
int plan_expand(const struct catalog *catalog, const struct plan_request *request, struct plan **out, struct err *err);
void plan_free(struct plan *plan);

/* What the world is like, found out before. Borrowed JSON, so that a test can write it down. */
struct plan_facts {
	const json_t *source;     /* {"id","digest","release",...} */
	const json_t *toolchains; /* "ARCH/TOOLCHAIN" -> array of tools, or a string: why there are none; of one in a
				   * root "ARCH/TOOLCHAIN+ROOT" -> {"tools","prefix","root",...}, see kernel/kernel.h,
				   * or {"unproved": why another is taken in its place} */
	const json_t *machines;   /* BOARD -> as qemu_identify gives it, or a string: why it cannot run */
	const json_t *accels;     /* BOARD -> "kvm"; absent: tcg */
	const json_t *labs;       /* LAB -> as lab_survey gives it, or a string: why it cannot be used */
	const json_t *lost; /* key of a boot's spec -> its attempt, which was begun and has not ended; NULL: none */
	const char *init_sources; /* digest of guest-init's sources */
	const char *patterns;     /* digest of the patterns */
	const char *today;        /* 2026-11-28, for what expires; NULL: nothing has */
};

/* The emulated toolchain that one with native tools over the root stands in for; NULL where there is none. */
const struct catalog_toolchain *plan_reference(const struct catalog *catalog, const struct catalog_toolchain *fast);
/* Adds the same build by plan_reference behind each cell whose toolchain is unproved by the facts; that cell is a skip.
 * Returns how many builds are new: their toolchains' facts are still to be found. */
size_t plan_fall_back(struct plan *plan, const struct plan_facts *facts);

/* What a selection leaves open: the first row of the default matrix, or NULL. */
const struct catalog_row *plan_default_row(const struct catalog *catalog);

/* The build's identity: SOURCE/ARCH/CONFIG/TOOLCHAIN. Owned. */
char *plan_build_name(const struct plan *plan, size_t cell, const struct plan_facts *facts);

/* The toolchain's part of it: gcc, or root-fast+ROOT. Owned. */
char *plan_toolchain_name(const struct plan_cell *cell);

/* The board of a place as reports name it: with what the boot is given in place of the board's own,
 * "arm64-virt,cpus=4", and the lab that it is in, "arm64-virt,lab=NAME". Owned. */
char *plan_board_name(const struct plan_cell *cell, size_t place);
/* Where a boot on it happens: local, or lava:LAB. Owned. */
char *plan_runner_name(const struct plan_cell *cell, size_t place);

/* What is known of a cell; new references are the caller's. Zeroed at the start. */
struct plan_state {
	const json_t *configure, *init, *build; /* records, or NULL */
	const struct kconfig *config;           /* the final .config, when configure passed */
	const json_t **boots;                   /* for each place of the cell: an array of records, or NULL */
};

enum plan_kind { PLAN_CONFIGURE, PLAN_INIT, PLAN_BUILD, PLAN_BOOT };

struct plan_step {
	enum plan_kind kind;
	size_t place; /* index in the cell's places, for PLAN_BOOT */
};
typedef VEC(struct plan_step) plan_step_vec;

/* Appends the steps that the cell needs next, whose records are not in state. None: the cell is finished, or
 * waits for what was asked before. */
void plan_next(const struct plan *plan, size_t cell, const struct plan_facts *facts, const struct plan_state *state,
	       plan_step_vec *steps);

/* The canonical spec of a step. New reference. */
json_t *plan_spec(const struct plan *plan, size_t cell, const struct plan_facts *facts, const struct plan_state *state,
		  const struct plan_step *step);

/* The spec of a boot on one of the cell's boards, which is in a lab, without its artefacts: of the cell its arch,
 * boards, labs and machine count. See lab/job.h and lab/boot.h. New reference. */
json_t *plan_lab_spec(const struct plan_cell *cell, size_t board);

/* What can be said of a cell's build or of one of its boards by now. reason lives in the arena, or is NULL. */
struct plan_verdict {
	bool known;
	enum verdict verdict;
	const char *reason;
	const char *attempt; /* that it rests on, or NULL */
};
struct plan_verdict plan_build_verdict(const struct plan *plan, size_t cell, const struct plan_facts *facts,
				       const struct plan_state *state, struct arena *a);
struct plan_verdict plan_board_verdict(const struct plan *plan, size_t cell, size_t board,
				       const struct plan_facts *facts, const struct plan_state *state, struct arena *a);

/* What one record of a step of the cell says: its verdict, or known where the catalogue knows the failure. */
struct plan_verdict plan_record_verdict(const struct plan *plan, size_t cell, const struct plan_step *step,
					const struct plan_facts *facts, const struct plan_state *state,
					const json_t *record, struct arena *a);

/* The verdict that several attempts at one boot give together: they agree, or it is flaky; infra only when there is
 * nothing else. records: array. *attempt (may be NULL) is the index of the one that stands for it. */
enum verdict plan_combine(const json_t *records, size_t *attempt);

/* Appends what a failed record is recognised by: its signature, or for a build its reason without what varies. */
void plan_signature(const json_t *record, struct buf *out);

#endif
