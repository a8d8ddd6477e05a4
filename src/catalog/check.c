/* What no table can say: keys and entries that must fit each other. */
#include "catalog/load.h"

#include "base/cleanup.h"

#include <fnmatch.h>
#include <regex.h>
#include <string.h>

/* Where a key was written, or the map itself. */
static struct place key_place(const struct node *map, const char *key)
{
	const struct pair *pair = map->type == NODE_MAP ? node_pair(map, key) : NULL;

	return pair ? pair->value->at : map->at;
}

/* The i-th map of the list of a key; the map itself when the list is not as it should be. */
static const struct node *item_node(const struct node *map, const char *key, size_t i)
{
	const struct pair *pair = node_pair(map, key);

	return pair && pair->value->type == NODE_LIST && i < pair->value->n ? pair->value->items[i] : map;
}

static void target_check(struct reader *r, const char *target, struct place at)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
	size_t n = strlen(target);

	if (target[strspn(target, allowed)] || target[0] == '-' || n < 6 || strcmp(target + n - 6, "config"))
		fault_add(r->faults, at,
			  "target: \"%s\" is no configuration target of make; "
			  "one such as defconfig, allnoconfig or NAME_defconfig is allowed",
			  target);
}

/* Whether another entry of the same arch has a target. */
static bool target_of_another(const struct catalog_config *config, size_t i)
{
	for (size_t k = 0; k < config->n_archs; k++)
		if (config->archs[k].target && config->archs[i].arch && config->archs[k].arch &&
		    !strcmp(config->archs[k].arch, config->archs[i].arch))
			return true;
	return false;
}

static void config_check(struct reader *r, const struct catalog *c, const void *entry, const struct node *node)
{
	const struct catalog_config *config = entry;

	if (config->target)
		target_check(r, config->target, key_place(node, "target"));
	else if (!config->n_archs && !r->broken)
		fault_add(r->faults, node->at, "the key \"target\" is missing; a config or each of its archs needs it");
	for (size_t i = 0; i < config->n_archs; i++) {
		const struct node *item = item_node(node, "archs", i);

		if (config->archs[i].target)
			target_check(r, config->archs[i].target, key_place(item, "target"));
		else if (!config->target && !r->broken && !target_of_another(config, i))
			fault_add(r->faults, item->at, "the key \"target\" is missing; the config itself has none");
	}
}

/* A board is a machine of QEMU's, a device type of labs, or both. */
static void machine_check(struct reader *r, const struct catalog_board *board, const struct node *node)
{
	static const char *const of_qemu[] = { "qemu_cpu",  "kvm_cpu",  "tcg_only", "qemu_min",
					       "qemu_args", "firmware", "ends",     "guest_firmware" };

	if (node_pair(node, "qemu_machine")) {
		if (!node_pair(node, "ends") && !r->broken)
			fault_add(r->faults, node->at,
				  "the key \"ends\" is missing; a board with a \"qemu_machine\" needs it");
		return;
	}
	if (!node_pair(node, "lava") && !r->broken)
		fault_add(r->faults, node->at, "one of the keys \"qemu_machine\" and \"lava\" is needed");
	for (size_t i = 0; node_pair(node, "lava") && i < countof(of_qemu); i++)
		if (node_pair(node, of_qemu[i]))
			fault_add(r->faults, key_place(node, of_qemu[i]),
				  "%s: is about QEMU, and the board has no \"qemu_machine\"", of_qemu[i]);
	if (board->lava.method && strcmp(board->lava.method, "qemu") == 0)
		fault_add(r->faults, key_place(node, "lava"),
			  "lava: the method qemu needs the key \"qemu_machine\"; another method is allowed");
}

static void board_check(struct reader *r, const struct catalog *c, const void *entry, const struct node *node)
{
	const struct catalog_board *board = entry;

	machine_check(r, board, node);
	/* the default of one may well be longer than the other as given */
	if (node_pair(node, "silence") && board->limit_ms && board->silence_ms > board->limit_ms)
		fault_add(r->faults, key_place(node, "silence"),
			  "silence: is longer than the limit of the whole boot; at most %lld ms is allowed",
			  (long long)board->limit_ms);
}

static void seeds_check(struct reader *r, const struct catalog_row *row, const struct node *node)
{
	struct err err = { 0 };
	int64_t seed;

	for (size_t i = 0; i < row->seeds.n; i++)
		if (seed_parse(view_of(row->seeds.data[i]), &seed) < 0)
			fault_add(r->faults, key_place(node, "seeds"),
				  "seeds: \"%s\" is no seed; whole numbers from 0 to %lld are allowed",
				  row->seeds.data[i], SEED_MAX);
	if (row->seeds.n && (row->seed || row->count))
		fault_add(r->faults, key_place(node, row->seed ? "seed" : "count"),
			  "seeds are listed already; either seeds, or seed and count is allowed");
	if (row->probability && probability_check(row->probability, &err) < 0)
		fault_add(r->faults, key_place(node, "probability"), "%s", err.msg);
}

static void matrix_check(struct reader *r, const struct catalog *c, const void *entry, const struct node *node)
{
	const struct catalog_matrix *matrix = entry;

	for (size_t i = 0; i < matrix->n_rows; i++) {
		const struct catalog_row *row = &matrix->rows[i];
		struct place at = key_place(item_node(node, "rows", i), "boards");

		seeds_check(r, row, item_node(node, "rows", i));
		for (size_t k = 0; k < row->boards.n && row->archs.n; k++) {
			const struct catalog_board *board = catalog_board(c, row->boards.data[k]);

			if (board && board->arch && !names_have(&row->archs, board->arch))
				fault_add(r->faults, at,
					  "boards: %s is of %s, which is none of the row's archs; "
					  "boards of these are allowed",
					  board->name, board->arch);
		}
	}
}

