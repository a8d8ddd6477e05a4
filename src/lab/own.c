#include "lab/own.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/private.h"

#include <string.h>

enum { SETTLE_MS = 60000 };

/* What the job fetches from the store, to be taken back in the end. The lab may say anything: only what can be of this
 * program's own making counts, SECRET/NAME. */
static void urls_adopt(const struct catalog_lab *entry, const char *definition, struct boot *b)
{
	autofree char *base = str_with_slash(entry->fetch);

	for (const char *at = definition; (at = strstr(at, base)) && b->n_urls < countof(b->urls);) {
		const char *secret = at + strlen(base);
		size_t n = strspn(secret, "0123456789abcdef-");
		const char *name = secret + n + 1;
		bool whole = n == UUID_TEXT - 1 && secret[n] == '/';
		size_t letters = whole ? strspn(name, "abcdefghijklmnopqrstuvwxyz") : 0;

		if (letters)
			b->urls[b->n_urls++] = mem_strndup(at, (size_t)(name - at) + letters);
		at = secret;
	}
}

static char *mark_of(int turn, const char *attempt)
{
	return turn > 1 ? mem_printf(" kiln %d %s", turn, attempt) : mem_printf(" kiln %s", attempt);
}

char *own_description(const char *name, const struct boot *b)
{
	autofree char *mark = mark_of(b->turn, b->step.attempt);

	return mem_printf("%s%s", name, mark);
}

/* Which of the attempt's jobs this is; 0: none. */
static int turn_of(const struct lab *lab, const json_t *job, const char *attempt)
{
	if (!job_is_own(lab, job))
		return 0;
	for (int turn = 1; turn <= OWN_TURNS; turn++) {
		autofree char *mark = mark_of(turn, attempt);

		if (str_ends(json_str_or(job, "description", ""), mark))
			return turn;
	}
	return 0;
}

/* The newest turn is the boot's. Of several jobs of one turn it is the oldest: who submits a job once more by hand
 * keeps its description. */
static void jobs_take(const struct lab *lab, const json_t *jobs, struct boot *b)
{
	const json_t *own = NULL;
	json_t *job;
	size_t i;

	json_array_foreach ((json_t *)jobs, i, job) {
		int turn = turn_of(lab, job, b->step.attempt);

		if (turn < b->turn || (own && turn == b->turn))
			continue;
		if (own && !job_has_ended(own))
			holds_add(&b->holds, b->id, json_str_or(own, "actual_device", NULL), -1);
		own = job;
		b->turn = turn;
		b->id = json_int_or(job, "id", 0);
	}
	if (!own)
		return;
	b->state = BOOT_THERE;
	if (lab->entry->store && !b->n_urls)
		urls_adopt(lab->entry, json_str_or(own, "definition", ""), b);
}

int own_find(struct lab *lab, struct boot *b, struct err *err)
{
	autofree char *path = mem_printf("jobs/?description__contains=%s", b->step.attempt);
	autojson json_t *found = NULL;

	if (client_list(lab, path, "id", &found, err) < 0)
		return -1;
	jobs_take(lab, found, b);
	return b->state == BOOT_THERE;
}

/* known: more of it than that it may have begun. */
static int cancel(struct lab *lab, int64_t id, bool known, struct err *err)
{
	int ripe = known ? 1 : job_is_ripe(lab, id, err);

	if (ripe <= 0)
		return ripe;
	return job_cancel(lab, id, err) < 0 ? -1 : 1;
}

/* A worker that has not even begun a log by then never will. */
static bool has_settled(int64_t since_ms)
{
	return since_ms && clock_ms() - since_ms > SETTLE_MS;
}

int own_cancel(struct lab *lab, struct boot *b, struct err *err)
{
	int status = cancel(lab, b->id, b->log.lines || has_settled(b->running_ms), err);

	b->cancelled |= status > 0;
	return status;
}

int own_release(struct lab *lab, struct boot *b, struct err *err)
{
	for (size_t i = 0; i < b->holds.all.n; i++) {
		struct hold *h = &b->holds.all.data[i];
		int status = h->over_ms ? 0 : cancel(lab, h->id, has_settled(h->since_ms), err);

		if (status < 0)
			return -1;
		if (status == 0)
			continue;
		h->over_ms = clock_ms();
		slot_free(&h->slot);
	}
	return 0;
}

char *own_url(const struct catalog_lab *entry, int64_t id)
{
	autofree char *base = str_with_slash(entry->url);

	return mem_printf("%sscheduler/job/%lld", base, (long long)id);
}

/* Its log may be some polls old: it is looked at once more, as far as there is time. */
static bool has_all(struct lab *lab, struct boot *b)
{
	struct err ignored = { 0 };

	if (boot_is(b, "Finished"))
		return true;
	if (b->lava.fetched < boot_artefacts(b))
		log_fetch(lab, b, &ignored);
	return b->lava.fetched >= boot_artefacts(b);
}

enum lab_fate own_part(struct lab *lab, struct boot *b, bool served)
{
	int there = b->state == BOOT_THERE;
	struct err ignored = { 0 };

	if (b->cancelled)
		return LAB_FATE_CANCELLED;
	if (!there && b->adopt)
		there = own_find(lab, b, &ignored);
	if (there <= 0)
		return there ? LAB_FATE_UNSURE : LAB_FATE_NONE;
	if (!served || has_all(lab, b))
		return LAB_FATE_LEFT;
	switch (own_cancel(lab, b, &ignored)) {
	case 1:
		return LAB_FATE_CANCELLED;
	case 0:
		return LAB_FATE_EARLY;
	default:
		return LAB_FATE_UNSURE;
	}
}
