#include "lab/holds.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdlib.h>
#include <unistd.h>

void holds_add(struct holds *h, int64_t id, const char *device, int slot)
{
	*vec_push(&h->all) = (struct hold){ id, device ? mem_strdup(device) : NULL, slot, clock_ms(), 0 };
}

size_t holds_busy(const struct holds *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->all.n; i++)
		n += !h->all.data[i].over_ms;
	return n;
}

int64_t holds_ms(const struct holds *h)
{
	int64_t ms = 0, now = clock_ms();

	for (size_t i = 0; i < h->all.n; i++)
		ms += (h->all.data[i].over_ms ? h->all.data[i].over_ms : now) - h->all.data[i].since_ms;
	return ms;
}

json_t *holds_json(const struct holds *h)
{
	json_t *all = json_array();

	for (size_t i = 0; i < h->all.n; i++) {
		const struct hold *one = &h->all.data[i];
		json_t *hold = json_pack("{s:I}", "job", (json_int_t)one->id);

		if (one->device)
			json_object_set_new(hold, "device", json_text(view_of(one->device)));
		json_array_append_new(all, hold);
	}
	return all;
}

void holds_free(struct holds *h)
{
	for (size_t i = 0; i < h->all.n; i++) {
		free(h->all.data[i].device);
		if (h->all.data[i].slot >= 0)
			close(h->all.data[i].slot);
	}
	vec_free(&h->all);
}