static bool some_entry_fits(const struct catalog *c, enum kind kind, const char *glob)
{
	for (size_t i = 0; i < catalog_count(c, kind); i++)
		if (!fnmatch(glob, ((const struct entry_head *)catalog_at(c, kind, i))->name, 0))
			return true;
	return false;
}

/* A glob that fits nothing is a slip of the pen, or forgotten. */
static void glob_check(struct reader *r, const struct catalog *c, enum kind kind, const char *glob, struct place at)
{
	if (some_entry_fits(c, kind, glob))
		return;
	if (!strpbrk(glob, "*?["))
		entries_missing(r->entries, at, kind, glob);
	else
		fault_add(r->faults, at, "\"%s\" fits no %s; kiln catalog list %s shows what there is", glob,
			  kind_schema(kind)->name, kind_schema(kind)->name);
}

static void build_glob_check(struct reader *r, const struct catalog *c, const char *glob, struct place at)
{
	const char *config = strchr(glob, '/'), *toolchain = config ? strchr(config + 1, '/') : NULL;
	autofree char *arch = NULL, *name = NULL;

	if (!toolchain || strchr(toolchain + 1, '/')) {
		fault_add(r->faults, at, "builds: \"%s\" is wrong; ARCH/CONFIG/TOOLCHAIN is allowed, * in any of them",
			  glob);
		return;
	}
	arch = mem_strndup(glob, (size_t)(config - glob));
	glob_check(r, c, KIND_arch, arch, at);
	/* Of one that lives in a root, TOOLCHAIN+ROOT. */
	name = mem_strndup(toolchain + 1, strcspn(toolchain + 1, "+"));
	glob_check(r, c, KIND_toolchain, name, at);
}

static void regex_check(struct reader *r, const char *regex, struct place at)
{
	char message[200];
	regex_t compiled;
	int code = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);

	if (code) {
		regerror(code, &compiled, message, sizeof(message));
		fault_add(r->faults, at, "regex: %s; a POSIX extended regular expression is allowed", message);
	} else {
		regfree(&compiled);
	}
}

/* Exactly one of two keys. */
static void either_check(struct reader *r, const struct node *node, const char *first, const char *second)
{
	if (!node_pair(node, first) == !node_pair(node, second) && !r->broken)
		fault_add(r->faults, node->at, "one of the keys \"%s\" and \"%s\" is needed, and not both", first,
			  second);
}

static void known_check(struct reader *r, const struct catalog *c, const void *entry, const struct node *node)
{
	const struct catalog_known *known = entry;

	either_check(r, node, "signature", "regex");
	if (known->regex)
		regex_check(r, known->regex, key_place(node, "regex"));
	for (size_t i = 0; i < known->builds.n; i++)
		build_glob_check(r, c, known->builds.data[i], key_place(node, "builds"));
	for (size_t i = 0; i < known->boards.n; i++)
		glob_check(r, c, KIND_board, known->boards.data[i], key_place(node, "boards"));
}

/* The keys that the other kind of base has no use for, and those that this one needs. */
static void base_check(struct reader *r, const struct node *node, const char *base, const char *const *needed,
		       const char *const *foreign)
{
	for (; *needed; needed++)
		if (!node_pair(node, *needed) && !r->broken)
			fault_add(r->faults, node->at, "the key \"%s\" is missing; a root from %s needs it", *needed,
				  base);
	for (; *foreign; foreign++)
		if (node_pair(node, *foreign))
			fault_add(r->faults, key_place(node, *foreign), "%s: a root from %s has no use for it",
				  *foreign, base);
}

static void root_check(struct reader *r, const struct catalog *c, const void *entry, const struct node *node)
{
	static const char *const of_debian[] = { "suite", "packages", NULL };
	static const char *const of_stage3[] = { "gentoo", "variant", "keyring", "mirror", NULL };
	static const char *const only_stage3[] = { "gentoo", "variant", NULL };
	const struct catalog_root *root = entry;

	if (root->base && !strcmp(root->base, "debian"))
		base_check(r, node, root->base, of_debian, only_stage3);
	else if (root->base)
		base_check(r, node, root->base, of_stage3, of_debian);
	if (root->cross.n && root->arch && !r->broken)
		fault_add(r->faults, key_place(node, "cross"),
			  "cross: a root of %s has its own compiler; without \"arch\" it is of the host's own programs",
			  root->arch);
}

static void lab_check(struct reader *r, const struct catalog *c, const void *entry, const struct node *node)
{
	const struct catalog_lab *lab = entry;

	either_check(r, node, "token_file", "token_env");
	either_check(r, node, "listen", "store");
	if (lab->store && !lab->fetch && !r->broken)
		fault_add(r->faults, node->at,
			  "the key \"fetch\" is missing: the URL under which the lab reads the store");
	if (lab->url && !str_starts(lab->url, "http://") && !str_starts(lab->url, "https://"))
		fault_add(r->faults, key_place(node, "url"), "url: \"%s\" is none; http:// or https:// is allowed",
			  lab->url);
}

typedef void check_fn(struct reader *r, const struct catalog *c, const void *entry, const struct node *node);

static check_fn *const checks[KIND_COUNT] = {
	[KIND_config] = config_check, [KIND_board] = board_check, [KIND_matrix] = matrix_check,
	[KIND_known] = known_check,   [KIND_root] = root_check,   [KIND_lab] = lab_check,
};

void entry_check(struct reader *r, const struct catalog *c, enum kind kind, const void *entry, const struct node *node)
{
	if (checks[kind])
		checks[kind](r, c, entry, node);
}
