#define _GNU_SOURCE
#include "lab/agent.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/boot.h"
#include "lab/job.h"
#include "lab/own.h"
#include "lab/private.h"
#include "lab/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A boot is asked about less often as it grows older, and a lab that does not answer ever less often, until its boots
 * are given up. In polls of the lab's entry. */
enum { TURN_MAX = 5, LOG_TURNS = 5, BACK_OFF_MAX = 40 };
/* Lists without a job before it counts as gone. */
enum { MISSED_MAX = 3 };
/* All that is said to a lab when it is left. */
enum { LEAVE_MS = 4000 };

struct errand {
	struct engine_job job;
	struct boot *boot;
	char *name;
	int slot; /* of the jobs at once, -1: none */
};

struct agent {
	struct agent_options options;
	struct lab *lab;
	struct store *store;
	VEC(struct errand *) errands;
	int64_t silent_since; /* clock_ms of the first question that had no answer since the last that had, 0: none */
	int64_t back_off;
};

int agent_new(const struct agent_options *options, struct agent **out, struct err *err)
{
	struct agent *a = mem_alloc(sizeof(*a));

	a->options = *options;
	if (lab_open(options->entry, &a->lab, err) < 0 || store_open(options->entry, &a->store, err) < 0) {
		agent_free(a);
		return err_wrap(err, "lab %s", options->entry->name);
	}
	a->lab->tries = 1; /* a turn that fails is taken again */
	*out = a;
	return 0;
}

static void errand_free(struct errand *e)
{
	boot_free(e->boot);
	json_decref(e->job.spec);
	if (e->slot >= 0)
		close(e->slot);
	free(e->name);
	free(e);
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->errands.n; i++)
		errand_free(a->errands.data[i]);
	vec_free(&a->errands);
	store_free(a->store);
	lab_free(a->lab);
	free(a);
}

size_t agent_busy(const struct agent *a)
{
	return a->errands.n;
}

static void urls_withdraw(struct agent *a, struct boot *b)
{
	for (size_t i = 0; i < b->n_urls; i++) {
		store_withdraw(a->store, b->urls[i]);
		free(b->urls[i]);
	}
	b->n_urls = 0;
}

/* Says how it ended, and forgets it. */
static void errand_forget(struct agent *a, size_t i, const struct err *err)
{
	struct errand *e = a->errands.data[i];
	bool good = err->class == ERR_NONE;

	a->options.ended(&e->job, good && e->boot ? e->boot->step.record : NULL, err, a->options.data);
	errand_free(e);
	memmove(&a->errands.data[i], &a->errands.data[i + 1], (--a->errands.n - i) * sizeof(a->errands.data[0]));
}

static void errand_end(struct agent *a, size_t i, const struct err *err)
{
	if (a->errands.data[i]->boot)
		urls_withdraw(a, a->errands.data[i]->boot);
	errand_forget(a, i, err);
}

static void errand_abandon(struct agent *a, size_t i, const char *reason)
{
	struct err err = { 0 };

	boot_abandon(a->errands.data[i]->boot, a->options.entry->name, reason, &err);
	errand_end(a, i, &err);
}

void agent_take(struct agent *a, const struct engine_job *job, const char *name, bool adopt)
{
	struct errand *e = mem_alloc(sizeof(*e));
	struct err err = { 0 };

	e->job = *job;
	e->slot = -1;
	e->name = mem_printf("%s kiln %s", name, job->attempt);
	*vec_push(&a->errands) = e;
	a->options.started(&e->job, a->options.data);
	if (boot_open(a->options.home, job->spec, job->attempt, &e->boot, &err) < 0)
		errand_end(a, a->errands.n - 1, &err);
	else
		e->boot->adopt = adopt;
}

/* One artefact as the lab fetches it: {"url","sha256"}. */
static int artefact_offer(struct agent *a, struct boot *b, const char *digest, const char *name, json_t *all,
			  struct err *err)
{
	autofree char *path = NULL;
	char *url = NULL;

