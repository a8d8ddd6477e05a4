/* A kernel's .config, the requirements held against it, and why a requested option did not survive.
 * The file format is that of Documentation/kbuild/kconfig.rst and scripts/kconfig/confdata.c. */
#ifndef KCONFIG_KCONFIG_H
#define KCONFIG_KCONFIG_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>

enum kconfig_type {
	KCONFIG_YES,    /* =y */
	KCONFIG_MODULE, /* =m */
	KCONFIG_STRING, /* ="...", unescaped */
	KCONFIG_NUMBER, /* =12 or =0x1f; also negative */
	KCONFIG_EMPTY,  /* "CONFIG_X=" of a randconfig: a number without a value */
};

struct kconfig_value {
	enum kconfig_type type;
	struct view text; /* as in the file, without quotes and escapes for strings */
};

/* Seeds of a randconfig: conf takes 32 bits of what it is given (scripts/kconfig/conf.c). */
#define SEED_MAX 0x7fffffffLL
#define SEED_COUNT_MAX 10000
/* A whole number of at most SEED_MAX. -1, and *out untouched, for anything else. */
int seed_parse(struct view text, int64_t *out);
/* "N", "N:M" or "N:M:L" as KCONFIG_PROBABILITY takes it, in percent. ERR_USER says what is allowed. */
int probability_check(const char *text, struct err *err);

struct kconfig; /* a parsed .config; "is not set" and absent are the same */

/* text is copied. A line that no kernel writes is ERR_USER with its number; CRLF and a missing
 * last newline are fine. */
int kconfig_parse(struct view text, struct kconfig **out, struct err *err);
int kconfig_read(int dir, const char *path, struct kconfig **out, struct err *err);
void kconfig_free(struct kconfig *config);
/* symbol without CONFIG_. NULL when absent or "is not set". Borrowed from config. */
const struct kconfig_value *kconfig_get(const struct kconfig *config, struct view symbol);

/* The kernel's version: 6.1.192 -> { 6, 1, 192 }; what follows ("-rc1") is ignored. */
struct kversion {
	int major, minor, patch;
};
int kversion_parse(struct view text, struct kversion *out);
/* The release that a kernel's top Makefile names, as it puts KERNELVERSION together: 6.1.99-rc1, owned; an empty
 * SUBLEVEL leaves its dot out. NULL without VERSION and PATCHLEVEL: it is no kernel's. */
char *kversion_of_makefile(struct view text);
int kversion_cmp(struct kversion a, struct kversion b); /* <0, 0, >0 */
/* What the file's head says made it, "# Linux/arm64 6.1.192 Kernel Configuration": ARCH as make was given
 * it (x86 or x86_64) and the version. -1, and nothing touched, when it does not say. Borrowed from config. */
int kconfig_origin(const struct kconfig *config, struct view *arch, struct kversion *kernel);

/* "5.10..6.6", "..5.18", "6.1..": both ends included; a missing patch level of the upper end means
 * any, and "6.1" alone is all of 6.1. Empty text is any version, and so is a zero-initialised range. */
struct kversion_range {
	struct kversion from, to;
};
int kversion_range_parse(struct view text, struct kversion_range *out, struct err *err);
/* Whether the range holds all versions. */
bool kversion_range_any(const struct kversion_range *range);
bool kversion_in(struct kversion v, const struct kversion_range *range);
/* "5.10..6.6", "6.1.." */
void kversion_range_print(const struct kversion_range *range, struct buf *out);

/*
 * A requirement, as written in the catalogue:
 *	SYMBOL=y  SYMBOL=m  SYMBOL=y|m  !SYMBOL (not set)  SYMBOL (y or m)
 *	NR_CPUS>=4  SYMBOL<=N  SYMBOL<N  SYMBOL>N  SYMBOL=N  SYMBOL!=N  (decimal or 0x)
 *	CMDLINE=""  CMDLINE="text"
 *	A=y || B=y                  any of several
 *	A=y @ 5.10..6.6             only for kernels of that range; each alternative has its own
 * Names are whole and anchored. A symbol that is not set has no number, so that only != holds for it;
 * =""  also holds for it, since an option that is hidden has no text. A requirement none of whose alternatives applies
 *to the kernel's version is met.
 */
struct requirement;

enum requirement_kind { REQUIRE, PREFER, REQUIRE_ROOTFS, REQUIRE_SUITE };
const char *requirement_kind_text(enum requirement_kind kind); /* require, prefer, rootfs, suite */

/* In the arena (text and hint are copied). hint may be NULL: a word to the user about how to get it ("set it with the
 * fragment sunxi"). ERR_USER says what is allowed, and column is where (1-based, 0 unknown). */
int requirement_parse(struct arena *a, struct view text, enum requirement_kind kind, const char *hint,
		      struct requirement **out, int *column, struct err *err);
/* As written. */
const char *requirement_text(const struct requirement *r);

/* Why a requirement is not met. Strings in the arena of the match or of the requirement. */
struct reason {
	const char *symbol; /* of the first alternative that applies; "ARCH": the config is another arch's */
	const char *want;   /* "y", ">=4", "y (or B=y)" */
	const char *have;   /* "not set", "m", "2" */
	enum requirement_kind kind;
	const char *hint; /* or NULL */
};

typedef VEC(struct reason) reason_vec;

bool requirement_met(const struct requirement *r, const struct kconfig *config, struct kversion kernel);
/* Appends a reason for each requirement that is not met; returns how many. */
size_t requirements_match(const struct requirement *const *reqs, size_t n, const struct kconfig *config,
			  struct kversion kernel, struct arena *a, reason_vec *reasons);
/* One line for people: "MACH_SUN4I is not set, y is required; set it with the fragment sunxi". */
void reason_print(const struct reason *reason, struct buf *out);
/* All reasons but those of kind PREFER in one line; those that differ only by their symbol are put together. */
void reasons_print(const reason_vec *reasons, struct buf *out);
/* {"symbol","want","have","kind","hint"}: new reference. */
json_t *reason_json(const struct reason *reason);

/*
 * The requested options (text of fragments) that the final config does not hold, each with the
 * cause found in the tree's Kconfig files:
 *	SERIAL_AMBA_PL011_CONSOLE=y: depends on SERIAL_AMBA_PL011=y, which is not set
 *	NO_SUCH_THING=y: no Kconfig file of this source knows it for arm64
 *	X=y: has no prompt; only A and B can select it
 * Returns a new JSON array of {"symbol","want","have","why"}. srcdir is a kernel tree, srcarch its
 * directory under arch/ (x86, arm64). A Kconfig file that cannot be read costs its reasons, not the call.
 */
int kconfig_dropped(struct view requested, const struct kconfig *final, const char *srcdir, const char *srcarch,
		    json_t **out, struct err *err);

/* An option that differs between two configs and that a person could set. */
struct kconfig_option {
	const char *symbol;
	const char *line; /* as the second config has it: CONFIG_X=y, or # CONFIG_X is not set */
	/* Those before it in the list without which it may not stand: what its conditions name, and what selects it.
	 * More than needed where a condition has alternatives. */
	const size_t *needs;
	size_t n_needs;
};

/* The options by which to differs from from, each behind those it needs. What has no prompt follows from others and is
 * left out. In the arena. */
void kconfig_difference(const struct kconfig *from, const struct kconfig *to, const char *srcdir, const char *srcarch,
			struct arena *a, const struct kconfig_option **options, size_t *n);

#endif
