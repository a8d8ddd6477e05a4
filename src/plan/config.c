/* Which kernels have a config, and what an architecture adds to it there. */
#include "plan/private.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

/* A source that does not tell its version has everything: make will say what it lacks. */
static bool in_range(const struct plan_facts *facts, const struct kversion_range *range)
{
	struct kversion kernel;

	return kversion_parse(view_of(json_str_or(facts->source, "release", "")), &kernel) < 0 ||
	       kversion_in(kernel, range);
}

static bool is_of(const struct catalog_config_arch *entry, const struct plan_cell *cell)
{
	return strcmp(entry->arch, cell->arch->name) == 0;
}

bool config_entry_counts(const struct catalog_config_arch *entry, const struct plan_cell *cell,
			 const struct plan_facts *facts)
{
	return is_of(entry, cell) && in_range(facts, &entry->kernel);
}

const char *config_missing(const struct plan_cell *cell, const struct plan_facts *facts)
{
	const struct catalog_config *config = cell->config;

	if (!config || !cell->only)
		return NULL;
	if (!in_range(facts, &config->kernel))
		return cell->only;
	for (size_t i = 0; i < config->n_archs; i++)
		if (config_entry_counts(&config->archs[i], cell, facts))
			return NULL;
	return config->n_archs ? cell->only : NULL;
}

static void add_range(struct buf *text, const struct kversion_range *range)
{
	if (text->n)
		buf_adds(text, " or ");
	kversion_range_print(range, text);
}

const char *config_kernels(const struct plan_cell *cell, struct arena *a)
{
	const struct catalog_config *config = cell->config;
	autobuf struct buf text = { 0 };

	if (!kversion_range_any(&config->kernel)) {
		add_range(&text, &config->kernel);
	} else {
		for (size_t i = 0; i < config->n_archs; i++) {
			if (!is_of(&config->archs[i], cell))
				continue;
			if (kversion_range_any(&config->archs[i].kernel))
				return NULL;
			add_range(&text, &config->archs[i].kernel);
		}
	}
	if (!text.n)
		return NULL;
	return arena_printf(a, "%s is of kernels %s", config->name, text.data);
}
