/* One boot in a lab: what it was asked for, what its console says, what LAVA says of it, and the record in the end. */
#ifndef LAB_BOOT_H
#define LAB_BOOT_H

#include "judge/judge.h"
#include "lab/holds.h"
#include "lab/log.h"
#include "lab/shelf.h"
#include "step/step.h"

enum boot_state {
	BOOT_NEW,   /* not yet the lab's */
	BOOT_THERE, /* the lab has a job for it */
	BOOT_ENDED, /* its record is made */
};

/* What LAVA says of a job. */
struct lava_word {
	char *device;                 /* or NULL: none yet */
	char *state, *health;         /* LAVA's words: Running, Complete */
	char *error_type, *error_msg; /* of its result "job", or NULL */
	bool told;                    /* that result is in its log */
	char *device_health;          /* of its device after the job; NULL: not asked */
	int64_t begun_ms, ended_ms;   /* of the job, by the lab's clock; 0: not told */
	size_t fetched;               /* artefacts that its worker has */
};

struct boot {
	enum boot_state state;
	struct step step;
	int64_t id; /* the lab's number of the job */
	int turn;   /* which of the attempt's jobs that is, from 1: those before it are holds */
	bool adopt; /* a job that may be there already: to be looked for */
	struct holds holds;
	struct lab_log log;
	const struct judge_rules *rules;
	struct judge *judge; /* NULL until there is something to judge: most boots wait */
	struct buf console;
	size_t console_max;
	bool flooded;
	bool silent;      /* the verdict is that nothing more came, which a dead worker looks like, too */
	int64_t heard_ms; /* clock_ms of the newest console text, 0: none */
	int64_t lab_first_ms, lab_last_ms; /* of console text, by the lab's clock */
	int64_t look_ms;                   /* clock_ms when its log is to be looked at next */
	int64_t unread_ms;                 /* clock_ms since when its log cannot be read, 0: it can */
	int missed;                        /* lists of jobs in a row that do not have it */
	bool cancelled;                    /* by us */
	int64_t there_ms, running_ms;      /* clock_ms when it became the lab's, and when it was first seen to run */
	int64_t grown_ms;                  /* clock_ms when its log last grew */
	int64_t offline_ms;                /* clock_ms since when its worker is offline, 0: it is not */
	json_t *avoid, *unwanted;          /* names of devices, see lab/devices.h; or NULL */
	char *because;                     /* why the first attempt came to nothing, or NULL: it is the first */
	bool alone;                        /* there is no other device to try it on */
	struct lava_word lava;
	json_t *artefacts; /* offers as its job names them, or NULL */
	char *urls[4];     /* of these, to be withdrawn */
	size_t n_urls;
};

/* spec and shelf must outlive the boot. ERR_USER for a spec that is none, ERR_INFRA when the depot fails. */
int boot_open(const char *home, const json_t *spec, const char *attempt, struct shelf *shelf, struct boot **out,
	      struct err *err);
void boot_free(struct boot *b);

/* Whether this is what LAVA last said of its job's state. */
bool boot_is(const struct boot *b, const char *state);
/* What its board is to LAVA: "lava" of the spec. */
const json_t *boot_lava(const struct boot *b);

/* The digest of what it boots into: the initrd, and the build's modules behind it where there are any. *some is false
 * for neither. */
int boot_ramdisk(struct boot *b, char digest[static HASH_HEX], bool *some, struct err *err);
/* How many artefacts its job fetches. */
size_t boot_artefacts(const struct boot *b);

/* More of the job's log. */
void boot_log(struct boot *b, const char *p, size_t n);
/* Time passes: a kernel that has been silent for too long is a verdict. Whether the judge has one, however. */
bool boot_decided(struct boot *b);
/* The job has come to its end: makes the verdict and writes the record. */
int boot_finish(struct boot *b, const char *lab, const char *url, struct err *err);
/* There will be no job, or none that can be followed: a record with this verdict, infra or skip, and this reason. */
int boot_abandon(struct boot *b, const char *lab, enum verdict verdict, const char *reason, struct err *err);
/* A device that is to be avoided has its job: that goes on as a hold, with its slot, and the boot is new again. */
void boot_hold(struct boot *b, int slot);
/* Seconds for which its jobs had a device. */
double boot_device_seconds(const struct boot *b);

#endif
