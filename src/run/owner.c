/* Which run this is, and who drives it: a lock in the home says so, and the ledger what an owner that died has left. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "lab/lab.h"
#include "run/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void run_name(char id[static 32])
{
	time_t now = time(NULL);
	unsigned salt = 0;
	struct tm tm;
	size_t n;

	gmtime_r(&now, &tm);
	n = strftime(id, 32, "%Y%m%d-%H%M%S", &tm);
	if (getrandom(&salt, sizeof(salt), 0) < 0)
		salt = (unsigned)getpid();
	snprintf(id + n, 32 - n, "-%04x", salt & 0xffff);
}

static char *lock_path(const char *home, const char *id)
{
	return mem_printf("%s/runs/%s.lock", home, id);
}

/* For whom it may interest who holds it: "PID HOST". */
static void lock_sign(int lock)
{
	char host[HOST_NAME_MAX + 1] = "";

	gethostname(host, sizeof(host) - 1);
	if (ftruncate(lock, 0) == 0)
		dprintf(lock, "%ld %s\n", (long)getpid(), host);
}

static int run_lock(struct run *run, const char *id, struct err *err)
{
	autofree char *dir = mem_printf("%s/runs", run->options->home), *path = lock_path(run->options->home, id);

	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0 || fs_lock(AT_FDCWD, path, false, &run->lock, err) < 0)
		return -1;
	lock_sign(run->lock);
	return 0;
}

bool run_is_driven(const char *home, const char *id, char **who)
{
	autofree char *path = lock_path(home, id);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[HOST_NAME_MAX + 32] = "";
	char host[HOST_NAME_MAX + 1] = "";
	long pid;

	/* Shared: two that only ask do not take each other for the owner. */
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	if (read(fd, text, sizeof(text) - 1) > 0 && sscanf(text, "%ld %64s", &pid, host) == 2)
		*who = mem_printf("process %ld on %s", pid, host);
	else
		*who = mem_strdup("a process that left no name");
	return true;
}

/* Takes over an unfinished run whose owner is dead. */
static int take_over(const char *id, void *data)
{
	struct run *run = data;
	struct err ignored = { 0 };

	if (run_lock(run, id, &ignored) < 0)
		return 0;
	snprintf(run->id, sizeof(run->id), "%s", id);
	run->resumed = true;
	return 1;
}

/* An attempt that was finished while nobody listened; one that was not may still go on in a lab. */
static void adopt(const char *uuid, const char *key, void *data)
{
	struct run *run = data;
	autofree char *path = mem_printf("%s/records/%.2s/%s/%s.json", run->options->home, key, key, uuid);
	autojson json_t *record = NULL;
	struct err ignored = { 0 };

	if (fs_exists(AT_FDCWD, path) && json_read(AT_FDCWD, path, &record, &ignored) == 0)
		ledger_attempt_done(run->ledger, run->id, record, &ignored);
	else
		json_object_set_new(run->lost = run->lost ? run->lost : json_object(), key, json_string(uuid));
}

/* The run that the options name: nobody else's, and not finished. */
int run_take(struct run *run, struct err *err)
{
	const char *id = run->options->id;
	autofree char *who = NULL;
	autojson json_t *there = NULL;

	if (run_lock(run, id, err) < 0)
		return run_is_driven(run->options->home, id, &who)
			       ? err_user(err, "run %s is being followed by another Kiln, %s, which shows its result",
					  id, who)
			       : -1;
	if (ledger_run_get(run->ledger, id, &there, err) < 0)
		return -1;
	if (strcmp(json_str_or(there, "state", ""), "running") != 0)
		return err_user(err, "run %s has come to its end just now; kiln show %s shows it", id, id);
	snprintf(run->id, sizeof(run->id), "%s", id);
	run->resumed = true;
	return 0;
}

int run_stays(const char *id, const char *why, struct err *err)
{
	autofree char *said = mem_strdup(why);

	return err_infra(err, 0, "%s; run %s stays as it is: kiln attach %s goes on when that is over", said, id, id);
}

/* A lab that cannot be asked and has jobs of this run: these would be lost if the run went on without it. */
static int labs_check(const struct run *run, struct err *err)
{
	const char *lab, *key;
	json_t *facts, *attempt;

	json_object_foreach (run->labs, lab, facts)
		json_object_foreach (run->lost, key, attempt)
			if (json_is_string(facts) && lab_has_left(run->options->home, lab, json_string_value(attempt)))
				return run_stays(run->id, json_string_value(facts), err);
	return 0;
}

static int run_resume(struct run *run, struct err *err)
{
	if (ledger_attempts_lost(run->ledger, run->id, adopt, run, err) < 0)
		return -1;
	run->facts.lost = run->lost;
	return labs_check(run, err);
}

int run_register(struct run *run, struct err *err)
{
	autojson json_t *request = request_json(run->options, run->source);
	char digest[HASH_HEX];

	json_digest(request, digest);
	if (!run->resumed && ledger_run_unfinished(run->ledger, digest, take_over, run, err) < 0)
		return -1;
	if (run->resumed)
		return run_resume(run, err);
	run_name(run->id);
	if (run_lock(run, run->id, err) < 0)
		return -1;
	return ledger_run_add(run->ledger, run->id, request, err);
}

void run_unlock(struct run *run)
{
	autofree char *path = lock_path(run->options->home, run->id);

	unlink(path);
}
