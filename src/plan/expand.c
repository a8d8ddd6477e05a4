#include "base/cleanup.h"
#include "plan/private.h"

#include <string.h>

typedef VEC(struct plan_cell) cell_vec;

static const struct plan_file_config *file_config(const struct plan_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_files; i++)
		if (strcmp(r->files[i].name, name) == 0)
			return &r->files[i];
	return NULL;
}

/* Whether an arch has this config: one with entries for archs is for those only. */
static bool config_fits(const struct catalog_config *config, const struct catalog_arch *arch)
{
	for (size_t i = 0; i < config->n_archs; i++)
		if (strcmp(config->archs[i].arch, arch->name) == 0)
			return true;
	return config->n_archs == 0;
}

bool same_build(const struct plan_cell *a, const struct plan_cell *b)
{
	return a->arch == b->arch && a->config == b->config && a->file == b->file && a->toolchain == b->toolchain &&
	       a->root == b->root && a->row == b->row && a->seed == b->seed;
}

/* The seeds of a row: the request's, those it lists, or a range. */
static struct plan_seeds seeds_of(struct plan *plan, const struct plan_request *r, const struct catalog_row *row)
{
	int64_t first = row->seed ? row->seed : 1;
	size_t n = row->seeds.n ? row->seeds.n : row->count ? (size_t)row->count : row->seed ? 1 : 0;
	int64_t *seeds;

	if (r->seeds.n)
		return r->seeds;
	seeds = arena_alloc(&plan->arena, (n + 1) * sizeof(*seeds));
	for (size_t i = 0; i < n; i++)
		if (!row->seeds.n || seed_parse(view_of(row->seeds.data[i]), &seeds[i]) < 0)
			seeds[i] = first + (int64_t)i;
	return (struct plan_seeds){ seeds, n };
}

/* The toolchain of the host with the same compiler; else any of the host that the arch has. */
static const struct catalog_toolchain *host_toolchain(const struct catalog *c, const struct catalog_arch *arch,
						      const struct catalog_toolchain *like)
{
	const struct catalog_toolchain *any = NULL;

	for (size_t i = 0; i < arch->n_compilers; i++) {
		const struct catalog_toolchain *t = catalog_toolchain(c, arch->compilers[i].toolchain);

		if (strcmp(t->compiler, like->compiler) == 0)
			return t;
		any = any ? any : t;
	}
	return any;
}

static bool is_of_host(const struct catalog_toolchain *t)
{
	return strcmp(t->where, "cross") == 0;
}

static void cell_push(cell_vec *cells, const struct plan_cell *cell)
{
	if (!cells->n || !same_build(&cells->data[cells->n - 1], cell))
		*vec_push(cells) = *cell;
}

/* What is started with the kernel is the host's to compile, by what it has for the arch first of all. */
static void root_push(struct plan *plan, struct plan_cell cell, const struct catalog_root *root, cell_vec *cells)
{
	const struct catalog_arch *arch = cell.arch;

	cell.root = root;
	if (arch->n_compilers)
		cell.init_toolchain = catalog_toolchain(plan->catalog, arch->compilers[0].toolchain);
	cell_push(cells, &cell);
}

/* Whether the cell's toolchain may live in the root: one of its arch, or of the host's own programs with a compiler for
 * it. An arch that is made from another's entry may name that one's root. */
static bool root_serves(const struct catalog_root *root, const struct plan_cell *cell)
{
	if (root->arch)
		return strcmp(root->arch, cell->arch->name) == 0;
	return strcmp(cell->toolchain->where, "root-cross") == 0 && names_have(&root->cross, cell->arch->name);
}

/* The root that an arch's builds live in when none is named; NULL: none. Its cross compiler is the host's own, but
 * where the catalogue says that the arch has to have another. */
static const struct catalog_root *own_root(const struct plan *plan, const struct plan_cell *cell)
{
	const struct catalog_root *root = cell->arch->root ? catalog_root(plan->catalog, cell->arch->root) : NULL;
	bool is_cross = strcmp(cell->toolchain->where, "root-cross") == 0;

	return root && root_serves(root, cell) && (!is_cross || !root->arch) ? root : NULL;
}

/* A toolchain that lives in a root: one build for each root that was named and serves it, or in the arch's own. Where
 * neither is there, a cross compiler is the host's, and the others are not to be had. */
static void expand_roots(struct plan *plan, const struct plan_request *r, struct plan_cell cell, cell_vec *cells)
{
	const struct catalog_root *own = own_root(plan, &cell);

	for (size_t i = 0; i < r->roots.n; i++) {
		const struct catalog_root *root = catalog_root(plan->catalog, r->roots.data[i]);

		if (root_serves(root, &cell))
			root_push(plan, cell, root, cells);
	}
	if (r->roots.n)
		return;
	if (own) {
		root_push(plan, cell, own, cells);
	} else if (strcmp(cell.toolchain->where, "root-cross") == 0) {
		cell.toolchain = cell.init_toolchain;
		if (cell.toolchain)
			cell_push(cells, &cell);
	}
}