	if (!digest)
		return 0;
	if (depot_checkout(b->step.depot, digest, &path, err) < 0 || store_offer(a->store, path, name, &url, err) < 0)
		return err_wrap(err, "%s", name);
	b->urls[b->n_urls++] = url;
	json_object_set_new(all, name, json_pack("{s:s, s:s}", "url", url, "sha256", digest));
	return 0;
}

static int artefacts_offer(struct agent *a, struct boot *b, json_t *all, struct err *err)
{
	char ramdisk[HASH_HEX];
	bool some;

	if (boot_ramdisk(b, ramdisk, &some, err) < 0)
		return -1;
	return artefact_offer(a, b, json_str_or(b->step.spec, "image", NULL), "kernel", all, err) < 0 ||
			       artefact_offer(a, b, some ? ramdisk : NULL, "ramdisk", all, err) < 0 ||
			       artefact_offer(a, b, json_str_or(b->step.spec, "dtb", NULL), "dtb", all, err) < 0
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
	const struct http_request request = { .path = "api/v0.2/jobs/validate/", .body = body };
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
		return 0;
	}
	client_complaint(&reply, &said);
	/* Taken, but under which number? It is looked for. */
	if (not_now(&reply) || (reply.status >= 200 && reply.status < 300))
		return err_infra(err, 0, "lab %s: %s", a->options.entry->name, said.data);
	return err_user(err, "lab %s refuses the job: %s", a->options.entry->name, said.data);
}

/* 1: its job may be submitted. One that is there already goes on whether it has a place or not. */
static int place_take(struct agent *a, struct errand *e, struct err *err)
{
	int found = e->boot->adopt ? own_find(a->lab, e->boot, err) : 0;
	int place = found < 0 ? -1 : slot_take(a->options.home, a->options.entry, &e->slot, err);

	return place < 0 ? -1 : place && !found;
}

/* ERR_USER: this job never will be; ERR_INFRA: not now. 0: it is there, or others of this home are in its place. */
static int errand_send(struct agent *a, struct errand *e, struct err *err)
{
	autojson json_t *artefacts = json_object(), *body = NULL;
	autofree char *yaml = NULL, *text = NULL;
	int place = place_take(a, e, err);

	if (place <= 0)
		return place;
	if (!e->boot->n_urls && artefacts_offer(a, e->boot, artefacts, err) < 0)
		return -1;
	if (lab_job_definition(e->boot->step.spec, e->name, artefacts, &yaml, err) < 0)
		return -1;
	body = json_pack("{s:s}", "definition", yaml);
	text = json_dumps(body, JSON_COMPACT);
	return job_validate(a, text, err) < 0 || job_submit(a, e, text, err) < 0 ? -1 : 0;
}

static int64_t there(const struct agent *a)
{
	int64_t n = 0;

	for (size_t i = 0; i < a->errands.n; i++)
		n += a->errands.data[i]->boot->state == BOOT_THERE;
	return n;
}

/* Submits what may be submitted. -1: the lab does not answer. */
static int send_new(struct agent *a, struct err *err)
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
		errand_abandon(a, i, err->msg);
		*err = (struct err){ 0 };
	}
	return 0;
}

static void take_word(char **field, const char *value)
{
	free(*field);
	*field = value ? mem_strdup(value) : NULL;
}

static void states_take(struct agent *a, const json_t *jobs)
{
	for (size_t i = 0; i < a->errands.n; i++) {
		struct boot *b = a->errands.data[i]->boot;
		json_t *job;
		size_t k;

		b->missed += b->state == BOOT_THERE;
		json_array_foreach ((json_t *)jobs, k, job) {
			if (b->state != BOOT_THERE || json_int_or(job, "id", 0) != b->id)
				continue;
			b->missed = 0;
			take_word(&b->lava.state, json_str_or(job, "state", ""));
			take_word(&b->lava.health, json_str_or(job, "health", ""));
			take_word(&b->lava.device, json_str_or(job, "actual_device", NULL));
		}
	}
}

