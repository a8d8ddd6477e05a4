#include "catalog/schema.h"

#include "base/cleanup.h"

#include <string.h>

#define AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define DAY_MS (24 * 3600 * 1000)

static const struct choice bit_choices[] = { { "32", 32 }, { "64", 64 }, { NULL, 0 } };
static const struct choice endian_choices[] = { { "little", false }, { "big", true }, { NULL, 0 } };
static const struct choice where_choices[] = {
	{ "cross", 0 }, { "root", 0 }, { "root-fast", 0 }, { "root-cross", 0 }, { NULL, 0 },
};
static const struct choice image_choices[] = { { "image", 0 }, { "vmlinux", 0 }, { NULL, 0 } };
static const struct choice transport_choices[] = { { "initrd", 0 }, { NULL, 0 } };
static const struct choice rootfs_choices[] = { { "init", 0 }, { NULL, 0 } };
static const struct choice accel_choices[] = { { "tcg", 0 }, { "kvm", 0 }, { "auto", 0 }, { NULL, 0 } };
static const struct choice base_choices[] = { { "debian", 0 }, { "stage3", 0 }, { NULL, 0 } };
static const struct choice runner_choices[] = { { "local", 0 }, { "lava", 0 }, { NULL, 0 } };
static const struct choice method_choices[] = {
	{ "qemu", 0 },        { "u-boot", 0 },   { "grub", 0 }, { "ipxe", 0 },
	{ "depthcharge", 0 }, { "fastboot", 0 }, { NULL, 0 },
};
static const struct choice command_choices[] = { { "booti", 0 }, { "bootz", 0 }, { "bootm", 0 }, { NULL, 0 } };
static const struct choice verdict_choices[] = {
	{ "fail", VERDICT_FAIL },
	{ "warn", VERDICT_WARN },
	{ "infra", VERDICT_INFRA },
	{ NULL, 0 },
};

static const struct field compiler_fields[] = {
	{ "toolchain", FIELD_REF, AT(catalog_compiler, toolchain), .mandatory = true, .ref = KIND_toolchain },
	{ "prefix", FIELD_WORD, AT(catalog_compiler, prefix), .may_be_empty = true, .absent = "" },
	{ "package", FIELD_WORD, AT(catalog_compiler, package), .mandatory = true },
	{ "target", FIELD_WORD, AT(catalog_compiler, target) },
};

static const struct record compiler_record = {
	"a compiler", sizeof(struct catalog_compiler), "toolchain", compiler_fields, countof(compiler_fields), NULL,
};

static const struct field arch_fields[] = {
	{ "kernel", FIELD_WORD, AT(catalog_arch, kernel), .mandatory = true },
	{ "srcarch", FIELD_WORD, AT(catalog_arch, srcarch), .mandatory = true },
	{ "bits", FIELD_CHOICE, AT(catalog_arch, bits), .mandatory = true, .choices = bit_choices },
	{ "endian", FIELD_CHOICE, AT(catalog_arch, big_endian), .mandatory = true, .choices = endian_choices },
	{ "machines", FIELD_WORDS, AT(catalog_arch, machines) },
	{ "image_target", FIELD_WORD, AT(catalog_arch, image_target), .mandatory = true },
	{ "image_path", FIELD_WORD, AT(catalog_arch, image_path), .mandatory = true },
	{ "dtbs", FIELD_BOOL, AT(catalog_arch, dtbs) },
	{ "qemu", FIELD_WORD, AT(catalog_arch, qemu), .mandatory = true },
	{ "qemu_user", FIELD_WORD, AT(catalog_arch, qemu_user) },
	{ "qemu_user_cpu", FIELD_WORD, AT(catalog_arch, qemu_user_cpu) },
	{ "elf_machine", FIELD_INT, AT(catalog_arch, elf_machine), .min = 1, .max = 65535 },
	{ "root", FIELD_REF, AT(catalog_arch, root), .ref = KIND_root },
	{ "qemu_package", FIELD_WORD, AT(catalog_arch, qemu_package), .mandatory = true },
	{ "debian", FIELD_WORD, AT(catalog_arch, debian) },
	{ "gentoo", FIELD_WORD, AT(catalog_arch, gentoo) },
	{ "go", FIELD_WORD, AT(catalog_arch, go), .may_be_empty = true },
	{ "init_cflags", FIELD_WORDS, AT(catalog_arch, init_cflags), .may_be_empty = true },
	{ "compilers", FIELD_MAPS, AT(catalog_arch, compilers), .mandatory = true, .record = &compiler_record,
	  .count_offset = offsetof(struct catalog_arch, n_compilers) },
	{ "skip", FIELD_STRING, AT(catalog_arch, skip) },
};

