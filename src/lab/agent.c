#define _GNU_SOURCE
#include "lab/agent_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A boot is asked about less often as it grows older, and a lab that does not answer ever less often, until its boots
 * are given up. In polls of the lab's entry. */
enum { TURN_MAX = 5, LOG_TURNS = 5, BACK_OFF_MAX = 40 };
/* Lists without a job before it counts as gone. */
enum { MISSED_MAX = 3 };
/* All that is said to a lab when it is left; and how long those are waited for that have just begun, asking so often.
 */
enum { LEAVE_MS = 4000, EARLY_MS = 8000, EARLY_POLL_MS = 300 };

static void budget_open(struct agent *a)
{
	json_t *use;
	size_t i;

	a->budget.limit = (double)a->options.entry->minutes * 60;
	json_array_foreach ((json_t *)a->options.used, i, use)
		budget_add(&a->budget, json_integer_value(json_array_get(use, 0)),
			   json_number_value(json_array_get(use, 1)));
}

int agent_new(const struct agent_options *options, struct agent **out, struct err *err)
{
	struct agent *a = mem_alloc(sizeof(*a));

	a->options = *options;
	if (lab_open(options->entry, &a->lab, err) < 0 || store_open(options->entry, &a->store, err) < 0 ||
	    shelf_open(options->home, &a->shelf, err) < 0) {
		agent_free(a);
		return err_wrap(err, "lab %s", options->entry->name);
	}
	a->lab->tries = 1; /* a turn that fails is taken again */
	a->types = json_deep_copy(options->types);
	a->types_ms = clock_ms();
	budget_open(a);
	*out = a;
	return 0;
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->errands.n; i++)
		errand_free(a->errands.data[i]);
	vec_free(&a->errands);
	json_decref(a->types);
	budget_free(&a->budget);
	shelf_free(a->shelf);
	store_free(a->store);
	lab_free(a->lab);
	free(a);
}

size_t agent_busy(const struct agent *a)
{
	return a->errands.n;
}

void agent_take(struct agent *a, const struct engine_job *job, const struct lab_wish *wish)
{
	struct errand *e = mem_alloc(sizeof(*e));
	struct err err = { 0 };

	e->job = *job;
	e->name = mem_strdup(wish->name);
	e->taken_ms = clock_ms();
	e->slot = -1;
	*vec_push(&a->errands) = e;
	a->options.started(&e->job, a->options.data);
	if (boot_open(a->options.home, job->spec, job->attempt, a->shelf, &e->boot, &err) < 0) {
		errand_end(a, a->errands.n - 1, &err);
		return;
	}
	e->boot->adopt = wish->adopt;
	e->boot->avoid = json_deep_copy(wish->avoid);
	e->boot->because = wish->because ? mem_strdup(wish->because) : NULL;
}

static void take_word(char **field, const char *value)
{
	free(*field);
	*field = value ? mem_strdup(value) : NULL;
}

/* Of one that has not begun, only that it is there. */
static void state_take(struct boot *b, const json_t *job)
{
	b->missed = 0;
	take_word(&b->lava.state, json_str_or(job, "state", ""));
	take_word(&b->lava.health, json_str_or(job, "health", ""));
	take_word(&b->lava.device, json_str_or(job, "actual_device", NULL));
	b->lava.begun_ms = lab_moment(json_str_or(job, "start_time", ""));
	b->lava.ended_ms = lab_moment(json_str_or(job, "end_time", ""));
	if (!b->there_ms)
		b->there_ms = clock_ms();
	if (!b->running_ms && boot_is(b, "Running"))
		b->running_ms = b->grown_ms = clock_ms();
}