/* Jobs that the lab has no longer: somebody has deleted them. */
static void give_up_missed(struct agent *a)
{
	for (size_t i = 0; i < a->errands.n;) {
		const struct boot *b = a->errands.data[i]->boot;
		autofree char *reason = NULL;

		if (b->missed < MISSED_MAX) {
			i++;
			continue;
		}
		reason = mem_printf("lab %s has no job %lld any more", a->options.entry->name, (long long)b->id);
		errand_abandon(a, i, reason);
	}
}

/* One question for all jobs. */
static int ask_states(struct agent *a, struct err *err)
{
	autobuf struct buf path = { 0 };
	autojson json_t *jobs = NULL;

	for (size_t i = 0; i < a->errands.n; i++)
		if (a->errands.data[i]->boot->state == BOOT_THERE)
			buf_printf(&path, "%s%lld",
				   path.n ? "," : "jobs/?id__in=", (long long)a->errands.data[i]->boot->id);
	if (!path.n)
		return 0;
	if (client_list(a->lab, path.data, "id", &jobs, err) < 0)
		return -1;
	states_take(a, jobs);
	give_up_missed(a);
	return 0;
}

static bool state_is(const struct boot *b, const char *state)
{
	return b->lava.state && strcmp(b->lava.state, state) == 0;
}

/* Half as long as it has been going on. */
static int64_t turn_ms(const struct agent *a, const struct boot *b)
{
	int64_t poll = a->options.entry->poll_ms, ms = (clock_ms() - b->begun_ms) / 2;

	return ms < poll ? poll : ms < poll * TURN_MAX ? ms : poll * TURN_MAX;
}

/* A lab that answers, but not with this boot's log: the others are looked at all the same. 1: it is given up. */
static int on_unread(struct agent *a, size_t i, const struct err *err)
{
	struct boot *b = a->errands.data[i]->boot;
	int64_t now = clock_ms();

	if (!b->unread_ms)
		b->unread_ms = now;
	if (now - b->unread_ms < a->options.entry->patience_ms)
		return 0;
	errand_abandon(a, i, err->msg);
	return 1;
}

/* A job of a Kiln that was killed, whose artefacts went with it: only what the worker has by now it will ever have. */
static bool is_orphan(const struct agent *a, const struct boot *b)
{
	return b->adopt && !b->n_urls && store_is_own(a->store) && b->lava.state;
}

/* Lets it go on when it has all, else makes room for another attempt. 1: the boot has ended. */
static int orphan_end(struct agent *a, size_t i, struct err *err)
{
	struct boot *b = a->errands.data[i]->boot;
	struct err ignored = { 0 };

	if (state_is(b, "Running") && log_fetch(a->lab, b, err) < 0)
		return -1;
	if (b->lava.fetched >= boot_artefacts(b)) {
		b->adopt = false;
		return 0;
	}
	own_cancel(a->lab, b, &ignored);
	errand_abandon(a, i, "its artefacts went with the Kiln that was killed, before the lab had fetched them");
	return 1;
}

/* Reads its log where it is time to, and ends the boot when its job has ended. 1: it has. */
static int look_at(struct agent *a, size_t i, struct err *err)
{
	struct boot *b = a->errands.data[i]->boot;
	bool finished = state_is(b, "Finished");
	struct err ignored = { 0 };
	autofree char *url = NULL;

	if (!finished && is_orphan(a, b))
		return orphan_end(a, i, err);
	if (!finished && (!state_is(b, "Running") || clock_ms() < b->look_ms))
		return 0;
	if (log_fetch(a->lab, b, err) < 0) {
		if (err->num != EIO)
			return -1;
		finished = on_unread(a, i, err);
		*err = (struct err){ 0 };
		return finished;
	}
	b->unread_ms = 0;
	b->look_ms = clock_ms() + a->options.entry->poll_ms * LOG_TURNS;
	if (!finished) {
		/* The kernel is dead and nothing of it will end the job: the device is free for others. */
		if (boot_decided(b) && !b->cancelled && judge_result(b->judge)->verdict == VERDICT_FAIL)
			own_cancel(a->lab, b, &ignored);
		return 0;
	}
	url = own_url(a->options.entry, b->id);
	if (boot_finish(b, a->options.entry->name, url, err) < 0)
		return -1;
	errand_end(a, i, err);
	return 1;
}

