/* How a boot becomes a job of the lab's. */
#include "lab/agent_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/devices.h"
#include "lab/job.h"

#include <errno.h>
#include <string.h>

/* One artefact as the lab fetches it: {"url","sha256"}. */
static int artefact_offer(struct agent *a, struct boot *b, const char *digest, const char *name, struct err *err)
{
	autofree char *path = NULL;
	char *url = NULL;

	if (!digest || json_object_get(b->artefacts, name))
		return 0;
	if (shelf_checkout(a->shelf, digest, &path, err) < 0 || store_offer(a->store, path, name, &url, err) < 0)
		return err_wrap(err, "%s", name);
	b->urls[b->n_urls++] = url;
	json_object_set_new(b->artefacts, name, json_pack("{s:s, s:s}", "url", url, "sha256", digest));
	return 0;
}

/* Once: a submission that is made again has the same ones. */
static int artefacts_offer(struct agent *a, struct boot *b, struct err *err)
{
	char ramdisk[HASH_HEX];
	bool some;

	if (!b->artefacts)
		b->artefacts = json_object();
	if (boot_ramdisk(b, ramdisk, &some, err) < 0)
		return -1;
	return artefact_offer(a, b, json_str_or(b->step.spec, "image", NULL), "kernel", err) < 0 ||
			       artefact_offer(a, b, some ? ramdisk : NULL, "ramdisk", err) < 0 ||
			       artefact_offer(a, b, json_str_or(b->step.spec, "dtb", NULL), "dtb", err) < 0
		       ? -1
		       : 0;
}

/* Answers of a server that is busy, or not there behind its proxy. */
static bool not_now(const struct http_reply *reply)
{
	return reply->status == 429 || reply->status == 502 || reply->status == 503 || reply->status == 504;
}

/* Asks whether LAVA takes the definition; its word, where it does not, is the reason. */
static int job_validate(struct agent *a, const char *body, struct err *err)
{
	const struct http_request request = { .path = "api/v0.2/jobs/validate/", .body = body, .harmless = true };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	autobuf struct buf complaint = { 0 };
	autojson json_t *answer = NULL;
	const char *said;

	if (client_ask(a->lab, &request, &reply, err) < 0)
		return -1;
	client_complaint(&reply, &complaint);
	if (not_now(&reply))
		return err_infra(err, 0, "lab %s: %s", a->options.entry->name, complaint.data);
	answer = reply.json ? json_loadb(reply.body.data, reply.body.n, 0, NULL) : NULL;
	said = json_str_or(answer, "message", complaint.data);
	if (reply.status == 200 && strcmp(said, "Job valid.") == 0)
		return 0;
	return err_user(err, "lab %s does not take the job: %s", a->options.entry->name, said);
}

static int job_submit(struct agent *a, struct errand *e, const char *body, struct err *err)
{
	const struct http_request request = { .path = "api/v0.2/jobs/", .body = body };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	autobuf struct buf said = { 0 };
	autojson json_t *answer = NULL;

	/* Until its answer is here nobody knows whether the job is. */
	e->boot->adopt = true;
	if (client_ask(a->lab, &request, &reply, err) < 0)
		return -1;
	answer = reply.json ? json_loadb(reply.body.data, reply.body.n, 0, NULL) : NULL;
	e->boot->id = json_integer_value(json_array_get(json_object_get(answer, "job_ids"), 0));
	if (reply.status == 201 && e->boot->id) {
		e->boot->state = BOOT_THERE;
		slot_note(e->slot, e->boot->id, e->job.attempt);
		return 0;
	}
	client_complaint(&reply, &said);
	/* Taken, but under which number? It is looked for. */
	if (not_now(&reply) || (reply.status >= 200 && reply.status < 300))
		return err_infra(err, 0, "lab %s: %s", a->options.entry->name, said.data);
	err_user(err, "lab %s refuses the job: %s", a->options.entry->name, said.data);
	/* lava_rest_app/base/views.py: devices that the user may see, and not submit to. */
	if (strstr(said.data, "Devices unavailable: "))
		err->num = ENODEV;
	return -1;
}

static int never(struct err *err, const char *reason)
{
	err_user(err, "%s", reason);
	err->num = ENODEV;
	return -1;
}

