#include "plan/match.h"

#include "base/json.h"

#include <inttypes.h>
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

static struct reason at_most(const char *symbol, int64_t have, int64_t max, struct arena *a)
{
	return (struct reason){ .symbol = symbol,
				.want = arena_printf(a, "<=%" PRId64, max),
				.have = arena_printf(a, "%" PRId64, have),
				.kind = REQUIRE,
				.hint = "the board takes no more" };
}

/* What the boot asks for and the machine does not have. */
static bool machine_fits(const struct catalog_board *board, const struct catalog_machine *machine, struct arena *a,
			 reason_vec *reasons)
{
	size_t before = reasons->n;

	if (machine && board->cpus_max && machine->cpus > board->cpus_max)
		*vec_push(reasons) = at_most("cpus", machine->cpus, board->cpus_max, a);
	if (machine && board->memory_max_mb && machine->memory_mb > board->memory_max_mb)
		*vec_push(reasons) = at_most("memory_mb", machine->memory_mb, board->memory_max_mb, a);
	return reasons->n == before;
}

static size_t derived_match(const char *text, const char *hint, const struct kconfig *config, struct kversion kernel,
			    struct arena *a, reason_vec *reasons)
{
	struct requirement *r = NULL;
	struct err ignored = { 0 };
	int column;

	if (requirement_parse(a, view_of(text), REQUIRE, hint, &r, &column, &ignored) < 0)
		return 0;
	return requirements_match((const struct requirement *const *)&r, 1, config, kernel, a, reasons);
}

/* More than one CPU needs a kernel that looks for them. Without SMP there may be no NR_CPUS at all: then SMP alone is
 * the reason. */
static bool cpus_fit(const struct catalog_board *board, const struct catalog_machine *machine,
		     const struct kconfig *config, struct kversion kernel, struct arena *a, reason_vec *reasons)
{
	int64_t cpus = machine && machine->cpus ? machine->cpus : board->cpus;
	size_t unmet;
	const char *hint;

	if (cpus < 2)
		return true;
	hint = arena_printf(a, "the boot has %" PRId64 " CPUs", cpus);
	if (derived_match("SMP=y", hint, config, kernel, a, reasons))
		return false;
	unmet = derived_match(arena_printf(a, "NR_CPUS>=%" PRId64, cpus), hint, config, kernel, a, reasons);
	unmet += requirements_match(board->require_smp.data, board->require_smp.n, config, kernel, a, reasons);
	return unmet == 0;
}

bool board_match(const struct catalog *c, const struct catalog_board *board, const struct catalog_machine *machine,
		 const struct kconfig *config, struct kversion kernel, const char *karch, struct arena *a,
		 reason_vec *reasons)
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
	match &= cpus_fit(board, machine, config, kernel, a, reasons);
	match &= machine_fits(board, machine, a, reasons);
	requirements_match(board->prefer.data, board->prefer.n, config, kernel, a, reasons);
	return match;
}
