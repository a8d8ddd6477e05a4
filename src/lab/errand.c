/* One boot that an agent works for, from its taking to its end, and what its lab was last seen to have. */
#include "lab/agent_private.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void errand_free(struct errand *e)
{
	boot_free(e->boot);
	json_decref(e->job.spec);
	slot_leave(&e->slot);
	free(e->name);
	free(e);
}

void errand_withdraw(struct agent *a, struct errand *e)
{
	struct boot *b = e->boot;

	for (size_t i = 0; b && i < b->n_urls; i++) {
		store_withdraw(a->store, b->urls[i]);
		free(b->urls[i]);
	}
	if (b)
		b->n_urls = 0;
}

/* As far as is known. */
static bool job_is_over(const struct boot *b)
{
	return b->cancelled || !b->id || b->missed || boot_is(b, "Finished");
}

void errand_forget(struct agent *a, size_t i, const struct err *err)
{
	struct errand *e = a->errands.data[i];
	bool good = err->class == ERR_NONE;

	if (e->boot && job_is_over(e->boot))
		slot_free(&e->slot);
	if (good && e->boot)
		budget_add(&a->budget, clock_unix(), boot_device_seconds(e->boot));
	a->options.ended(&e->job, good && e->boot ? e->boot->step.record : NULL, err, a->options.data);
	errand_free(e);
	memmove(&a->errands.data[i], &a->errands.data[i + 1], (--a->errands.n - i) * sizeof(a->errands.data[0]));
}

void errand_end(struct agent *a, size_t i, const struct err *err)
{
	struct err ignored = { 0 };

	if (a->errands.data[i]->boot)
		own_release(a->lab, a->errands.data[i]->boot, &ignored);
	errand_withdraw(a, a->errands.data[i]);
	errand_forget(a, i, err);
}

void errand_abandon(struct agent *a, size_t i, enum verdict verdict, const char *reason)
{
	struct err err = { 0 };

	boot_abandon(a->errands.data[i]->boot, a->options.entry->name, verdict, reason, &err);
	errand_end(a, i, &err);
}

int types_since(struct agent *a, int64_t since_ms, struct err *err)
{
	json_t *types;

	if (a->types && a->types_ms >= since_ms)
		return 0;
	if (lab_types(a->lab, &types, err) < 0)
		return -1;
	json_decref(a->types);
	a->types = types;
	a->types_ms = clock_ms();
	return 0;
}