static const struct field toolchain_fields[] = {
	{ "compiler", FIELD_WORD, AT(catalog_toolchain, compiler), .mandatory = true },
	{ "where", FIELD_CHOICE, AT(catalog_toolchain, where), .absent = "cross", .choices = where_choices },
	{ "make", FIELD_WORDS, AT(catalog_toolchain, make), .may_be_empty = true },
};

static const struct field fragment_fields[] = {
	{ "text", FIELD_TEXT, AT(catalog_fragment, text), .may_be_empty = true },
};

static const struct field config_arch_fields[] = {
	{ "arch", FIELD_REF, AT(catalog_config_arch, arch), .mandatory = true, .ref = KIND_arch },
	{ "target", FIELD_WORD, AT(catalog_config_arch, target) },
	{ "fragments", FIELD_REFS, AT(catalog_config_arch, fragments), .may_be_empty = true, .ref = KIND_fragment },
	{ "kernel", FIELD_KERNELS, AT(catalog_config_arch, kernel), .absent = "" },
};

static const struct record config_arch_record = {
	"an arch of a config", sizeof(struct catalog_config_arch), "arch",
	config_arch_fields,    countof(config_arch_fields),        "kernel",
};

static const struct field config_fields[] = {
	{ "target", FIELD_WORD, AT(catalog_config, target) },
	{ "fragments", FIELD_REFS, AT(catalog_config, fragments), .may_be_empty = true, .ref = KIND_fragment },
	{ "kernel", FIELD_KERNELS, AT(catalog_config, kernel), .absent = "" },
	{ "archs", FIELD_MAPS, AT(catalog_config, archs), .record = &config_arch_record,
	  .count_offset = offsetof(struct catalog_config, n_archs) },
};

static const struct field ends_fields[] = {
	{ "poweroff", FIELD_BOOL, AT(catalog_ends, poweroff), .mandatory = true },
	{ "reboot", FIELD_BOOL, AT(catalog_ends, reboot), .mandatory = true },
};

static const struct record ends_record = {
	"how a guest ends", sizeof(struct catalog_ends), NULL, ends_fields, countof(ends_fields), NULL,
};

static const struct field lava_fields[] = {
	{ "type", FIELD_WORD, AT(catalog_lava, type), .mandatory = true },
	{ "tags", FIELD_WORDS, AT(catalog_lava, tags), .may_be_empty = true },
	{ "context", FIELD_WORDS, AT(catalog_lava, context), .may_be_empty = true },
	{ "method", FIELD_CHOICE, AT(catalog_lava, method), .mandatory = true, .choices = method_choices },
	{ "command", FIELD_CHOICE, AT(catalog_lava, command), .choices = command_choices },
	{ "min", FIELD_VERSION, AT(catalog_lava, min) },
	{ "skip", FIELD_STRING, AT(catalog_lava, skip) },
};

static const struct record lava_record = {
	"how labs run it", sizeof(struct catalog_lava), NULL, lava_fields, countof(lava_fields), NULL,
};

static const struct field firmware_fields[] = {
	{ "description", FIELD_STRING, AT(catalog_firmware, description) },
	{ "program", FIELD_WORD, AT(catalog_firmware, program), .mandatory = true },
	{ "cflags", FIELD_WORDS, AT(catalog_firmware, cflags), .mandatory = true },
};

