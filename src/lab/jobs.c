/* Jobs as people look after them: listed, cancelled, shown. */
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/job.h"

#include <string.h>

/* For which people wait at most, when a job has just begun. */
enum { RIPE_POLLS = 5 };

static json_t *job_json(const json_t *from)
{
	const char *description = json_str_or(from, "description", ""),
		   *device = json_str_or(from, "actual_device", NULL);
	json_t *job = json_pack("{s:I, s:o, s:o, s:o, s:o, s:b}", "id", (json_int_t)json_int_or(from, "id", 0), "state",
				json_text(view_of(json_str_or(from, "state", ""))), "description",
				json_text(view_of(description)), "type",
				json_text(view_of(json_str_or(from, "requested_device_type", ""))), "submitted",
				json_text(view_of(json_str_or(from, "submit_time", ""))), "kiln",
				strstr(description, " kiln ") != NULL);

	if (device)
		json_object_set_new(job, "device", json_text(view_of(device)));
	return job;
}

bool job_has_ended(const json_t *job)
{
	return strcmp(json_str_or(job, "state", ""), "Finished") == 0;
}

bool job_is_own(const struct lab *lab, const json_t *job)
{
	return strcmp(json_str_or(job, "submitter", ""), lab->entry->user) == 0;
}

int lab_jobs(struct lab *lab, json_t **jobs, struct err *err)
{
	autojson json_t *all = NULL;
	json_t *job;
	size_t i;

	if (identity_check(lab, err) < 0 ||
	    client_list(lab, "jobs/?state__in=Submitted,Scheduling,Scheduled,Running,Canceling", "-id", &all, err) < 0)
		return -1;
	*jobs = json_array();
	json_array_foreach (all, i, job)
		if (job_is_own(lab, job))
			json_array_append_new(*jobs, job_json(job));
	return 0;
}

int job_is_ripe(struct lab *lab, int64_t id, struct err *err)
{
	autofree char *log = mem_printf("api/v0.2/jobs/%lld/logs/?start=0&end=1", (long long)id);
	autofree char *path = mem_printf("jobs/%lld/", (long long)id);
	const struct http_request request = { .path = log };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	autojson json_t *job = NULL;
	const char *state;

	if (client_ask(lab, &request, &reply, err) < 0)
		return -1;
	if (reply.status == 200)
		return 1;
	if (client_get(lab, path, &job, err) < 0)
		return -1;
	state = json_str_or(job, "state", "");
	return strcmp(state, "Scheduled") != 0 && strcmp(state, "Running") != 0;
}

int job_cancel(struct lab *lab, int64_t id, struct err *err)
{
	autofree char *path = mem_printf("jobs/%lld/cancel/", (long long)id);
	autojson json_t *answer = NULL;

	return client_get(lab, path, &answer, err);
}

/* Waits for it where it has just begun. */
static int cancel_ripe(struct lab *lab, int64_t id, struct err *err)
{
	int ripe;

	for (int i = 0; (ripe = job_is_ripe(lab, id, err)) == 0 && i < RIPE_POLLS; i++)
		clock_sleep(lab->entry->poll_ms);
	if (ripe < 0)
		return -1;
	if (!ripe)
		return err_user(err,
				"lab %s: job %lld has just begun: were it cancelled now, its device would lose its "
				"health; try again when its log has begun",
				lab->entry->name, (long long)id);
	return job_cancel(lab, id, err);
}

int lab_cancel(struct lab *lab, int64_t id, struct err *err)
{
	autofree char *path = mem_printf("jobs/%lld/", (long long)id);
	autojson json_t *job = NULL;

	if (identity_check(lab, err) < 0 || client_get(lab, path, &job, err) < 0)
		return -1;
	/* LAVA says that it cancels whatever it is asked to. */
	if (!job_is_own(lab, job))
		return err_user(err, "lab %s: job %lld is %s's", lab->entry->name, (long long)id,
				json_str_or(job, "submitter", "somebody else"));
	if (job_has_ended(job))
		return err_user(err, "lab %s: job %lld has ended already: %s", lab->entry->name, (long long)id,
				json_str_or(job, "health", ""));
	return cancel_ripe(lab, id, err);
}

static void url_add(const struct catalog_lab *entry, const char *digest, const char *name, json_t *all)
{
	autofree char *base = entry->fetch ? str_with_slash(entry->fetch) : mem_printf("http://%s/", entry->listen);
	autofree char *url = mem_printf("%sSECRET/%s", base, name);

	if (digest)
		json_object_set_new(all, name, json_pack("{s:s, s:s}", "url", url, "sha256", digest));
}

int lab_definition(const struct catalog_lab *entry, const json_t *spec, const char *name, char **yaml, struct err *err)
{
	const char *initrd = json_str_or(spec, "initrd", NULL), *modules = json_str_or(spec, "modules", NULL);
	autojson json_t *artefacts = json_object();

	url_add(entry, json_str_or(spec, "image", NULL), "kernel", artefacts);
	/* Of both a ramdisk is made only when they are to be booted. */
	url_add(entry, initrd && modules ? "SECRET" : initrd ? initrd : modules, "ramdisk", artefacts);
	url_add(entry, json_str_or(spec, "dtb", NULL), "dtb", artefacts);
	return lab_job_definition(spec, name, artefacts, yaml, err);
}
