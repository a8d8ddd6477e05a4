#include "lab/own.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/private.h"

#include <string.h>

/* Of several the oldest: who submits a job once more by hand keeps its description. */
int own_find(struct lab *lab, struct boot *b, struct err *err)
{
	autofree char *path = mem_printf("jobs/?description__contains=%s", b->step.attempt);
	autojson json_t *found = NULL;
	json_t *job;
	size_t i;

	if (client_list(lab, path, "id", &found, err) < 0)
		return -1;
	json_array_foreach (found, i, job) {
		if (strcmp(json_str_or(job, "submitter", ""), lab->entry->user) != 0 ||
		    !str_ends(json_str_or(job, "description", ""), b->step.attempt))
			continue;
		b->id = json_int_or(job, "id", 0);
		b->state = BOOT_THERE;
		return 1;
	}
	return 0;
}

int own_cancel(struct lab *lab, struct boot *b, struct err *err)
{
	autofree char *path = mem_printf("jobs/%lld/cancel/", (long long)b->id);
	autojson json_t *answer = NULL;

	if (client_get(lab, path, &answer, err) < 0)
		return -1;
	b->cancelled = true;
	return 0;
}

char *own_url(const struct catalog_lab *entry, int64_t id)
{
	return mem_printf("%s%sscheduler/job/%lld", entry->url, str_ends(entry->url, "/") ? "" : "/", (long long)id);
}

/* Its log may be some polls old: it is looked at once more, as far as there is time. */
static bool has_all(struct lab *lab, struct boot *b)
{
	struct err ignored = { 0 };

	if (b->lava.state && strcmp(b->lava.state, "Finished") == 0)
		return true;
	if (b->lava.fetched < boot_artefacts(b))
		log_fetch(lab, b, &ignored);
	return b->lava.fetched >= boot_artefacts(b);
}

enum lab_fate own_part(struct lab *lab, struct boot *b, bool served)
{
	int there = b->state == BOOT_THERE;
	struct err ignored = { 0 };

	if (!there && b->adopt)
		there = own_find(lab, b, &ignored);
	if (there <= 0)
		return there ? LAB_FATE_UNSURE : LAB_FATE_NONE;
	if (!served || has_all(lab, b))
		return LAB_FATE_LEFT;
	return own_cancel(lab, b, &ignored) == 0 ? LAB_FATE_CANCELLED : LAB_FATE_UNSURE;
}