static const struct field board_fields[] = {
	{ "arch", FIELD_REF, AT(catalog_board, arch), .mandatory = true, .ref = KIND_arch },
	{ "description", FIELD_STRING, AT(catalog_board, description) },
	{ "qemu_machine", FIELD_WORD, AT(catalog_board, qemu_machine) },
	{ "qemu_cpu", FIELD_WORD, AT(catalog_board, qemu_cpu) },
	{ "kvm_cpu", FIELD_WORD, AT(catalog_board, kvm_cpu) },
	{ "tcg_only", FIELD_BOOL, AT(catalog_board, tcg_only) },
	{ "qemu_min", FIELD_VERSION, AT(catalog_board, qemu_min) },
	{ "memory_mb", FIELD_INT, AT(catalog_board, memory_mb), .absent = "128", .min = 1, .max = 1 << 20 },
	{ "cpus", FIELD_INT, AT(catalog_board, cpus), .absent = "1", .min = 1, .max = 4096 },
	{ "memory_max_mb", FIELD_INT, AT(catalog_board, memory_max_mb), .min = 1, .max = 1 << 20 },
	{ "cpus_max", FIELD_INT, AT(catalog_board, cpus_max), .min = 1, .max = 4096 },
	{ "qemu_args", FIELD_WORDS, AT(catalog_board, qemu_args), .may_be_empty = true },
	{ "firmware", FIELD_WORDS, AT(catalog_board, firmware), .may_be_empty = true },
	{ "firmware_package", FIELD_WORD, AT(catalog_board, firmware_package) },
	{ "guest_firmware", FIELD_REF, AT(catalog_board, guest_firmware), .ref = KIND_firmware },
	{ "console", FIELD_WORD, AT(catalog_board, console), .mandatory = true },
	{ "append", FIELD_STRING, AT(catalog_board, append) },
	{ "image", FIELD_CHOICE, AT(catalog_board, image), .absent = "image", .choices = image_choices },
	{ "dtb", FIELD_WORD, AT(catalog_board, dtb) },
	{ "ends", FIELD_MAP, AT(catalog_board, ends), .record = &ends_record },
	{ "lava", FIELD_MAP, AT(catalog_board, lava), .record = &lava_record },
	{ "untested", FIELD_BOOL, AT(catalog_board, untested) },
	{ "runner", FIELD_CHOICE, AT(catalog_board, runner), .choices = runner_choices },
	{ "limit", FIELD_DURATION, AT(catalog_board, limit_ms), .absent = "120s", .min = 1, .max = DAY_MS },
	{ "silence", FIELD_DURATION, AT(catalog_board, silence_ms), .absent = "40s", .min = 1, .max = DAY_MS },
	{ "console_mb", FIELD_INT, AT(catalog_board, console_mb), .absent = "64", .min = 1, .max = 1 << 12 },
	{ "require", FIELD_REQUIREMENTS, AT(catalog_board, require), .mandatory = true, .requirement = REQUIRE },
	{ "require_smp", FIELD_REQUIREMENTS, AT(catalog_board, require_smp), .may_be_empty = true,
	  .requirement = REQUIRE },
	{ "prefer", FIELD_REQUIREMENTS, AT(catalog_board, prefer), .may_be_empty = true, .requirement = PREFER },
	{ "kernel", FIELD_KERNELS, AT(catalog_board, kernel), .absent = "" },
	{ "skip", FIELD_STRING, AT(catalog_board, skip) },
};

static const struct field rootfs_fields[] = {
	{ "transport", FIELD_CHOICE, AT(catalog_rootfs, transport), .mandatory = true, .choices = transport_choices },
	{ "kind", FIELD_CHOICE, AT(catalog_rootfs, kind), .mandatory = true, .choices = rootfs_choices },
	{ "require", FIELD_REQUIREMENTS, AT(catalog_rootfs, require), .may_be_empty = true,
	  .requirement = REQUIRE_ROOTFS },
};

static const struct field suite_fields[] = {
	{ "description", FIELD_STRING, AT(catalog_suite, description) },
	{ "program", FIELD_WORD, AT(catalog_suite, program), .mandatory = true },
	{ "modules", FIELD_BOOL, AT(catalog_suite, modules) },
	{ "require", FIELD_REQUIREMENTS, AT(catalog_suite, require), .may_be_empty = true,
	  .requirement = REQUIRE_SUITE },
};

static const struct field row_fields[] = {
	{ "archs", FIELD_REFS, AT(catalog_row, archs), .mandatory = true, .ref = KIND_arch },
	{ "configs", FIELD_REFS, AT(catalog_row, configs), .mandatory = true, .ref = KIND_config },
	{ "toolchains", FIELD_REFS, AT(catalog_row, toolchains), .mandatory = true, .ref = KIND_toolchain },
	{ "boards", FIELD_REFS, AT(catalog_row, boards), .may_be_empty = true, .ref = KIND_board },
	{ "rootfs", FIELD_REF, AT(catalog_row, rootfs), .mandatory = true, .ref = KIND_rootfs },
	{ "suites", FIELD_REFS, AT(catalog_row, suites), .may_be_empty = true, .ref = KIND_suite },
	{ "options", FIELD_WORDS, AT(catalog_row, options), .may_be_empty = true },
	{ "seeds", FIELD_WORDS, AT(catalog_row, seeds), .may_be_empty = true },
	{ "seed", FIELD_INT, AT(catalog_row, seed), .min = 1, .max = SEED_MAX },
	{ "count", FIELD_INT, AT(catalog_row, count), .min = 1, .max = SEED_COUNT_MAX },
	{ "probability", FIELD_WORD, AT(catalog_row, probability) },
	{ "modules", FIELD_BOOL, AT(catalog_row, modules) },
	{ "cpus", FIELD_INT, AT(catalog_row, machine.cpus), .min = 1, .max = 4096 },
	{ "memory_mb", FIELD_INT, AT(catalog_row, machine.memory_mb), .min = 8, .max = 1 << 20 },
	{ "cpu", FIELD_WORD, AT(catalog_row, machine.cpu) },
	{ "accel", FIELD_CHOICE, AT(catalog_row, machine.accel), .choices = accel_choices },
};

