/* What was found to differ, by its cause. */
#include "compare/private.h"

#include "base/cleanup.h"

enum { EXAMPLES_MAX = 200 };

static const struct {
	const char *name, *meaning, *advice;
} table[] = {
#define X(id, name, meaning, advice) [CAUSE_##id] = { name, meaning, advice },
	CAUSES(X)
#undef X
};

const char *cause_name(enum cause cause)
{
	return table[cause].name;
}

json_t *causes_json(causes why)
{
	json_t *list = json_array();

	for (int i = 0; i < CAUSE_COUNT; i++)
		if (why & 1u << i)
			json_array_append_new(list, json_string(table[i].name));
	return list;
}

static json_t *text_or_null(struct view text)
{
	return text.p ? json_text(text) : json_null();
}

void told_add(struct comparison *c, enum cause cause, struct view first, struct view second)
{
	autobuf struct buf key = { 0 };

	buf_printf(&key, "%d ", (int)cause);
	buf_addv(&key, first);
	buf_addc(&key, '\0');
	buf_addv(&key, second);
	if (map_get(&c->told, (struct view){ key.data, key.n }))
		return;
	map_set(&c->told, (struct view){ key.data, key.n }, c);
	c->count[cause]++;
	if (!c->examples[cause])
		c->examples[cause] = json_array();
	if (json_array_size(c->examples[cause]) < EXAMPLES_MAX)
		json_array_append_new(c->examples[cause], json_pack("{s:o, s:o}", "first", text_or_null(first),
								    "second", text_or_null(second)));
}

json_t *causes_told(const struct comparison *c)
{
	json_t *list = json_array();

	for (int i = 0; i < CAUSE_COUNT; i++)
		if (c->count[i])
			json_array_append_new(list,
					      json_pack("{s:s, s:s, s:s?, s:I, s:O}", "cause", table[i].name, "meaning",
							table[i].meaning, "advice", table[i].advice, "count",
							(json_int_t)c->count[i], "examples", c->examples[i]));
	return list;
}
