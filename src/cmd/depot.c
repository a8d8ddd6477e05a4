#define _GNU_SOURCE
#include "depot/depot.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

/* Objects younger than this may belong to a step that has not written its record yet. */
enum { MIN_AGE_S = 3600 };

/* All digests a record names anywhere: its artefacts, and what its spec needs. */
static void keep_digests(const json_t *j, struct map *keep)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_string(j) && json_string_length(j) == HASH_HEX - 1)
		map_set(keep, view_of(json_string_value(j)), keep);
	json_object_foreach ((json_t *)j, key, v)
		keep_digests(v, keep);
	json_array_foreach (j, i, v)
		keep_digests(v, keep);
}

static void keep_record(const json_t *record, void *data)
{
	keep_digests(record, data);
}

struct asked {
	const char *home;
	int64_t min_age_ms;
	bool json;
};

static int gc(const struct asked *a, int argc, char **argv, struct err *err)
{
	struct map keep = { 0 };
	struct ledger *ledger = NULL;
	struct depot *depot = NULL;
	int64_t removed = 0, bytes = 0;
	int status = ledger_open(a->home, &ledger, err);

	if (status == 0)
		status = ledger_records(ledger, keep_record, &keep, err);
	if (status == 0)
		status = depot_open(a->home, &depot, err);
	if (status == 0)
		status = depot_gc(depot, &keep, a->min_age_ms / 1000, &removed, &bytes, err);
	if (status == 0 && a->json)
		printf("{\"removed\": %lld, \"bytes\": %lld}\n", (long long)removed, (long long)bytes);
	else if (status == 0)
		printf("%lld objects removed, %.1f MB\n", (long long)removed, (double)bytes / 1e6);
	depot_free(depot);
	ledger_free(ledger);
	map_free(&keep);
	return status;
}

int cmd_depot(int argc, char **argv)
{
	static const struct verb verbs[] = { { "gc", "", 0, 0, gc } };
	struct asked a = { .min_age_ms = MIN_AGE_S * 1000 };
	const char *home_option = NULL;
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "min-age", OPTION_DURATION, &a.min_age_ms },
		{ "json", OPTION_FLAG, &a.json },
	};
	autofree char *home = NULL;
	const struct verb *verb;
	struct err err = { 0 };

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	verb = verb_choose(verbs, countof(verbs), argc, argv, &err);
	if (!verb)
		return fail(&err);
	a.home = home = home_path(home_option);
	return verb->run(&a, argc - 2, argv + 2, &err) < 0 ? fail(&err) : 0;
}
