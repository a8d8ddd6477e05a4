/* What builds, boards and places are called. */
#include "base/cleanup.h"
#include "plan/private.h"

#include <inttypes.h>

char *plan_runner_name(const struct plan_cell *cell, size_t board)
{
	return cell->places[board].lab ? mem_printf("lava:%s", cell->places[board].lab->name) : mem_strdup("local");
}

char *plan_toolchain_name(const struct plan_cell *cell)
{
	return cell->root ? mem_printf("%s+%s", cell->toolchain->name, cell->root->name)
			  : mem_strdup(cell->toolchain->name);
}

char *plan_build_name(const struct plan *plan, size_t i, const struct plan_facts *facts)
{
	const struct plan_cell *c = &plan->cells[i];
	const char *config = c->file ? c->file->name : c->config->name;
	autofree char *random = c->random ? mem_printf("%s-%lld", config, (long long)c->seed) : NULL;
	autofree char *toolchain = plan_toolchain_name(c);

	return mem_printf("%s/%s/%s/%s", json_str_or(facts->source, "id", "source"), c->arch->name,
			  random ? random : config, toolchain);
}

char *plan_board_name(const struct plan_cell *cell, size_t board)
{
	const struct catalog_machine *m = &cell->machine;
	struct buf name = { 0 };

	buf_adds(&name, cell->places[board].board->name);
	if (m->cpus)
		buf_printf(&name, ",cpus=%" PRId64, m->cpus);
	if (m->memory_mb)
		buf_printf(&name, ",memory=%" PRId64, m->memory_mb);
	if (m->cpu)
		buf_printf(&name, ",cpu=%s", m->cpu);
	if (m->accel)
		buf_printf(&name, ",accel=%s", m->accel);
	if (cell->places[board].lab)
		buf_printf(&name, ",lab=%s", cell->places[board].lab->name);
	return buf_steal(&name);
}
