/* A console log, from anywhere, to a verdict: markers, KTAP and the catalogue's patterns in one streaming
 * pass. Knows nothing of boards or QEMU. */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include "base/err.h"
#include "base/str.h"
#include "base/verdict.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* One pattern of the catalogue. */
struct judge_pattern {
	const char *name;     /* "panic", "lockdep" */
	const char *regex;    /* vectorscan's PCRE subset, on one line, without its newline; ^ is where the
			       * message starts: prefixes that printk, dmesg or syslog put before it are off */
	enum verdict verdict; /* VERDICT_FAIL decides, VERDICT_WARN is a splat, VERDICT_INFRA */
	bool final;           /* nothing after its trace matters: the kernel is dead */
	bool trace;           /* a trace follows */
	bool last;            /* this line ends a trace ("---[ end", "Rebooting in") */
};

struct judge_rules; /* compiled patterns, shared by any number of judges */

/* cache_dir (may be NULL) keeps the compiled database, named by its inputs and vectorscan's version.
 * A regex that does not compile is ERR_USER with its name and vectorscan's words. */
int judge_rules_new(const struct judge_pattern *patterns, size_t n, const char *cache_dir, struct judge_rules **out,
		    struct err *err);
void judge_rules_free(struct judge_rules *rules);
/* Patterns as a JSON array, and the rules compiled from its text; cache_dir as above. New reference. */
json_t *judge_patterns_json(const struct judge_pattern *patterns, size_t n);
int judge_rules_read(struct view json, const char *cache_dir, struct judge_rules **out, struct err *err);

/* The markers of Kiln's own init (guest-init prints them, see guest/guest.h). */
#define MARK_START "KILN-GUEST-START" /* KILN-GUEST-START machine=aarch64 cpus=1 ... */
#define MARK_DONE "KILN-GUEST-DONE"   /* KILN-GUEST-DONE status=0 */

struct judge_options {
	bool need_marker; /* a pass needs MARK_DONE; false: any log without a failure passes */
	int64_t cpus;     /* as many must be up, 0: any number */
	int64_t quiet_ms; /* this long without output ends a trace; 0: 2000 */
	int64_t limit_ms; /* of the whole boot, for the words of the reason only; 0: not said */
};

/* Appends a message without what varies: numbers, addresses, tasks and positions in files are replaced by #. The last
 * part of signatures, and the whole of those of builds. */
void judge_normalise(struct view message, struct buf *out);

struct judge;

enum judge_state {
	JUDGE_OPEN,    /* nothing decided yet */
	JUDGE_TRACE,   /* it will be a fail; the trace, or more of it, may still come: keep feeding and ticking */
	JUDGE_DECIDED, /* final */
};

/* How the console came to its end. */
enum judge_end {
	JUDGE_END_EXIT,    /* the machine powered off or ended by itself */
	JUDGE_END_REBOOT,  /* it asked for a reset */
	JUDGE_END_LIMIT,   /* it outlived its limit */
	JUDGE_END_SILENCE, /* it said nothing for too long */
	JUDGE_END_FLOOD,   /* it said more than the limit on bytes */
	JUDGE_END_LOG,     /* the log of a file just ends */
};

struct judge *judge_new(const struct judge_rules *rules, const struct judge_options *options);
void judge_free(struct judge *j);
/* now: monotonic milliseconds, for the silence that ends a trace. Any bytes, any cut. */
enum judge_state judge_feed(struct judge *j, const void *p, size_t n, int64_t now);
/* Called when time passes without output. */
enum judge_state judge_tick(struct judge *j, int64_t now);
void judge_end(struct judge *j, enum judge_end end);
/* Whether the kernel itself has spoken: what came before it was firmware. */
bool judge_heard_kernel(const struct judge *j);

/* After JUDGE_DECIDED or judge_end. Strings are borrowed from the judge. */
struct judge_result {
	enum verdict verdict;
	const char *reason;    /* one line for people */
	const char *signature; /* the same for the same fault; NULL for a pass */
	int64_t line;          /* 1-based line that decided, 0 when none did */
	const char *excerpt;   /* that line and the trace, printable; NULL when none */
	const char *pattern;   /* name of the pattern that decided, or NULL */
	bool started, done;    /* markers seen */
	int64_t cpus;          /* as the start marker says, -1 when it does not */
	const char *machine;
	json_t *tests;  /* array of {"name","result":"pass|fail|skip","line"}: borrowed */
	json_t *splats; /* array of {"pattern","line","text","signature"}: borrowed, at most 100 */
};
/* NULL before that. */
const struct judge_result *judge_result(const struct judge *j);
/* Suites that were left out, [{"name","reason"}], stand among the tests: neither passed nor failed, and said. */
void judge_add_skipped(json_t *tests, const json_t *suites);
/* {"verdict","reason","signature","line","excerpt","tests","splats",...}: new reference. */
json_t *judge_result_json(const struct judge_result *r);

#endif
