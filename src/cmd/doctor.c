/* kiln doctor: what this host lacks, why that matters, and how to get it. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "doctor/doctor.h"

#include <string.h>

/* The matrix that decides what is needed; the rest is good to have. */
static const char needed_matrix[] = "smoke";

static size_t missing(const check_vec *checks)
{
	size_t n = 0;

	for (size_t i = 0; i < checks->n; i++)
		n += checks->data[i].needed && !checks->data[i].ok;
	return n;
}

/* The packages that are missing and needed, each once, in one command. */
static void print_packages(const check_vec *checks)
{
	autobuf struct buf all = { 0 };

	for (size_t i = 0; i < checks->n; i++) {
		const struct check *f = &checks->data[i];
		autofree char *word = mem_printf(" %s ", f->package ? f->package : "");

		if (f->package && f->needed && !(all.n && strstr(all.data, word)))
			buf_printf(&all, "%s%s ", all.n ? "" : " ", f->package);
	}
	if (all.n)
		printf("Install as root: apt-get install%.*s\n", (int)all.n - 1, all.data);
}

static void print_text(const check_vec *checks)
{
	const char *group = "";

	for (size_t i = 0; i < checks->n; i++) {
		const struct check *f = &checks->data[i];

		if (strcmp(group, f->group) != 0)
			printf("%s%s\n", *group ? "\n" : "", f->group);
		group = f->group;
		if (f->ok)
			printf("  ok       %-32s %s\n", f->what, f->found);
		else
			printf("  missing  %-32s %s%s%s%s\n", f->what, f->why, f->needed ? "" : " (good to have)",
			       f->get ? ": " : "", f->get ? f->get : "");
	}
	putchar('\n');
	if (missing(checks))
		printf("Missing for kiln run %s: %zu\n", needed_matrix, missing(checks));
	else
		printf("All that kiln run %s needs is here.\n", needed_matrix);
	print_packages(checks);
}

static json_t *text_or_null(const char *s)
{
	return s ? json_text(view_of(s)) : json_null();
}

static void print_json(const check_vec *checks)
{
	autojson json_t *all = json_pack("{s:b, s:[]}", "ok", missing(checks) == 0, "checks");

	for (size_t i = 0; i < checks->n; i++) {
		const struct check *f = &checks->data[i];

		json_array_append_new(json_object_get(all, "checks"),
				      json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "group", text_or_null(f->group),
						"what", text_or_null(f->what), "status", f->ok ? "ok" : "missing",
						"needed", f->needed, "found", text_or_null(f->found), "why",
						text_or_null(f->why), "get", text_or_null(f->get)));
	}
	json_print(all);
}

int cmd_doctor(int argc, char **argv)
{
	CLEANUP(checks_free) check_vec checks = { 0 };
	const struct catalog *catalog = NULL;
	const char *home_option = NULL;
	autofree char *home = NULL;
	bool json = false;
	struct err err = { 0 };
	int status;
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "json", OPTION_FLAG, &json },
	};

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc > 1) {
		err_user(&err, "doctor takes no operand, not \"%s\"; see kiln doctor --help", argv[1]);
		return fail(&err);
	}
	status = command_catalog(&catalog);
	if (status)
		return status;
	home = home_path(home_option);
	doctor_examine(catalog, home, needed_matrix, &checks);
	if (json)
		print_json(&checks);
	else
		print_text(&checks);
	catalog_free(catalog);
	return missing(&checks) ? 3 : 0;
}
