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

static int gc(const char *home, int64_t min_age, bool json, struct err *err)
{
	struct map keep = { 0 };
	struct ledger *ledger = NULL;
	struct depot *depot = NULL;
	int64_t removed = 0, bytes = 0;
	int status = ledger_open(home, &ledger, err);

	if (status == 0)
		status = ledger_records(ledger, keep_record, &keep, err);
	if (status == 0)
		status = depot_open(home, &depot, err);
	if (status == 0)
		status = depot_gc(depot, &keep, min_age, &removed, &bytes, err);
	if (status == 0 && json)
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
	const char *home_option = NULL;
	int64_t min_age_ms = MIN_AGE_S * 1000;
	bool json = false;
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "min-age", OPTION_DURATION, &min_age_ms },
		{ "json", OPTION_FLAG, &json },
	};
	autofree char *home = NULL;
	struct err err = { 0 };

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc != 2 || strcmp(argv[1], "gc") != 0) {
		err_user(&err, "say what to do: kiln depot gc");
		return fail(&err);
	}
	home = home_path(home_option);
	return gc(home, min_age_ms / 1000, json, &err) < 0 ? fail(&err) : 0;
}