static const struct record row_record = {
	"a row", sizeof(struct catalog_row), NULL, row_fields, countof(row_fields), NULL,
};

static const struct field matrix_fields[] = {
	{ "description", FIELD_STRING, AT(catalog_matrix, description) },
	{ "rows", FIELD_MAPS, AT(catalog_matrix, rows), .mandatory = true, .record = &row_record,
	  .count_offset = offsetof(struct catalog_matrix, n_rows) },
};

static const struct field command_fields[] = {
	{ "run", FIELD_STRINGS, AT(catalog_command, run), .mandatory = true },
};

static const struct record command_record = {
	"a command", sizeof(struct catalog_command), NULL, command_fields, countof(command_fields), NULL,
};

static const struct field root_fields[] = {
	{ "description", FIELD_STRING, AT(catalog_root, description) },
	{ "arch", FIELD_REF, AT(catalog_root, arch), .ref = KIND_arch },
	{ "base", FIELD_CHOICE, AT(catalog_root, base), .mandatory = true, .choices = base_choices },
	{ "suite", FIELD_WORD, AT(catalog_root, suite) },
	{ "packages", FIELD_WORDS, AT(catalog_root, packages) },
	{ "gentoo", FIELD_WORD, AT(catalog_root, gentoo) },
	{ "variant", FIELD_WORD, AT(catalog_root, variant) },
	{ "keyring", FIELD_WORD, AT(catalog_root, keyring) },
	{ "keyring_from", FIELD_STRING, AT(catalog_root, keyring_from) },
	{ "mirror", FIELD_WORD, AT(catalog_root, mirror) },
	{ "prepare", FIELD_MAPS, AT(catalog_root, prepare), .may_be_empty = true, .record = &command_record,
	  .count_offset = offsetof(struct catalog_root, n_prepare) },
	{ "cache", FIELD_WORDS, AT(catalog_root, cache), .may_be_empty = true },
	{ "prefix", FIELD_WORD, AT(catalog_root, prefix), .may_be_empty = true, .absent = "" },
	{ "compilers", FIELD_WORDS, AT(catalog_root, compilers), .absent = "gcc" },
	{ "cross", FIELD_REFS, AT(catalog_root, cross), .ref = KIND_arch },
	{ "skip", FIELD_STRING, AT(catalog_root, skip) },
	{ "unproved", FIELD_BOOL, AT(catalog_root, unproved) },
};

static const struct field layer_fields[] = {
	{ "root", FIELD_REF, AT(catalog_layer, root), .mandatory = true, .ref = KIND_root },
	{ "from", FIELD_REF, AT(catalog_layer, from), .mandatory = true, .ref = KIND_root },
	{ "prefix", FIELD_WORD, AT(catalog_layer, prefix), .mandatory = true },
	{ "tools", FIELD_WORDS, AT(catalog_layer, tools), .mandatory = true },
	{ "host", FIELD_WORDS, AT(catalog_layer, host), .may_be_empty = true },
	{ "data", FIELD_WORDS, AT(catalog_layer, data), .may_be_empty = true },
	{ "places", FIELD_WORDS, AT(catalog_layer, places), .may_be_empty = true },
	{ "differ", FIELD_WORDS, AT(catalog_layer, differ), .may_be_empty = true },
};

static const struct field known_fields[] = {
	{ "signature", FIELD_STRING, AT(catalog_known, signature) },
	{ "regex", FIELD_STRING, AT(catalog_known, regex) },
	{ "builds", FIELD_WORDS, AT(catalog_known, builds), .mandatory = true },
	{ "boards", FIELD_WORDS, AT(catalog_known, boards) },
	{ "kernel", FIELD_KERNELS, AT(catalog_known, kernel), .absent = "" },
	{ "reason", FIELD_STRING, AT(catalog_known, reason), .mandatory = true },
	{ "link", FIELD_WORD, AT(catalog_known, link), .mandatory = true },
	{ "expires", FIELD_DATE, AT(catalog_known, expires), .mandatory = true },
};

