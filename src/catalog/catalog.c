/* A loaded catalogue: entries by name, and what an arch says of this host. */
#include "catalog/load.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/utsname.h>

size_t catalog_count(const struct catalog *c, enum kind kind)
{
	return *(const size_t *)((const char *)c + kind_schema(kind)->count_offset);
}

const void *catalog_at(const struct catalog *c, enum kind kind, size_t i)
{
	const struct kind_schema *schema = kind_schema(kind);

	return *(const char *const *)((const char *)c + schema->list_offset) + i * schema->record.size;
}

/* The entries of a kind are sorted by name. */
static const void *entry_by_name(const struct catalog *c, enum kind kind, const char *name)
{
	size_t low = 0, high = catalog_count(c, kind);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct entry_head *head = catalog_at(c, kind, middle);
		int order = strcmp(name, head->name);

		if (!order)
			return head;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

#define X(kind)                                                                                \
	const struct catalog_##kind *catalog_##kind(const struct catalog *c, const char *name) \
	{                                                                                      \
		return entry_by_name(c, KIND_##kind, name);                                    \
	}
CATALOG_KINDS(X)
#undef X

const char *const *catalog_kinds(void)
{
	static const char *const names[] = {
#define X(kind) #kind,
		CATALOG_KINDS(X)
#undef X
			"pattern",
		NULL,
	};

	return names;
}

const struct catalog_compiler *arch_compiler(const struct catalog_arch *arch, const char *toolchain)
{
	for (size_t i = 0; i < arch->n_compilers; i++)
		if (!strcmp(arch->compilers[i].toolchain, toolchain))
			return &arch->compilers[i];
	return NULL;
}

bool config_is_random(const struct catalog_config *config)
{
	return config->target && !strcmp(config->target, "randconfig");
}

bool arch_is_native(const struct catalog_arch *arch)
{
	struct utsname host;

	/* mips says the same of both byte orders. */
	if (uname(&host) || arch->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
		return false;
	for (size_t i = 0; i < arch->machines.n; i++)
		if (!strcmp(arch->machines.data[i], host.machine))
			return true;
	return false;
}

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->data[i], name) == 0)
			return true;
	return false;
}

bool names_select(const struct names *filter, const char *name)
{
	return filter->n == 0 || names_have(filter, name);
}

bool names_fit(const struct names *globs, const char *name, int flags)
{
	for (size_t i = 0; i < globs->n; i++)
		if (fnmatch(globs->data[i], name, flags) == 0)
			return true;
	return false;
}

json_t *names_json(const struct names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(list, json_string(names->data[i]));
	return list;
}
