#ifndef MINIMISE_PRIVATE_H
#define MINIMISE_PRIVATE_H

#include "base/hash.h"
#include "base/mem.h"
#include "depot/depot.h"
#include "kconfig/kconfig.h"
#include "minimise/minimise.h"
#include "minimise/search.h"

/* What failed, and all that it was made of. */
struct target {
	const char *build, *boot; /* names of its cell; boot NULL: the build itself failed */
	const char *board;        /* of the catalogue */
	struct catalog_machine machine;
	const char *arch, *toolchain, *source_id, *source;
	const char *config;    /* digest of its .config */
	const char *signature; /* that a trial must have to be the same */
	struct names options;  /* of its build */
};

/* What came of a .config. */
enum outcome { OUTCOME_WORKS, OUTCOME_SAME, OUTCOME_OTHER, OUTCOME_SKIPPED };

struct session {
	const struct catalog *catalog;
	const struct minimise_options *options;
	struct target target;
	struct depot *depot;
	struct arena arena;
	char *place, *dir; /* minimise/<key>, and HOME before it; NULL until the key is known */
	char *tree;        /* of the source, absolute */
	bool clean;        /* objects of earlier trials have misled it: each is built from clean */
	json_t *trials;    /* digest of a final .config -> {"outcome","reason"} */
	json_t *configs;   /* digest of a .config as asked for -> digest of the final one */
	size_t builds;     /* made so far, earlier calls included */
	struct buf good;   /* text of the good .config, which trials put their options behind */
	char good_digest[HASH_HEX];
	const struct kconfig_option *differing;
	size_t n;
};

/* target.c */
int target_find(struct session *s, struct err *err);

/* trial.c */
/* The trials of an earlier call. */
int trials_load(struct session *s, struct err *err);
/* Configures; the digest of the final .config. */
int trial_configure(struct session *s, const struct plan_file_config *file, const char *config,
		    char final[static HASH_HEX], struct err *err);
/* The same for the good config with these options over it; final "" when it cannot be configured. */
int trial_configure_set(struct session *s, const bool *set, char final[static HASH_HEX], struct err *err);
/* None of them counts any more, but for their builds; from now on each is built from clean. */
int trials_forget(struct session *s, struct err *err);
/* Builds and boots a final .config, out of the objects of earlier trials. again: from clean, and booted anew, whatever
 * is known of it. */
int trial_run(struct session *s, const char *final, bool again, enum outcome *outcome, const char **reason,
	      struct err *err);
void session_say(struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
