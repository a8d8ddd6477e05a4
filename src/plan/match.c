#include "plan/match.h"

#include "base/json.h"

#include <string.h>

/* One architecture has several names for make: i386, x86_64 and x86 all are arch/x86, and which of them a
 * board needs is said by its requirements (64BIT=y). So the directories are compared. */
static const char *srcarch_of(const struct catalog *c, const char *karch)
{
	for (size_t i = 0; i < c->n_archs; i++)
		if (strcmp(c->archs[i].kernel, karch) == 0 && c->archs[i].srcarch)
			return c->archs[i].srcarch;
	return karch;
}

static bool arch_fits(const struct catalog *c, const struct catalog_arch *arch, const char *karch)
{
	if (!arch || !karch || strcmp(arch->kernel, karch) == 0)
		return true;
	return strcmp(srcarch_of(c, arch->kernel), srcarch_of(c, karch)) == 0;
}

static const char *range_text(const struct kversion_range *range, struct arena *a)
{
	autobuf struct buf b = { 0 };

	kversion_range_print(range, &b);
	return arena_strdup(a, b.data);
}

bool runner_match(const json_t *qemu, struct arena *a, reason_vec *reasons)
{
	const json_t *lacks = json_object_get(qemu, "lacks");

	if (!lacks)
		return true;
	*vec_push(reasons) = (struct reason){
		.symbol = "qemu",
		.want = arena_strdup(a, json_str_or(lacks, "want", "")),
		.have = arena_strdup(a, json_str_or(lacks, "have", "")),
		.kind = REQUIRE,
	};
	return false;
}

bool board_match(const struct catalog *c, const struct catalog_board *board, const struct kconfig *config,
		 struct kversion kernel, const char *karch, struct arena *a, reason_vec *reasons)
{
	const struct catalog_arch *arch = catalog_arch(c, board->arch);
	bool match = true;

	if (!arch_fits(c, arch, karch)) {
		*vec_push(reasons) = (struct reason){
			.symbol = "ARCH", .want = arch->kernel, .have = arena_strdup(a, karch), .kind = REQUIRE
		};
		return false; /* its symbols would only repeat that, at length */
	}
	if (!kversion_in(kernel, &board->kernel)) {
		*vec_push(reasons) =
			(struct reason){ .symbol = "kernel",
					 .want = range_text(&board->kernel, a),
					 .have = arena_printf(a, "%d.%d.%d", kernel.major, kernel.minor, kernel.patch),
					 .kind = REQUIRE };
		match = false;
	}
	if (requirements_match(board->require.data, board->require.n, config, kernel, a, reasons) > 0)
		match = false;
	requirements_match(board->prefer.data, board->prefer.n, config, kernel, a, reasons);
	return match;
}
