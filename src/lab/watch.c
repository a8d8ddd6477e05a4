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

static int64_t quiet_ms(const struct agent *a)
{
	return a->options.entry->poll_ms * QUIET_TURNS;
}

static bool is_queued(const struct boot *b)
{
	return boot_is(b, "Submitted") || boot_is(b, "Scheduling");
}

/* clock_ms of the newest thing that was heard of it. */
static int64_t last_news(const struct boot *b)
{
	return b->grown_ms ? b->grown_ms : b->there_ms;
}

static bool is_quiet(const struct agent *a, const struct boot *b)
{
	return b->state == BOOT_THERE && b->lava.state && !boot_is(b, "Finished") &&
	       clock_ms() - last_news(b) >= quiet_ms(a);
}

/* Why a boot that waits for a device waits in vain, owned; NULL: it may still get one. */
static char *queue_fault(const struct agent *a, const struct boot *b)
{
	const struct catalog_lab *entry = a->options.entry;
	CLEANUP(choice_free) struct choice choice = { 0 };
	const char *idle;

	devices_choose(a->types, boot_lava(b), NULL, &choice);
	if (!choice.wanted) {
		autofree char *why = devices_why(a->types, boot_lava(b));

		return mem_printf("no device of lab %s is available any more (%s): its job was queued in vain",
				  entry->name, why);
	}
	idle = devices_idle(a->types, boot_lava(b));
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

/* 1: it is given up. */
static int watch(struct agent *a, size_t i)
{
	struct boot *b = a->errands.data[i]->boot;
	bool queued = is_queued(b);
	struct err ignored = { 0 };
	autofree char *fault = NULL;

	if (queued)
		avoid_check(a, b);
	fault = queued ? queue_fault(a, b) : run_fault(a, b);
	if (!fault || own_cancel(a->lab, b, &ignored) == 0)
		return 0;
	errand_abandon(a, i, queued && !b->because ? VERDICT_SKIP : VERDICT_INFRA, fault);
	return 1;
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
