/* The job of each board that labs have, with artefacts below URL: what tests/lab/validate gives to LAVA.
 * definitions CATALOG URL */
#include "base/cleanup.h"
#include "base/json.h"
#include "lab/job.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *artefact(const char *url, const char *name)
{
	return json_pack("{s:o, s:s}", "url", json_sprintf("%s%s", url, name), "sha256",
			 "0000000000000000000000000000000000000000000000000000000000000000");
}

static int definition_print(const struct catalog *c, const struct catalog_board *board, const char *url,
			    struct err *err)
{
	const struct catalog_lab lab = { .name = "lab" };
	const struct plan_place place = { .board = board, .lab = &lab };
	const struct plan_cell cell = { .arch = catalog_arch(c, board->arch), .places = &place, .n_places = 1 };
	autojson json_t *spec = plan_lab_spec(&cell, 0);
	autojson json_t *artefacts =
		json_pack("{s:o, s:o}", "kernel", artefact(url, "kernel"), "ramdisk", artefact(url, "ramdisk"));
	autofree char *yaml = NULL;

	if (board->dtb)
		json_object_set_new(artefacts, "dtb", artefact(url, board->dtb));
	if (lab_job_definition(spec, board->name, artefacts, &yaml, err) < 0)
		return -1;
	printf("---\n");
	if (board->lava.min)
		printf("# min %s\n", board->lava.min);
	printf("%s", yaml);
	return 0;
}

int main(int argc, char **argv)
{
	const struct catalog *c = NULL;
	autobuf struct buf faults = { 0 };
	struct err err = { 0 };
	int rc;

	if (argc != 3)
		return 2;
	rc = catalog_load((const char *const *)&argv[1], 1, &c, &faults, &err);
	for (size_t i = 0; rc == 0 && i < c->n_boards; i++)
		if (c->boards[i].lava.type && !c->boards[i].lava.skip)
			rc = definition_print(c, &c->boards[i], argv[2], &err);
	if (rc < 0)
		fprintf(stderr, "%s%s\n", faults.data ? faults.data : "", err.msg);
	catalog_free(c);
	return rc < 0;
}
