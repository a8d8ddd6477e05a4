/* Boots in labs: whether a lab has the board, and what it is asked for. */
#include "base/cleanup.h"
#include "judge/judge.h"
#include "plan/private.h"
#include "step/step.h"

#include <inttypes.h>
#include <string.h>

const char *lab_missing(const struct catalog_lab *lab, const struct plan_facts *facts)
{
	return json_string_value(json_object_get(facts->labs, lab->name));
}

static bool has_tags(const json_t *device, const struct names *tags)
{
	const json_t *have = json_object_get(device, "tags");

	for (size_t i = 0; i < tags->n; i++)
		if (!json_has_string(have, tags->data[i]))
			return false;
	return true;
}

/* Devices of the board's type that may be used and have its tags. */
static size_t devices_for(const struct catalog_lava *lava, const json_t *type)
{
	json_t *device;
	size_t i, n = 0;

	json_array_foreach (json_object_get(type, "devices"), i, device)
		n += json_bool_or(device, "available", false) && has_tags(device, &lava->tags);
	return n;
}

static const json_t *type_of(const json_t *survey, const char *name)
{
	json_t *type;
	size_t i;

	json_array_foreach (json_object_get(survey, "types"), i, type)
		if (strcmp(json_str_or(type, "type", ""), name) == 0)
			return type;
	return NULL;
}

static bool lacks(reason_vec *reasons, const char *symbol, const char *want, const char *have)
{
	*vec_push(reasons) = (struct reason){ .symbol = symbol, .want = want, .have = have, .kind = REQUIRE };
	return false;
}

bool lab_match(const struct catalog_lab *lab, const struct catalog_board *board, const struct plan_facts *facts,
	       struct arena *a, reason_vec *reasons)
{
	const json_t *survey = json_object_get(facts->labs, lab->name), *type = type_of(survey, board->lava.type);
	const char *version = json_str_or(survey, "version", "");
	struct kversion have = { 0 }, min = { 0 };

	if (board->lava.min && kversion_parse(view_of(version), &have) == 0 &&
	    kversion_parse(view_of(board->lava.min), &min) == 0 && kversion_cmp(have, min) < 0)
		return lacks(reasons, "lava", arena_printf(a, ">=%s", board->lava.min), arena_strdup(a, version));
	if (!type)
		return lacks(reasons, "device type", board->lava.type, "not in this lab");
	if (!devices_for(&board->lava, type))
		return lacks(reasons, "available devices", arena_printf(a, ">=1 of %s", board->lava.type), "0");
	return true;
}

static void add_word(json_t *list, const char *key, const char *value)
{
	autofree char *word = mem_printf("%s=%s", key, value);

	json_array_append_new(list, json_string(word));
}

/* Of a board that is QEMU's there, too: its template knows the architecture, all else is said by options. */
static void qemu_context(const struct plan_cell *cell, const struct catalog_board *b, json_t *context)
{
	const struct catalog_machine *m = &cell->machine;
	int64_t cpus = m->cpus ? m->cpus : b->cpus, memory = m->memory_mb ? m->memory_mb : b->memory_mb;
	const char *cpu = m->cpu ? m->cpu : b->qemu_cpu;
	autofree char *machine = mem_printf("-machine %s", b->qemu_machine),
		      *model = cpu ? mem_printf("-cpu %s", cpu) : NULL;
	autofree char *smp = mem_printf("-smp %" PRId64, cpus), *size = mem_printf("%" PRId64, memory);

	add_word(context, "arch", cell->arch->qemu);
	add_word(context, "memory", size);
	add_word(context, "extra_options", machine);
	if (model)
		add_word(context, "extra_options", model);
	if (cpus > 1)
		add_word(context, "extra_options", smp);
	for (size_t i = 0; i < b->qemu_args.n; i++)
		add_word(context, "extra_options", b->qemu_args.data[i]);
}

static json_t *lava_json(const struct plan_cell *cell, const struct catalog_board *b)
{
	json_t *context = json_array();
	autojson json_t *own = names_json(&b->lava.context);

	if (strcmp(b->lava.method, "qemu") == 0)
		qemu_context(cell, b, context);
	json_array_extend(context, own);
	return json_pack("{s:s, s:s, s:o, s:o, s:s*}", "type", b->lava.type, "method", b->lava.method, "tags",
			 names_json(&b->lava.tags), "context", context, "command", b->lava.command);
}

/* No panic=: LAVA waits for the end of a panic's report, which an instant reset cuts off. What a real board's console
 * is called, and how fast it is, is known to the lab: its template says so. */
static json_t *board_json(const struct plan_cell *cell, const struct catalog_board *b)
{
	int64_t cpus = cell->machine.cpus ? cell->machine.cpus : b->cpus;
	bool real = strcmp(b->lava.method, "qemu") != 0;
	autofree char *cmdline = mem_printf("%s%s%s%s", real ? "" : "console=", real ? "" : b->console,
					    b->append && !real ? " " : "", b->append ? b->append : "");

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "name", b->name, "arch", b->arch, "cmdline", cmdline,
			 "cpus", (json_int_t)cpus, "limit_ms", (json_int_t)b->limit_ms, "silence_ms",
			 (json_int_t)b->silence_ms, "console_mb", (json_int_t)b->console_mb);
}

/* For LAVA's pexpect. To the end of the line: what LAVA has not read when it sees the marker it takes for words of a
 * device that is being switched off. */
#define MARKER_LINE MARK_DONE " status=[^\\n]*\\n"

json_t *plan_lab_spec(const struct plan_cell *cell, size_t board)
{
	const struct catalog_board *b = cell->places[board].board;

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:b, s:i}", "kind", "lab-boot", "lab",
			 cell->places[board].lab->name, "board", board_json(cell, b), "lava", lava_json(cell, b),
			 "marker", MARKER_LINE, "need_marker", 1, "repeat", 0);
}
