/* Jobs as people look after them: listed, cancelled, shown. */
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/job.h"

#include <string.h>

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

static bool is_ours(const struct lab *lab, const json_t *job)
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
		if (is_ours(lab, job))
			json_array_append_new(*jobs, job_json(job));
	return 0;
}

int lab_cancel(struct lab *lab, int64_t id, struct err *err)
{
	autofree char *path = mem_printf("jobs/%lld/", (long long)id);
	autofree char *cancel = mem_printf("jobs/%lld/cancel/", (long long)id);
	autojson json_t *job = NULL, *answer = NULL;

	if (identity_check(lab, err) < 0 || client_get(lab, path, &job, err) < 0)
		return -1;
	/* LAVA says that it cancels whatever it is asked to. */
	if (!is_ours(lab, job))
		return err_user(err, "lab %s: job %lld is %s's", lab->entry->name, (long long)id,
				json_str_or(job, "submitter", "somebody else"));
	if (strcmp(json_str_or(job, "state", ""), "Finished") == 0)
		return err_user(err, "lab %s: job %lld has ended already: %s", lab->entry->name, (long long)id,
				json_str_or(job, "health", ""));
	return client_get(lab, cancel, &answer, err);
}

static void url_add(const struct catalog_lab *entry, const json_t *spec, const char *field, const char *name,
		    json_t *all)
{
	const char *digest = json_str_or(spec, field, NULL);
	autofree char *base = entry->fetch ? mem_strdup(entry->fetch) : mem_printf("http://%s/", entry->listen);
	autofree char *url = mem_printf("%s%sSECRET/%s", base, str_ends(base, "/") ? "" : "/", name);

	if (digest)
		json_object_set_new(all, name, json_pack("{s:s, s:s}", "url", url, "sha256", digest));
}

int lab_definition(const struct catalog_lab *entry, const json_t *spec, const char *name, char **yaml, struct err *err)
{
	autojson json_t *artefacts = json_object();

	url_add(entry, spec, "image", "kernel", artefacts);
	url_add(entry, spec, "initrd", "ramdisk", artefacts);
	url_add(entry, spec, "dtb", "dtb", artefacts);
	return lab_job_definition(spec, name, artefacts, yaml, err);
}
