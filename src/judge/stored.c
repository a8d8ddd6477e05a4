/* Patterns as JSON: how they travel from the catalogue to whoever judges. */
#include "judge/judge.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

json_t *judge_patterns_json(const struct judge_pattern *patterns, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:b, s:b}", "name", patterns[i].name,
						      "regex", patterns[i].regex, "verdict",
						      verdict_text(patterns[i].verdict), "final", patterns[i].final,
						      "trace", patterns[i].trace, "last", patterns[i].last));
	return list;
}

static int read_pattern(const json_t *j, struct judge_pattern *pattern, struct err *err)
{
	const char *verdict;

	if (json_field_str(j, "name", &pattern->name, err) < 0 ||
	    json_field_str(j, "regex", &pattern->regex, err) < 0 || json_field_str(j, "verdict", &verdict, err) < 0)
		return -1;
	pattern->verdict = verdict_from_text(verdict);
	if (pattern->verdict == VERDICT_COUNT)
		return err_user(err, "%s: verdict is %s, which is none", pattern->name, verdict);
	pattern->final = json_bool_or(j, "final", 0);
	pattern->trace = json_bool_or(j, "trace", 0);
	pattern->last = json_bool_or(j, "last", 0);
	return 0;
}

int judge_rules_read(struct view patterns, const char *cache_dir, struct judge_rules **rules, struct err *err)
{
	autojson json_t *list = json_loadb(patterns.p, patterns.n, 0, NULL);
	struct arena arena = { 0 };
	struct judge_pattern *all;
	int rc = 0;

	if (!json_is_array(list))
		return err_user(err, "patterns: not a JSON array");
	all = arena_alloc(&arena, (json_array_size(list) + 1) * sizeof(*all));
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		if (read_pattern(json_array_get(list, i), &all[i], err) < 0)
			rc = err_wrap(err, "patterns[%zu]", i);
	if (rc == 0)
		rc = judge_rules_new(all, json_array_size(list), cache_dir, rules, err);
	arena_free(&arena);
	return rc;
}