static void states_take(struct agent *a, const json_t *jobs)
{
	for (size_t i = 0; i < a->errands.n; i++) {
		struct boot *b = a->errands.data[i]->boot;
		json_t *job;
		size_t k;

		b->missed += b->state == BOOT_THERE;
		json_array_foreach ((json_t *)jobs, k, job) {
			if (b->state == BOOT_THERE && json_int_or(job, "id", 0) == b->id)
				state_take(b, job);
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
		errand_abandon(a, i, VERDICT_INFRA, reason);
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

/* Half as long as it has been there; what still waits for its turn needs none. */
static int64_t turn_ms(const struct agent *a, const struct boot *b)
{
	int64_t poll = a->options.entry->poll_ms, ms = b->there_ms ? (clock_ms() - b->there_ms) / 2 : 0;

	if (b->state == BOOT_THERE && ms < poll)
		return poll;
	return b->state == BOOT_THERE && ms < poll * TURN_MAX ? ms : poll * TURN_MAX;
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
	errand_abandon(a, i, VERDICT_INFRA, err->msg);
	return 1;
}

/* A job of a Kiln that has ended, whose artefacts went with it: only what the worker has by now it will ever have. */
static bool is_orphan(const struct agent *a, const struct boot *b)
{
	return b->adopt && !b->n_urls && store_is_own(a->store) && b->lava.state;
}

/* Lets it go on when it has all, else makes room for another attempt. 1: the boot has ended. */
static int orphan_end(struct agent *a, size_t i, struct err *err)
{
	struct boot *b = a->errands.data[i]->boot;
	struct err ignored = { 0 };

	if (boot_is(b, "Running") && log_fetch(a->lab, b, err) < 0)
		return -1;
	if (b->lava.fetched >= boot_artefacts(b)) {
		b->adopt = false;
		return 0;
	}
	if (own_cancel(a->lab, b, &ignored) == 0)
		return 0;
	errand_abandon(a, i, VERDICT_INFRA,
		       "its artefacts went with the Kiln that submitted it, before the lab had fetched them");
	return 1;
}

/* What became of the device that the job ran on. */
static int device_ask(struct agent *a, struct boot *b, struct err *err)
{
	autobuf struct buf path = { 0 };
	autojson json_t *device = NULL;

	if (!b->lava.device || b->lava.device_health)
		return 0;
	buf_adds(&path, "devices/");
	http_escape(b->lava.device, &path);
	buf_adds(&path, "/");
	if (client_get(a->lab, path.data, &device, err) == 0) {
		take_word(&b->lava.device_health, json_str_or(device, "health", ""));
		return 0;
	}
	/* One that is retired, or not for this user any more, is not found. */
	if (err->num != ENOENT)
		return -1;
	*err = (struct err){ 0 };
	take_word(&b->lava.device_health, "gone");
	return 0;
}

/* The job has come to its end. */
static int finish(struct agent *a, size_t i, struct err *err)
{
	struct boot *b = a->errands.data[i]->boot;
	autofree char *url = own_url(a->options.entry, b->id);

	if (device_ask(a, b, err) < 0 || boot_finish(b, a->options.entry->name, url, err) < 0)
		return -1;
	errand_end(a, i, err);
	return 1;
}

/* Reads its log where it is time to, and ends the boot when its job has ended. 1: it has. */
static int look_at(struct agent *a, size_t i, struct err *err)
{
	struct boot *b = a->errands.data[i]->boot;
	bool finished = boot_is(b, "Finished");
	int64_t lines = b->log.lines;
	struct err ignored = { 0 };

	if (!finished && is_orphan(a, b))
		return orphan_end(a, i, err);
	if (!finished && (!boot_is(b, "Running") || clock_ms() < b->look_ms))
		return 0;
	if (log_fetch(a->lab, b, err) < 0) {
		if (err->num != EIO)
			return -1;
		finished = on_unread(a, i, err);
		*err = (struct err){ 0 };
		return finished;
	}
	b->unread_ms = 0;
	if (b->log.lines > lines)
		b->grown_ms = clock_ms();
	b->look_ms = clock_ms() + a->options.entry->poll_ms * LOG_TURNS;
	if (!finished) {
		/* The kernel is dead and nothing of it will end the job: the device is free for others. */
		if (boot_decided(b) && !b->cancelled && judge_result(b->judge)->verdict == VERDICT_FAIL)
			own_cancel(a->lab, b, &ignored);
		return 0;
	}
	return finish(a, i, err);
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
			errand_abandon(a, 0, VERDICT_INFRA, reason);
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
	struct err err = { 0 };

	/* What has ended makes room for what is new. */
	a->full = false;
	if (ask_states(a, &err) < 0)
		return on_silence(a, &err);
	avoid_watch(a);
	if (look_at_all(a, &err) < 0 || watch_all(a, &err) < 0 || send_new(a, &err) < 0)
		return on_silence(a, &err);
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

/* What the lab still fetches by itself stays in its store. 1: it is left; 0: one of its jobs has just begun, and this
 * is not the last time to ask. */
static int errand_part(struct agent *a, size_t i, bool last, const struct err *err)
{
	struct errand *e = a->errands.data[i];
	bool own = store_is_own(a->store);
	struct lab_parting parting = { .fate = own_part(a->lab, e->boot, own), .lab = a->options.entry->name };
	autofree char *url = e->boot->id ? own_url(a->options.entry, e->boot->id) : NULL;
	struct err ignored = { 0 };
	bool released = own_release(a->lab, e->boot, &ignored) < 0 || !holds_busy(&e->boot->holds);

	if (!last && (parting.fate == LAB_FATE_EARLY || !released))
		return 0;
	parting.id = e->boot->id;
	parting.url = url;
	a->options.parted(&e->job, &parting, a->options.data);
	if (lab_is_gone(parting.fate))
		errand_withdraw(a, e);
	errand_forget(a, i, err);
	return 1;
}

void agent_leave(struct agent *a)
{
	int64_t begun = clock_ms();
	struct err err = { 0 };

	err_infra(&err, 0, "cancelled");
	for (;;) {
		http_go_on(a->lab->http, LEAVE_MS);
		for (size_t i = 0; i < a->errands.n;)
			i += errand_part(a, i, clock_ms() - begun > EARLY_MS, &err) == 0;
		if (!a->errands.n)
			return;
		clock_sleep(EARLY_POLL_MS);
	}
}