static void expand_toolchains(struct plan *plan, const struct plan_request *r, const struct catalog_row *row,
			      struct plan_cell cell, cell_vec *cells)
{
	for (size_t t = 0; t < row->toolchains.n; t++) {
		const char *name = row->toolchains.data[t];

		if (!names_select(&r->toolchains, name))
			continue;
		cell.toolchain = catalog_toolchain(plan->catalog, name);
		cell.init_toolchain = host_toolchain(plan->catalog, cell.arch, cell.toolchain);
		if (!is_of_host(cell.toolchain)) {
			expand_roots(plan, r, cell, cells);
		} else if (arch_compiler(cell.arch, name)) {
			cell.init_toolchain = cell.toolchain;
			cell_push(cells, &cell);
		}
	}
}

/* A config made at random is one for each seed. */
static int expand_config(struct plan *plan, const struct plan_request *r, const struct catalog_row *row,
			 struct plan_cell cell, const char *config, cell_vec *cells, struct err *err)
{
	struct plan_seeds seeds;

	cell.file = file_config(r, config);
	cell.config = cell.file ? NULL : catalog_config(plan->catalog, config);
	if (!cell.file && (!cell.config || !config_fits(cell.config, cell.arch)))
		return 0;
	cell.only = cell.config ? config_kernels(&cell, &plan->arena) : NULL;
	if (cell.file || !config_is_random(cell.config)) {
		expand_toolchains(plan, r, row, cell, cells);
		return 0;
	}
	seeds = seeds_of(plan, r, row);
	if (!seeds.n)
		return err_user(err, "the config %s is made from a seed: give --seed N, or --count K for K seeds drawn",
				config);
	cell.random = true;
	cell.probability = r->probability ? r->probability : row->probability;
	for (size_t i = 0; i < seeds.n; i++) {
		cell.seed = seeds.data[i];
		expand_toolchains(plan, r, row, cell, cells);
	}
	return 0;
}

/* Modules are asked for by the request, the row, or a suite about them; then all such suites are run. */
static void cell_suites(struct plan *plan, const struct plan_request *r, struct plan_cell *cell)
{
	VEC(const char *) suites = { 0 };
	const struct names *own = &cell->row->suites;

	cell->modules = r->modules || cell->row->modules;
	for (size_t i = 0; i < own->n; i++) {
		*vec_push(&suites) = own->data[i];
		cell->modules |= catalog_suite(plan->catalog, own->data[i])->modules;
	}
	for (size_t i = 0; cell->modules && i < plan->catalog->n_suites; i++)
		if (plan->catalog->suites[i].modules && !names_have(own, plan->catalog->suites[i].name))
			*vec_push(&suites) = plan->catalog->suites[i].name;
	cell->suites.n = suites.n;
	cell->suites.data = arena_memdup(&plan->arena, suites.data, suites.n * sizeof(*suites.data));
	vec_free(&suites);
}

/* What the request says of the machine stands before what the row says. */
static struct catalog_machine machine_of(const struct plan_request *r, const struct catalog_row *row)
{
	const struct catalog_machine *first = &r->machine, *second = &row->machine;

	return (struct catalog_machine){
		.cpus = first->cpus ? first->cpus : second->cpus,
		.memory_mb = first->memory_mb ? first->memory_mb : second->memory_mb,
		.cpu = first->cpu ? first->cpu : second->cpu,
		.accel = first->accel ? first->accel : second->accel,
	};
}

static int expand_row(struct plan *plan, const struct plan_request *r, const struct catalog_row *row, cell_vec *cells,
		      struct err *err)
{
	for (size_t a = 0; a < row->archs.n; a++) {
		struct plan_cell cell = {
			.arch = catalog_arch(plan->catalog, row->archs.data[a]),
			.row = row,
			.rootfs = row->rootfs ? catalog_rootfs(plan->catalog, row->rootfs) : NULL,
			.machine = machine_of(r, row),
		};

		if (!names_select(&r->archs, row->archs.data[a]))
			continue;
		cell_places(plan, r, &cell);
		cell_suites(plan, r, &cell);
		if (r->boards.n && !cell.n_places)
			continue;
		for (size_t c = 0; c < row->configs.n; c++)
			if ((file_config(r, row->configs.data[c]) || names_select(&r->configs, row->configs.data[c])) &&
			    expand_config(plan, r, row, cell, row->configs.data[c], cells, err) < 0)
				return -1;
	}
	return 0;
}

