#include "base/cleanup.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"

#include <stdio.h>

int catalog_of(const char *const *dirs, size_t n, const struct catalog **out)
{
	autobuf struct buf faults = { 0 };
	struct err err = { 0 };

	if (catalog_load(dirs, n, out, &faults, &err) == 0)
		return 0;
	if (faults.n)
		fputs(faults.data, stderr);
	return fail(&err);
}

int command_catalog(const struct catalog **out)
{
	autofree char *own = NULL, *shipped = NULL;

	catalog_dirs(&own, &shipped);
	return catalog_of((const char *const[]){ own, shipped }, 2, out);
}
