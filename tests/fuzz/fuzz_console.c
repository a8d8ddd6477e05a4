/* Any bytes as a console, whole and in pieces: the verdicts must be the same. */
#include "base/cleanup.h"
#include "base/json.h"
#include "judge/judge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct judge_pattern patterns[] = {
	{ .name = "panic", .regex = "^Kernel panic", .verdict = VERDICT_FAIL, .final = true, .trace = true },
	{ .name = "oops", .regex = "^Oops", .verdict = VERDICT_FAIL, .trace = true },
	{ .name = "bug", .regex = "BUG: .{1,20} at", .verdict = VERDICT_FAIL },
	{ .name = "warning", .regex = "^WARNING: ", .verdict = VERDICT_WARN, .trace = true },
	{ .name = "splat", .regex = "ugh$", .verdict = VERDICT_WARN },
	{ .name = "end", .regex = "^---\\[ end", .last = true },
	{ .name = "qemu", .regex = "^qemu: ", .verdict = VERDICT_INFRA, .final = true },
};

/* Compiled once: that takes longer than a thousand inputs. */
static const struct judge_rules *rules_once(void)
{
	static struct judge_rules *rules;
	struct err err;

	if (!rules && judge_rules_new(patterns, countof(patterns), NULL, &rules, &err) < 0)
		abort();
	return rules;
}

static char *verdict(const uint8_t *data, size_t n, uint8_t cut, uint8_t end)
{
	const struct judge_options options = { .need_marker = end & 8, .cpus = end & 16 ? 2 : 0 };
	struct judge *j = judge_new(rules_once(), &options);
	autojson json_t *o = NULL;

	while (n) {
		size_t piece = !cut || cut > n ? n : cut;

		judge_feed(j, data, piece, 0);
		data += piece;
		n -= piece;
	}
	judge_end(j, (enum judge_end)(end % 6));
	o = judge_result_json(judge_result(j));
	judge_free(j);
	return json_canonical(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;

	autofree char *whole = verdict(data + 2, n - 2, 0, data[0]);
	autofree char *cut = verdict(data + 2, n - 2, (uint8_t)(1 + data[1] % 64), data[0]);

	if (strcmp(whole, cut) != 0)
		abort();
	return 0;
}
