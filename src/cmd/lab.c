/* kiln lab list|check|devices|jobs|job|cancel: LAVA labs, what they have and what they do. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/build.h"
#include "cmd/cmd.h"
#include "lab/lab.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a boot's spec names by digest. */
static const char *const artefact_fields[] = { "image", "initrd", "dtb", "modules" };

struct asked {
	bool json;
	const char *home;
	const struct catalog *catalog;
};

/* The labs that are meant: the one that was named, or all. */
static int labs_chosen(const struct asked *a, int argc, char **argv, size_t *from, size_t *to, struct err *err)
{
	*from = 0;
	*to = a->catalog->n_labs;
	if (!argc) {
		if (!*to)
			return err_user(err, "no lab is known; write one into catalog/lab/ of the user's configuration "
					     "directory, see kiln lab --help");
		return 0;
	}
	for (size_t i = 0; i < a->catalog->n_labs; i++)
		if (strcmp(a->catalog->labs[i].name, argv[0]) == 0) {
			*from = i;
			*to = i + 1;
			return 0;
		}
	return err_user(err, "no lab is called \"%s\"; kiln lab list shows those there are", argv[0]);
}

static json_t *lab_json(const struct catalog_lab *lab)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:I}", "name", lab->name, "url", lab->url, "user", lab->user, "jobs",
			      (json_int_t)lab->jobs);

	if (lab->zone)
		json_object_set_new(o, "zone", json_string(lab->zone));
	return o;
}

static int list(const struct asked *a, int argc, char **argv, struct err *err)
{
	autojson json_t *all = json_array();
	size_t from, to;

	if (labs_chosen(a, argc, argv, &from, &to, err) < 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		const struct catalog_lab *lab = &a->catalog->labs[i];

		json_array_append_new(all, lab_json(lab));
		if (!a->json)
			printf("%-16s %s as %s%s%s\n", lab->name, lab->url, lab->user, lab->zone ? ", " : "",
			       lab->zone ? lab->zone : "");
	}
	if (a->json)
		json_print(all);
	return 0;
}

static int survey_of(const struct asked *a, const struct catalog_lab *entry, json_t **survey, struct err *err)
{
	struct lab *lab;
	int status;

	if (lab_open(entry, &lab, err) < 0)
		return -1;
	status = lab_survey(lab, a->catalog, survey, err);
	lab_free(lab);
	return status;
}

static void names_print(const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach ((json_t *)names, i, name)
		printf("%s%s", i ? ", " : "", json_string_value(name));
}

static void type_line(const json_t *type)
{
	const json_t *boards = json_object_get(type, "boards");

	printf("  %-36s %2lld of %2zu available  ", json_str_or(type, "type", ""),
	       (long long)json_int_or(type, "available", 0), json_array_size(json_object_get(type, "devices")));
	if (json_array_size(boards))
		names_print(boards);
	else
		printf("no board of the catalogue");
	putchar('\n');
}

static void head_line(const json_t *survey)
{
	long long offset = json_int_or(survey, "clock_offset_s", 0);

	printf("%s: LAVA %s at %s, as %s, who may do no harm\n", json_str_or(survey, "lab", ""),
	       json_str_or(survey, "version", "?"), json_str_or(survey, "url", ""), json_str_or(survey, "user", ""));
	if (offset < -2 || offset > 2)
		printf("  its clock is %lld s %s this host's\n", offset < 0 ? -offset : offset,
		       offset < 0 ? "behind" : "before");
}

static void check_print(const json_t *survey)
{
	json_t *types = json_object_get(survey, "types"), *type;
	size_t i, usable = 0;

	head_line(survey);
	json_array_foreach (types, i, type) {
		type_line(type);
		usable += json_int_or(type, "available", 0) && json_array_size(json_object_get(type, "boards"));
	}
	if (!usable)
		printf("  nothing here boots what Kiln builds: no device of a type that a board names is available\n");
}

static void device_line(const json_t *device)
{
	const json_t *tags = json_object_get(device, "tags");
	const char *why = json_str_or(device, "why", NULL);

	printf("    %-34s %-12s %-9s %s", json_str_or(device, "name", ""), json_str_or(device, "health", ""),
	       json_str_or(device, "state", ""), json_str_or(device, "worker", ""));
	if (json_array_size(tags)) {
		printf("  [");
		names_print(tags);
		printf("]");
	}
	printf("%s%s\n", why ? "  not used: " : "", why ? why : "");
}

/* What a board's file needs so that this type is one of its ways to run. */
static void stub_print(const char *type)
{
	printf("    no board names this type. Add to the file of the board that it is:\n"
	       "        lava: {type: %s, method: METHOD}\n",
	       type);
}

static void devices_print(const json_t *survey)
{
	json_t *type, *device;
	size_t i, k;

	head_line(survey);
	json_array_foreach (json_object_get(survey, "types"), i, type) {
		type_line(type);
		json_array_foreach (json_object_get(type, "devices"), k, device)
			device_line(device);
		if (!json_array_size(json_object_get(type, "boards")))
			stub_print(json_str_or(type, "type", ""));
	}
}

/* Asks each lab that is meant; one that cannot be asked does not keep the others from it. */
static int each_survey(const struct asked *a, int argc, char **argv, void (*print)(const json_t *survey),
		       struct err *err)
{
	autojson json_t *all = json_array();
	size_t from, to;
	int status = 0;

	if (labs_chosen(a, argc, argv, &from, &to, err) < 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		json_t *survey = NULL;

		if (survey_of(a, &a->catalog->labs[i], &survey, err) < 0) {
			int one = fail(err);

			status = one > status ? one : status;
			continue;
		}
		if (!a->json)
			print(survey);
		json_array_append_new(all, survey);
	}
	if (a->json)
		json_print(all);
	return status;
}

