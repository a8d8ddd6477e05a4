/* Devices that jobs are given, and that their boots are not to have. */
#include "lab/agent_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/devices.h"

#include <string.h>

/* Polls for which a device is kept busy, so that another is given. */
enum { HOLD_TURNS = 100 };

/* No other device is waited for any more: its job may have any that the entry does not leave out. */
static void avoid_nothing(const struct agent *a, struct boot *b)
{
	CLEANUP(choice_free) struct choice choice = { 0 };

	json_decref(b->avoid);
	b->avoid = NULL;
	devices_choose(a->types, boot_lava(b), NULL, &choice);
	json_decref(b->unwanted);
	b->unwanted = json_incref(choice.unwanted);
}

void avoid_check(const struct agent *a, struct boot *b)
{
	CLEANUP(choice_free) struct choice choice = { 0 };

	if (!b->avoid)
		return;
	devices_choose(a->types, boot_lava(b), b->avoid, &choice);
	if (!choice.again)
		return;
	b->alone = b->because != NULL;
	avoid_nothing(a, b);
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

	if (has_device(b) && !b->cancelled && !boot_is(b, "Finished") && json_has_string(b->unwanted, b->lava.device)) {
		if (json_bool_or(devices_find(a->types, b->lava.device), "left_out", false))
			return give_back(a, i);
		hold(a, i);
	}
	holds_watch(a, b);
	return 0;
}

void avoid_watch(struct agent *a)
{
	for (size_t i = 0; i < a->errands.n;)
		i += watch_device(a, i) == 0;
}
