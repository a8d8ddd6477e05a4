#include "base/cleanup.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"

#include <stdio.h>

int command_catalog(const struct catalog **out)
{
	autofree char *own = NULL, *shipped = NULL;
	autobuf struct buf faults = { 0 };
	struct err err = { 0 };

	catalog_dirs(&own, &shipped);
	if (catalog_load((const char *const[]){ own, shipped }, 2, out, &faults, &err) == 0)
		return 0;
	if (faults.n)
		fputs(faults.data, stderr);
	return fail(&err);
}