static int look_at_all(struct agent *a, struct err *err)
{
	for (size_t i = 0; i < a->errands.n;) {
		int status = a->errands.data[i]->boot->state == BOOT_THERE ? look_at(a, i, err) : 0;

		if (status < 0)
			return -1;
		i += status == 0;
	}
	return 0;
}

/* No answer: all boots wait, and are given up in the end. */
static int64_t on_silence(struct agent *a, const struct err *err)
{
	const struct catalog_lab *entry = a->options.entry;
	int64_t retry = a->lab->retry_ms;
	autofree char *reason = NULL;

	if (err->num == ECANCELED)
		return 0;
	if (!a->silent_since)
		a->silent_since = clock_ms();
	/* A token that it takes no longer it will not take again. */
	if (clock_ms() - a->silent_since > entry->patience_ms || err->num == EACCES) {
		reason = err->num == EACCES ? mem_strdup(err->msg)
					    : mem_printf("%s; nothing else came for %lld s", err->msg,
							 (long long)entry->patience_ms / 1000);
		while (a->errands.n)
			errand_abandon(a, 0, reason);
	}
	a->back_off = a->back_off ? a->back_off * 2 : entry->poll_ms;
	if (a->back_off > entry->poll_ms * BACK_OFF_MAX)
		a->back_off = entry->poll_ms * BACK_OFF_MAX;
	if (retry > entry->patience_ms)
		retry = entry->patience_ms;
	return retry > a->back_off ? retry : a->back_off;
}

int64_t agent_turn(struct agent *a)
{
	int64_t wait = a->options.entry->poll_ms * TURN_MAX;
	struct err err = { 0 }, unsent = { 0 };
	bool sent = send_new(a, &unsent) == 0;

	/* What cannot be submitted does not keep the others from being followed. */
	if (ask_states(a, &err) < 0 || look_at_all(a, &err) < 0)
		return on_silence(a, &err);
	if (!sent)
		return on_silence(a, &unsent);
	a->silent_since = a->back_off = 0;
	for (size_t i = 0; i < a->errands.n; i++)
		if (turn_ms(a, a->errands.data[i]->boot) < wait)
			wait = turn_ms(a, a->errands.data[i]->boot);
	return wait;
}

void agent_stop(struct agent *a)
{
	http_stop(a->lab->http);
	store_stop(a->store);
}

/* What the lab still fetches by itself stays in its store. */
static void errand_part(struct agent *a, size_t i, const struct err *err)
{
	struct errand *e = a->errands.data[i];
	bool own = store_is_own(a->store);
	struct lab_parting parting = { .fate = own_part(a->lab, e->boot, own), .lab = a->options.entry->name };
	autofree char *url = e->boot->id ? own_url(a->options.entry, e->boot->id) : NULL;

	parting.id = e->boot->id;
	parting.url = url;
	a->options.parted(&e->job, &parting, a->options.data);
	if (parting.fate == LAB_FATE_NONE || parting.fate == LAB_FATE_CANCELLED)
		urls_withdraw(a, e->boot);
	errand_forget(a, i, err);
}

void agent_leave(struct agent *a)
{
	struct err err = { 0 };

	err_infra(&err, 0, "cancelled");
	http_go_on(a->lab->http, LEAVE_MS);
	while (a->errands.n)
		errand_part(a, 0, &err);
}