static const struct field lab_fields[] = {
	{ "description", FIELD_STRING, AT(catalog_lab, description) },
	{ "url", FIELD_WORD, AT(catalog_lab, url), .mandatory = true },
	{ "user", FIELD_WORD, AT(catalog_lab, user), .mandatory = true },
	{ "token_file", FIELD_WORD, AT(catalog_lab, token_file) },
	{ "token_env", FIELD_WORD, AT(catalog_lab, token_env) },
	{ "ca", FIELD_WORD, AT(catalog_lab, ca) },
	{ "listen", FIELD_WORD, AT(catalog_lab, listen) },
	{ "store", FIELD_WORD, AT(catalog_lab, store) },
	{ "fetch", FIELD_WORD, AT(catalog_lab, fetch) },
	{ "jobs", FIELD_INT, AT(catalog_lab, jobs), .absent = "4", .min = 1, .max = 1000 },
	{ "minutes", FIELD_INT, AT(catalog_lab, minutes), .min = 1, .max = 1 << 20 },
	{ "poll", FIELD_DURATION, AT(catalog_lab, poll_ms), .absent = "3s", .min = 1, .max = DAY_MS },
	{ "patience", FIELD_DURATION, AT(catalog_lab, patience_ms), .absent = "30m", .min = 1, .max = DAY_MS },
	{ "types", FIELD_WORDS, AT(catalog_lab, types), .may_be_empty = true },
	{ "avoid_types", FIELD_WORDS, AT(catalog_lab, avoid_types), .may_be_empty = true },
	{ "tags", FIELD_WORDS, AT(catalog_lab, tags), .may_be_empty = true },
	{ "avoid_tags", FIELD_WORDS, AT(catalog_lab, avoid_tags), .may_be_empty = true },
	{ "zone", FIELD_WORD, AT(catalog_lab, zone) },
};

static const struct field pattern_fields[] = {
	{ "name", FIELD_WORD, AT(judge_pattern, name), .mandatory = true },
	{ "regex", FIELD_STRING, AT(judge_pattern, regex), .mandatory = true },
	{ "verdict", FIELD_CHOICE, AT(judge_pattern, verdict), .mandatory = true, .choices = verdict_choices },
	{ "final", FIELD_BOOL, AT(judge_pattern, final) },
	{ "trace", FIELD_BOOL, AT(judge_pattern, trace) },
	{ "last", FIELD_BOOL, AT(judge_pattern, last) },
};

#define KIND(kind, what, extension)                                                                             \
	[KIND_##kind] = { #kind,                                                                                \
			  extension,                                                                            \
			  { what, sizeof(struct catalog_##kind), NULL, kind##_fields, countof(kind##_fields) }, \
			  offsetof(struct catalog, kind##s),                                                    \
			  offsetof(struct catalog, n_##kind##s) }

static const struct kind_schema kinds[KIND_COUNT] = {
	KIND(arch, "an arch", ".yaml"),
	KIND(toolchain, "a toolchain", ".yaml"),
	KIND(fragment, "a fragment", ".config"),
	KIND(config, "a config", ".yaml"),
	KIND(firmware, "a firmware", ".yaml"),
	KIND(board, "a board", ".yaml"),
	KIND(rootfs, "a rootfs", ".yaml"),
	KIND(suite, "a suite", ".yaml"),
	KIND(matrix, "a matrix", ".yaml"),
	KIND(known, "a known failure", ".yaml"),
	KIND(root, "a root", ".yaml"),
	KIND(layer, "a layer", ".yaml"),
	KIND(lab, "a lab", ".yaml"),
	[KIND_pattern] = { "pattern",
			   ".yaml",
			   { "a pattern", sizeof(struct judge_pattern), NULL, pattern_fields, countof(pattern_fields) },
			   offsetof(struct catalog, patterns),
			   offsetof(struct catalog, n_patterns) },
};

#define X(kind)                                                                                                \
	_Static_assert(offsetof(struct catalog_##kind, name) == offsetof(struct entry_head, name) &&           \
			       offsetof(struct catalog_##kind, origin) == offsetof(struct entry_head, origin), \
		       "an entry begins with its head");
CATALOG_KINDS(X)
#undef X

const struct kind_schema *kind_schema(enum kind kind)
{
	return &kinds[kind];
}

enum kind kind_by_name(const char *name)
{
	enum kind kind = 0;

	while (kind < KIND_COUNT && strcmp(kinds[kind].name, name))
		kind++;
	return kind;
}

const struct field *record_field(const struct record *record, const char *key)
{
	for (size_t i = 0; i < record->n; i++)
		if (!strcmp(record->fields[i].key, key))
			return &record->fields[i];
	return NULL;
}

bool field_is_list(const struct field *field)
{
	return field->type >= FIELD_WORDS;
}