#define CHECK_NAMES(kind, list)                               \
	for (size_t i = 0; i < (list).n; i++)                 \
		if (!catalog_##kind(catalog, (list).data[i])) \
			return unknown(#kind, (list).data[i], err);

static int unknown(const char *kind, const char *name, struct err *err)
{
	return err_user(err, "the catalogue has no %s \"%s\"; kiln catalog list %s shows what it has", kind, name,
			kind);
}

static int check_runners(const struct catalog *catalog, const struct plan_request *r, struct err *err)
{
	for (size_t i = 0; i < r->runners.n; i++) {
		const char *runner = r->runners.data[i];

		if (strcmp(runner, "local") == 0 || strcmp(runner, "auto") == 0)
			continue;
		if (str_starts(runner, "lava:") && !catalog_lab(catalog, runner + strlen("lava:")))
			return unknown("lab", runner + strlen("lava:"), err);
		if (strcmp(runner, "lava") == 0 && !catalog->n_labs)
			return err_user(err, "no lab is known; kiln lab --help says how to write one down");
		if (strcmp(runner, "lava") != 0 && !str_starts(runner, "lava:"))
			return err_user(err, "--runner %s: local, lava, lava:LAB and auto are runners", runner);
	}
	return 0;
}

static int check_names(const struct catalog *catalog, const struct plan_request *r, struct err *err)
{
	CHECK_NAMES(arch, r->archs)
	CHECK_NAMES(toolchain, r->toolchains)
	CHECK_NAMES(board, r->boards)
	CHECK_NAMES(root, r->roots)
	for (size_t i = 0; i < r->configs.n; i++)
		if (!file_config(r, r->configs.data[i]) && !catalog_config(catalog, r->configs.data[i]))
			return unknown("config", r->configs.data[i], err);
	if (r->matrix && !catalog_matrix(catalog, r->matrix))
		return unknown("matrix", r->matrix, err);
	return check_runners(catalog, r, err);
}

/* The matrix of a request that names none; a selection without one takes what it leaves open from its first row. */
static const char default_matrix[] = "smoke";

const struct catalog_row *plan_default_row(const struct catalog *catalog)
{
	const struct catalog_matrix *matrix = catalog_matrix(catalog, default_matrix);

	return matrix && matrix->n_rows ? &matrix->rows[0] : NULL;
}

/* The archs that the request's boards belong to, or all. */
static struct names archs_of(struct plan *plan, const struct plan_request *r)
{
	VEC(const char *) archs = { 0 };
	struct names names;

	for (size_t i = 0; i < plan->catalog->n_archs; i++) {
		const char *arch = plan->catalog->archs[i].name;
		bool wanted = r->boards.n == 0;

		for (size_t b = 0; b < r->boards.n; b++)
			wanted |= strcmp(catalog_board(plan->catalog, r->boards.data[b])->arch, arch) == 0;
		if (wanted)
			*vec_push(&archs) = arch;
	}
	names = (struct names){ arena_memdup(&plan->arena, archs.data, archs.n * sizeof(*archs.data)), archs.n };
	vec_free(&archs);
	return names;
}

/* The row of a request that names archs, configs or boards but no matrix. */
static struct catalog_row *own_row(struct plan *plan, const struct plan_request *r)
{
	const struct catalog_row *usual = plan_default_row(plan->catalog);
	struct catalog_row *row = arena_alloc(&plan->arena, sizeof(*row));

	if (usual)
		*row = *usual;
	row->archs = r->archs.n ? r->archs : archs_of(plan, r);
	row->configs = r->configs.n ? r->configs : row->configs;
	row->toolchains = r->toolchains.n ? r->toolchains : row->toolchains;
	row->boards = r->boards;
	return row;
}

static int nothing_selected(const struct plan_request *r, struct err *err)
{
	return err_user(err,
			"nothing is left of %s%s: no build fits all of the given --arch, --config, --toolchain, --root "
			"and --board",
			r->matrix ? "the matrix " : "the selection", r->matrix ? r->matrix : "");
}

int plan_expand(const struct catalog *catalog, const struct plan_request *request, struct plan **out, struct err *err)
{
	const struct plan_request *r = request;
	bool own = !r->matrix && (r->archs.n || r->configs.n || r->toolchains.n || r->boards.n);
	const char *name = r->matrix ? r->matrix : default_matrix;
	const struct catalog_matrix *matrix;
	cell_vec cells = { 0 };
	struct plan *plan;
	int status = 0;

	if (check_names(catalog, r, err) < 0)
		return -1;
	matrix = own ? NULL : catalog_matrix(catalog, name);
	if (!own && !matrix)
		return unknown("matrix", name, err);
	plan = mem_alloc(sizeof(*plan));
	plan->catalog = catalog;
	plan->options = r->options;
	plan->warm = r->warm;
	plan->objects = r->objects;
	if (own)
		status = expand_row(plan, r, plan->own_row = own_row(plan, r), &cells, err);
	for (size_t i = 0; matrix && i < matrix->n_rows && status == 0; i++)
		status = expand_row(plan, r, &matrix->rows[i], &cells, err);
	plan->cells = cells.data;
	plan->n = cells.n;
	if (status < 0 || !plan->n) {
		plan_free(plan);
		return status < 0 ? -1 : nothing_selected(r, err);
	}
	*out = plan;
	return 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->cells);
	arena_free(&plan->arena);
	free(plan);
}