static int check(const struct asked *a, int argc, char **argv, struct err *err)
{
	return each_survey(a, argc, argv, check_print, err);
}

static int devices(const struct asked *a, int argc, char **argv, struct err *err)
{
	return each_survey(a, argc, argv, devices_print, err);
}

/* The one lab that is meant. */
static int lab_chosen(const struct asked *a, const char *name, const struct catalog_lab **entry, struct err *err)
{
	size_t from, to;

	if (labs_chosen(a, name ? 1 : 0, (char **)&name, &from, &to, err) < 0)
		return -1;
	if (to - from > 1)
		return err_user(err, "say which lab; kiln lab list shows those there are");
	*entry = &a->catalog->labs[from];
	return 0;
}

static void job_line(const json_t *job)
{
	printf("%8lld  %-10s %-24s %-24s %s\n", (long long)json_int_or(job, "id", 0), json_str_or(job, "state", ""),
	       json_str_or(job, "type", ""), json_str_or(job, "device", "-"), json_str_or(job, "description", ""));
}

static int jobs(const struct asked *a, int argc, char **argv, struct err *err)
{
	const struct catalog_lab *entry;
	autojson json_t *all = NULL;
	struct lab *lab = NULL;
	json_t *job;
	size_t i;
	int status;

	if (lab_chosen(a, argc ? argv[0] : NULL, &entry, err) < 0 || lab_open(entry, &lab, err) < 0)
		return -1;
	status = lab_jobs(lab, &all, err);
	lab_free(lab);
	if (status < 0)
		return -1;
	if (a->json)
		json_print(all);
	else
		json_array_foreach (all, i, job)
			job_line(job);
	return 0;
}

static int id_parse(const char *text, int64_t *id, struct err *err)
{
	char *end;

	*id = strtoll(text, &end, 10);
	return *text && !*end && *id > 0 ? 0 : err_user(err, "\"%s\" is no number of a job", text);
}

static int cancel(const struct asked *a, int argc, char **argv, struct err *err)
{
	const struct catalog_lab *entry;
	struct lab *lab = NULL;
	int status = 0;

	if (lab_chosen(a, argv[0], &entry, err) < 0 || lab_open(entry, &lab, err) < 0)
		return -1;
	for (int i = 1; i < argc && status == 0; i++) {
		int64_t id;

		status = id_parse(argv[i], &id, err) < 0 ? -1 : lab_cancel(lab, id, err);
	}
	lab_free(lab);
	return status;
}

/* The spec of a boot as it would be in the lab: its own where it was in one, else of the catalogue's board. */
static int spec_in_lab(const struct asked *a, const struct catalog_lab *entry, const json_t *record, json_t **spec,
		       struct err *err)
{
	const json_t *own = json_object_get(record, "spec"), *there = json_object_get(own, "board");
	const struct catalog_board *board = catalog_board(a->catalog, json_str_or(there, "name", ""));
	const struct plan_place place = { .board = board, .lab = entry };
	struct plan_cell cell = { .places = &place, .n_places = 1 };

	if (json_object_get(own, "lava")) {
		*spec = json_incref((json_t *)own);
		return 0;
	}
	if (!board || !board->lava.type)
		return err_user(err, "no lab is known to have the board %s: its file has no key lava",
				json_str_or(there, "name", ""));
	cell.arch = catalog_arch(a->catalog, board->arch);
	cell.machine.cpus = json_int_or(there, "cpus", 0);
	cell.machine.memory_mb = json_int_or(there, "memory_mb", 0);
	*spec = plan_lab_spec(&cell, 0);
	for (size_t i = 0; i < countof(artefact_fields); i++)
		if (json_object_get(own, artefact_fields[i]))
			json_object_set(*spec, artefact_fields[i], json_object_get(own, artefact_fields[i]));
	return 0;
}

static int job(const struct asked *a, int argc, char **argv, struct err *err)
{
	const struct catalog_lab *entry;
	autofree char *home = home_path(a->home), *build = NULL, *yaml = NULL, *name = NULL;
	autojson json_t *record = NULL, *spec = NULL;

	if (!strchr(argv[0], '@'))
		return err_user(err, "name a boot (BUILD@BOARD), and the lab where there are several");
	if (lab_chosen(a, argc > 1 ? argv[1] : NULL, &entry, err) < 0 ||
	    build_find(home, argv[0], &record, &build, err) < 0 || spec_in_lab(a, entry, record, &spec, err) < 0)
		return -1;
	name = mem_printf("%s@%s kiln ATTEMPT", build, json_str_or(json_object_get(spec, "board"), "name", ""));
	if (lab_definition(entry, spec, name, &yaml, err) < 0)
		return -1;
	fputs(yaml, stdout);
	return 0;
}

static const struct verb verbs[] = {
	{ "list", "[LAB]", 0, 1, list },           { "check", "[LAB]", 0, 1, check },
	{ "devices", "[LAB]", 0, 1, devices },     { "jobs", "[LAB]", 0, 1, jobs },
	{ "job", "BUILD@BOARD [LAB]", 1, 2, job }, { "cancel", "LAB ID…", 2, VERB_ANY, cancel },
};

int cmd_lab(int argc, char **argv)
{
	struct asked a = { 0 };
	const struct option options[] = { { "json", OPTION_FLAG, &a.json }, { "home", OPTION_STRING, &a.home } };
	const struct verb *verb;
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	verb = verb_choose(verbs, countof(verbs), argc, argv, &err);
	if (!verb)
		return fail(&err);
	status = command_catalog(&a.catalog);
	if (status)
		return status;
	status = verb->run(&a, argc - 2, argv + 2, &err);
	catalog_free(a.catalog);
	return status < 0 ? fail(&err) : status;
}
