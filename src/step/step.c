#define _GNU_SOURCE
#include "step/step.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/work.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void step_key(const json_t *spec, char key[static HASH_HEX])
{
	json_digest(spec, key);
}

static void artefact_note(struct step *step, const char *name, const char *digest, int64_t size)
{
	json_t *artefacts = json_object_get(step->record, "artefacts");

	if (!artefacts) {
		artefacts = json_object();
		json_object_set_new(step->record, "artefacts", artefacts);
	}
	json_object_set_new(artefacts, name, json_pack("{s:s, s:I}", "digest", digest, "size", (json_int_t)size));
}

int step_artefact(struct step *step, const char *name, const char *path, struct err *err)
{
	char digest[HASH_HEX];
	int64_t size;

	if (depot_put_file(step->depot, path, digest, &size, err) < 0)
		return -1;
	artefact_note(step, name, digest, size);
	return 0;
}

int step_artefact_bytes(struct step *step, const char *name, const void *p, size_t n, struct err *err)
{
	char digest[HASH_HEX];

	if (depot_put_bytes(step->depot, p, n, digest, err) < 0)
		return -1;
	artefact_note(step, name, digest, (int64_t)n);
	return 0;
}

void step_verdict(struct step *step, enum verdict verdict, const char *reason)
{
	json_object_set_new(step->record, "verdict", json_string(verdict_text(verdict)));
	json_object_set_new(step->record, "reason", reason ? json_text(view_of(reason)) : json_null());
}

const char *record_artefact(const json_t *record, const char *name)
{
	json_t *artefact = json_object_get(json_object_get(record, "artefacts"), name);

	return json_string_value(json_object_get(artefact, "digest"));
}

static char *record_path(const char *home, const char *key)
{
	return mem_printf("%s/records/%.2s/%s.json", home, key, key);
}

static bool artefacts_are_there(struct depot *depot, const json_t *record)
{
	json_t *artefacts = json_object_get(record, "artefacts"), *artefact;
	const char *name;

	json_object_foreach (artefacts, name, artefact) {
		const char *digest = json_str_or(artefact, "digest", "");

		if (!depot_has(depot, digest, json_int_or(artefact, "size", -1)))
			return false;
	}
	return true;
}

json_t *step_lookup(const char *home, const char *key)
{
	autofree char *path = record_path(home, key);
	struct err ignored = { 0 };
	struct depot *depot = NULL;
	autojson json_t *record = NULL;
	bool whole;

	if (access(path, R_OK) < 0 || json_read(AT_FDCWD, path, &record, &ignored) < 0 ||
	    depot_open(home, &depot, &ignored) < 0)
		return NULL;
	whole = artefacts_are_there(depot, record);
	depot_free(depot);
	return whole ? json_incref(record) : NULL;
}

static const struct step_kind *kind_find(const struct step_kind *kinds, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(kinds[i].kind, name) == 0)
			return &kinds[i];
	return NULL;
}

static void record_begin(struct step *step)
{
	char now[CLOCK_TEXT], host[256] = "";

	clock_format(clock_unix(), now);
	gethostname(host, sizeof(host) - 1);
	step->record =
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "step", step->key, "kind", json_str_or(step->spec, "kind", ""),
			  "attempt", step->attempt, "started", now, "host", host);
	json_object_set(step->record, "spec", (json_t *)step->spec);
}

static void record_end(struct step *step)
{
	char now[CLOCK_TEXT];

	clock_format(clock_unix(), now);
	json_object_set_new(step->record, "finished", json_string(now));
}

static int record_publish(const struct step *step, enum step_class class, struct err *err)
{
	autofree char *pure = record_path(step->home, step->key);
	autofree char *dir = mem_printf("%s/records/%.2s%s%s", step->home, step->key, class == STEP_PURE ? "" : "/",
					class == STEP_PURE ? "" : step->key);
	autofree char *attempt = mem_printf("%s/%s.json", dir, step->attempt);

	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0)
		return -1;
	return json_write(AT_FDCWD, class == STEP_PURE ? pure : attempt, step->record, err);
}

/* Runs the step's code and turns an infrastructure error into a record. */
static int attempt_run(struct step *step, const struct step_kind *kind, struct err *err)
{
	int64_t start = clock_ms();

	record_begin(step);
	if (kind->run(step, err) < 0) {
		if (err->class == ERR_USER)
			return -1;
		step_verdict(step, VERDICT_INFRA, err->msg);
		*err = (struct err){ 0 };
	}
	record_end(step);
	if (!json_object_get(step->record, "seconds"))
		json_object_set_new(step->record, "seconds", json_real((double)(clock_ms() - start) / 1000));
	return 0;
}

static bool is_infra(const json_t *record)
{
	return strcmp(json_str_or(record, "verdict", "infra"), "infra") == 0;
}

/* With the key's lock held, or none for an observation. */
static int run_locked(struct step *step, const struct step_kind *kind, struct err *err)
{
	autofree char *work = NULL;
	autoclose int lock = -1;
	int status;

	if (work_make(step->home, step->attempt, &work, &lock, err) < 0)
		return -1;
	step->work = work;
	status = attempt_run(step, kind, err);
	if (status == 0 && !(kind->class == STEP_PURE && is_infra(step->record)))
		status = record_publish(step, kind->class, err);
	work_remove(step->home, step->attempt);
	return status;
}

static int run_once(struct step *step, const struct step_kind *kind, struct err *err)
{
	autofree char *locks = fs_join(step->home, "locks");
	autofree char *path = fs_join(locks, step->key);
	autoclose int lock = -1;

	if (fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0 || fs_lock(AT_FDCWD, path, true, &lock, err) < 0)
		return -1;
	step->record = step_lookup(step->home, step->key);
	return step->record ? 0 : run_locked(step, kind, err);
}

int step_run(const json_t *spec, const struct step_kind *kinds, size_t n, const struct step_options *options,
	     json_t **record, struct err *err)
{
	struct step step = {
		.spec = spec,
		.home = options->home,
		.jobs = options->jobs > 0 ? options->jobs : 1,
		.jobserver_read = options->jobserver_read,
		.jobserver_write = options->jobserver_write,
	};
	const char *name = json_str_or(spec, "kind", "");
	const struct step_kind *kind = kind_find(kinds, n, name);
	int status;

	if (!kind)
		return err_user(err, "a step of the kind \"%s\" is not known to this Kiln", name);
	step_key(spec, step.key);
	if (options->attempt && strlen(options->attempt) == UUID_TEXT - 1)
		memcpy(step.attempt, options->attempt, UUID_TEXT);
	else
		uuid_make(step.attempt);
	if (depot_open(step.home, &step.depot, err) < 0)
		return -1;
	status = kind->class == STEP_PURE ? run_once(&step, kind, err) : run_locked(&step, kind, err);
	depot_free(step.depot);
	if (status < 0) {
		json_decref(step.record);
		return -1;
	}
	*record = step.record;
	return 0;
}

int step_open(const char *home, const json_t *spec, const char *attempt, struct step *step, struct err *err)
{
	*step = (struct step){ .spec = spec, .home = home, .jobs = 1, .jobserver_read = -1, .jobserver_write = -1 };
	if (depot_open(home, &step->depot, err) < 0)
		return -1;
	step_key(spec, step->key);
	memcpy(step->attempt, attempt, UUID_TEXT);
	record_begin(step);
	return 0;
}

int step_publish(struct step *step, struct err *err)
{
	record_end(step);
	return record_publish(step, STEP_OBSERVATION, err);
}

void step_close(struct step *step)
{
	depot_free(step->depot);
	json_decref(step->record);
	*step = (struct step){ 0 };
}
