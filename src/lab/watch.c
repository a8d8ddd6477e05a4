/* Boots that wait in vain: LAVA queues a job for ever when its devices are taken out of use, and one whose worker is
 * gone runs for ever. */
#include "lab/agent_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/devices.h"
#include "lab/job.h"

#include <string.h>

/* Polls without news after which the lab is asked what it has; and how many such questions in a row a worker may be
 * offline for. */
enum { QUIET_TURNS = 20, OFFLINE_MAX = 3 };
/* Polls for which a device is kept busy, so that another is given. */
enum { HOLD_TURNS = 100 };

static int64_t quiet_ms(const struct agent *a)
{
	return a->options.entry->poll_ms * QUIET_TURNS;
}

static bool is_queued(const struct boot *b)
{
	return strcmp(b->lava.state, "Submitted") == 0 || strcmp(b->lava.state, "Scheduling") == 0;
}

/* clock_ms of the newest thing that was heard of it. */
static int64_t last_news(const struct boot *b)
{
	return b->grown_ms ? b->grown_ms : b->there_ms;
}

static bool is_quiet(const struct agent *a, const struct boot *b)
{
	return b->state == BOOT_THERE && b->lava.state && strcmp(b->lava.state, "Finished") != 0 &&
	       clock_ms() - last_news(b) >= quiet_ms(a);
}

static const json_t *lava_of(const struct boot *b)
{
	return json_object_get(b->step.spec, "lava");
}

/* Why a boot that waits for a device waits in vain, owned; NULL: it may still get one. */
static char *queue_fault(const struct agent *a, const struct boot *b)
{
	const struct catalog_lab *entry = a->options.entry;
	CLEANUP(choice_free) struct choice choice = { 0 };
	const char *idle;

	devices_choose(a->types, lava_of(b), NULL, &choice);
	if (!choice.wanted) {
		autofree char *why = devices_why(a->types, lava_of(b));

		return mem_printf("no device of lab %s is available any more (%s): its job was queued in vain",
				  entry->name, why);
	}
	idle = devices_idle(a->types, lava_of(b));
	if (!idle || clock_ms() - b->there_ms < entry->patience_ms)
		return NULL;
	return mem_printf("lab %s did not begin its job in %lld s though %s is idle: may %s submit jobs to it?",
			  entry->name, (long long)(clock_ms() - b->there_ms) / 1000, idle, entry->user);
}

/* Why a boot that runs never will end, owned; NULL: it may. */
static char *run_fault(struct agent *a, struct boot *b)
{
	const json_t *device = b->lava.device ? devices_find(a->types, b->lava.device) : NULL;
	int64_t limit = lab_job_seconds(b->step.spec) * 1000 + a->options.entry->patience_ms, now = clock_ms();

	if (b->running_ms && now - b->running_ms > limit)
		return mem_printf("its job on %s outlived its own time limit by %lld s",
				  b->lava.device ? b->lava.device : "no device",
				  (long long)a->options.entry->patience_ms / 1000);
	if (!device || json_bool_or(device, "online", true))
		b->offline_ms = 0;
	else if (!b->offline_ms)
		b->offline_ms = now;
	if (!b->offline_ms || now - b->offline_ms < quiet_ms(a) * OFFLINE_MAX)
		return NULL;
	return mem_printf("the worker %s of its device %s went offline, and has not come back for %lld s",
			  json_str_or(device, "worker", ""), b->lava.device, (long long)(now - b->offline_ms) / 1000);
}

/* No other device is waited for any more: its job may have any that the entry does not leave out. */
static void avoid_nothing(const struct agent *a, struct boot *b)
{
	CLEANUP(choice_free) struct choice choice = { 0 };

	json_decref(b->avoid);
	b->avoid = NULL;
	devices_choose(a->types, lava_of(b), NULL, &choice);
	json_decref(b->unwanted);
	b->unwanted = json_incref(choice.unwanted);
}