/* Whether the entry's minutes are used up: by jobs that have ended, and by those that have not. */
static int budget_check(struct agent *a, struct err *err)
{
	const struct catalog_lab *entry = a->options.entry;
	autofree char *reason = NULL;
	double going_on = 0;
	char free_at[CLOCK_TEXT];
	int64_t again;

	for (size_t i = 0; i < a->errands.n; i++)
		going_on += boot_device_seconds(a->errands.data[i]->boot);
	if (!budget_is_up(&a->budget, clock_unix(), going_on, &again))
		return 0;
	clock_format(again, free_at);
	reason = mem_printf("the %lld minutes a day of lab %s are used up; there are some again at %s",
			    (long long)entry->minutes, entry->name, free_at);
	return never(err, reason);
}

/* The tags and the devices of its job. */
static int devices_take(struct agent *a, struct errand *e, json_t **spec, struct err *err)
{
	struct boot *b = e->boot;
	const json_t *lava = boot_lava(b);
	CLEANUP(choice_free) struct choice choice = { 0 };
	autofree char *why = NULL, *reason = NULL;

	/* What another attempt is to avoid is as it is now. */
	if (types_since(a, b->avoid ? e->taken_ms : 0, err) < 0)
		return -1;
	devices_choose(a->types, lava, b->avoid, &choice);
	b->alone = b->because && (choice.again || !choice.wanted);
	json_decref(b->unwanted);
	b->unwanted = json_incref(choice.unwanted);
	if (!choice.wanted) {
		why = devices_why(a->types, lava);
		reason = mem_printf("%s%sno device of lab %s is available any more (%s)", b->because ? b->because : "",
				    b->because ? "; " : "", a->options.entry->name, why);
		return never(err, reason);
	}
	*spec = json_copy((json_t *)b->step.spec);
	json_object_set_new(*spec, "lava", json_copy((json_t *)lava));
	json_object_set(json_object_get(*spec, "lava"), "tags", choice.tags);
	return 0;
}

/* 1: its job may be submitted. One that is there already goes on whether it has a place or not. */
static int place_take(struct agent *a, struct errand *e, struct err *err)
{
	int found = e->boot->adopt ? own_find(a->lab, e->boot, err) : 0;
	int place = found < 0 ? -1 : a->full ? 0 : slot_take(a, e, err);

	if (place < 0)
		return -1;
	a->full = !place;
	if (found && place)
		slot_note(e->slot, e->boot->id, e->job.attempt);
	return place && !found;
}

/* ERR_USER: this job never will be, and with num ENODEV no kernel and no lab is to blame; ERR_INFRA: not now. 0: it is
 * there, or others of this home are in its place. */
static int errand_send(struct agent *a, struct errand *e, struct err *err)
{
	autojson json_t *spec = NULL, *body = NULL;
	autofree char *name = own_description(e->name, e->boot), *yaml = NULL, *text = NULL;
	int place = place_take(a, e, err);

	if (place <= 0)
		return place;
	if (budget_check(a, err) < 0 || devices_take(a, e, &spec, err) < 0 || artefacts_offer(a, e->boot, err) < 0 ||
	    lab_job_definition(spec, name, e->boot->artefacts, &yaml, err) < 0)
		return -1;
	body = json_pack("{s:s}", "definition", yaml);
	text = json_dumps(body, JSON_COMPACT);
	return job_validate(a, text, err) < 0 || job_submit(a, e, text, err) < 0 ? -1 : 0;
}

/* Its own jobs in the lab. */
static int64_t there(const struct agent *a)
{
	int64_t n = 0;

	for (size_t i = 0; i < a->errands.n; i++) {
		const struct boot *b = a->errands.data[i]->boot;

		n += (b->state == BOOT_THERE) + (int64_t)holds_busy(&b->holds);
	}
	return n;
}

/* Submits what may be submitted. -1: the lab does not answer. */
int send_new(struct agent *a, struct err *err)
{
	size_t i = 0;

	while (i < a->errands.n && there(a) < a->options.entry->jobs) {
		struct errand *e = a->errands.data[i];

		if (e->boot->state != BOOT_NEW || errand_send(a, e, err) == 0) {
			i++;
			continue;
		}
		if (err->class == ERR_INFRA)
			return -1;
		errand_abandon(a, i, err->num == ENODEV && !e->boot->because ? VERDICT_SKIP : VERDICT_INFRA, err->msg);
		*err = (struct err){ 0 };
	}
	return 0;
}
