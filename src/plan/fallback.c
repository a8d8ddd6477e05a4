/* What is built where a faster toolchain cannot be trusted: the same by the one that it stands in for. */
#include "base/cleanup.h"
#include "plan/private.h"

#include <string.h>

const struct catalog_toolchain *plan_reference(const struct catalog *c, const struct catalog_toolchain *fast)
{
	for (size_t i = 0; strcmp(fast->where, "root-fast") == 0 && i < c->n_toolchains; i++) {
		const struct catalog_toolchain *t = &c->toolchains[i];

		if (strcmp(t->where, "root") == 0 && strcmp(t->compiler, fast->compiler) == 0)
			return t;
	}
	return NULL;
}

const char *toolchain_unproved(const struct plan_cell *cell, const struct plan_facts *facts)
{
	autofree char *name = plan_toolchain_name(cell), *key = mem_printf("%s/%s", cell->arch->name, name);

	return json_str_or(json_object_get(facts->toolchains, key), "unproved", NULL);
}

static bool has(const struct plan *plan, const struct plan_cell *cell)
{
	for (size_t i = 0; i < plan->n; i++)
		if (same_build(&plan->cells[i], cell))
			return true;
	return false;
}

static void insert(struct plan *plan, size_t at, const struct plan_cell *cell)
{
	plan->cells = mem_resize(plan->cells, (plan->n + 1) * sizeof(*plan->cells));
	memmove(&plan->cells[at + 1], &plan->cells[at], (plan->n - at) * sizeof(*plan->cells));
	plan->cells[at] = *cell;
	plan->n++;
}

size_t plan_fall_back(struct plan *plan, const struct plan_facts *facts)
{
	size_t before = plan->n;

	for (size_t i = 0; i < plan->n; i++) {
		struct plan_cell cell = plan->cells[i];

		if (!cell.root || !toolchain_unproved(&cell, facts))
			continue;
		cell.toolchain = plan_reference(plan->catalog, cell.toolchain);
		if (cell.toolchain && !has(plan, &cell))
			insert(plan, i + 1, &cell);
	}
	return plan->n - before;
}