/* Where all other devices have gone meanwhile, those that were to be avoided are what there is. */
static void other_check(const struct agent *a, struct boot *b)
{
	CLEANUP(choice_free) struct choice choice = { 0 };

	if (!b->avoid)
		return;
	devices_choose(a->types, lava_of(b), b->avoid, &choice);
	if (!choice.again)
		return;
	b->alone = b->because != NULL;
	avoid_nothing(a, b);
}

/* 1: it is given up. */
static int watch(struct agent *a, size_t i)
{
	struct boot *b = a->errands.data[i]->boot;
	bool queued = is_queued(b);
	struct err ignored = { 0 };
	autofree char *fault = NULL;

	if (queued)
		other_check(a, b);
	fault = queued ? queue_fault(a, b) : run_fault(a, b);
	if (!fault)
		return 0;
	own_cancel(a->lab, b, &ignored);
	errand_abandon(a, i, queued && !b->because ? VERDICT_SKIP : VERDICT_INFRA, fault);
	return 1;
}

/* Its job has a device that is to be avoided. Were it cancelled, the next one would be as likely to get that again: so
 * it stays, and another is submitted before all that wait. */
static void hold(struct agent *a, size_t i)
{
	struct errand *e = a->errands.data[i];

	if (e->boot->turn == OWN_TURNS) {
		avoid_nothing(a, e->boot);
		return;
	}
	boot_hold(e->boot, e->slot);
	e->slot = -1;
	memmove(&a->errands.data[1], &a->errands.data[0], i * sizeof(a->errands.data[0]));
	a->errands.data[0] = e;
}

static bool has_device(const struct boot *b)
{
	return b->state == BOOT_THERE && b->lava.device;
}

/* Holds end when the boot's own job has another device or no longer waits for one, and when the lab takes one job at a
 * time: then that being cancelled, which takes LAVA some seconds, is all that keeps the device busy. */
static void holds_watch(struct agent *a, struct boot *b)
{
	const struct catalog_lab *entry = a->options.entry;
	struct err ignored = { 0 };

	if (!holds_busy(&b->holds))
		return;
	if (b->avoid && clock_ms() - b->holds.all.data[0].since_ms > entry->poll_ms * HOLD_TURNS)
		avoid_nothing(a, b);
	/* What this turn does not, the next one does. */
	if (!b->avoid || has_device(b) || entry->jobs == 1)
		own_release(a->lab, b, &ignored);
}

/* 1: its job is cancelled, and it is given up; 0: the next turn does it. */
static int give_back(struct agent *a, size_t i)
{
	struct boot *b = a->errands.data[i]->boot;
	struct err ignored = { 0 };
	autofree char *reason = NULL;

	if (own_cancel(a->lab, b, &ignored) <= 0)
		return 0;
	reason = mem_printf(
		"%s%sLAVA gave it the device %s, which the lab's entry leaves out, and which no tag tells from others",
		b->because ? b->because : "", b->because ? "; then " : "", b->lava.device);
	errand_abandon(a, i, VERDICT_INFRA, reason);
	return 1;
}

/* 1: it is given up. */
static int watch_device(struct agent *a, size_t i)
{
	struct boot *b = a->errands.data[i]->boot;

	if (has_device(b) && !b->cancelled && strcmp(b->lava.state, "Finished") != 0 &&
	    devices_list_has(b->unwanted, b->lava.device)) {
		if (json_bool_or(devices_find(a->types, b->lava.device), "left_out", false))
			return give_back(a, i);
		hold(a, i);
	}
	holds_watch(a, b);
	return 0;
}

void watch_devices(struct agent *a)
{
	for (size_t i = 0; i < a->errands.n;)
		i += watch_device(a, i) == 0;
}

int watch_all(struct agent *a, struct err *err)
{
	bool quiet = false;

	for (size_t i = 0; i < a->errands.n; i++)
		quiet |= is_quiet(a, a->errands.data[i]->boot);
	if (!quiet)
		return 0;
	if (types_since(a, clock_ms() - quiet_ms(a), err) < 0)
		return -1;
	for (size_t i = 0; i < a->errands.n;)
		i += !is_quiet(a, a->errands.data[i]->boot) || watch(a, i) == 0;
	return 0;
}
