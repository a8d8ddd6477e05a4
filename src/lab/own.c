#include "lab/own.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "lab/private.h"

#include <string.h>

/* What the job fetches from the store, to be taken back in the end. The lab may say anything: only what can be of this
 * program's own making counts, SECRET/NAME. */
static void urls_adopt(const struct catalog_lab *entry, const char *definition, struct boot *b)
{
	autofree char *base = mem_printf("%s%s", entry->fetch, str_ends(entry->fetch, "/") ? "" : "/");

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
		if (lab->entry->store && !b->n_urls)
			urls_adopt(lab->entry, json_str_or(job, "definition", ""), b);
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
