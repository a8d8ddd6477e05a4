/* One architecture: its compilers, its QEMU, and the firmware of its boards. */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "doctor/private.h"

#include <string.h>
#include <unistd.h>

/* Whether the matrix has the arch; toolchain and board may be NULL: any. */
static bool is_needed(const struct doctor *d, const char *arch, const char *toolchain, const char *board)
{
	const struct catalog_matrix *m = catalog_matrix(d->catalog, d->matrix);

	for (size_t i = 0; m && i < m->n_rows; i++) {
		const struct catalog_row *row = &m->rows[i];

		if (names_have(&row->archs, arch) && (!toolchain || names_have(&row->toolchains, toolchain)) &&
		    (!board || names_select(&row->boards, board)))
			return true;
	}
	return false;
}

static void check_compiler(struct doctor *d, const struct catalog_arch *arch, const struct catalog_compiler *compiler)
{
	const struct catalog_toolchain *toolchain = catalog_toolchain(d->catalog, compiler->toolchain);
	bool prefixed = compiler->prefix && !compiler->target; /* clang takes the target as an option */
	autofree char *name = mem_printf("%s%s", prefixed ? compiler->prefix : "",
					 toolchain ? toolchain->compiler : compiler->toolchain);
	autofree char *why = mem_printf("compiles for %s", arch->name);

	check_program(d, name, compiler->package, is_needed(d, arch->name, compiler->toolchain, NULL), why);
}

/* The file in the first of QEMU's own directories that has it, owned; NULL when none has. */
static char *find_firmware(const char *qemu, const char *file)
{
	autobuf struct buf out = { 0 };
	struct err err = { 0 };
	struct proc proc = { .argv = (const char *const[]){ qemu, "-L", "help", NULL } };
	struct view rest;

	if (proc_run(&proc, &out, &err) < 0)
		return NULL;
	rest = (struct view){ out.data, out.n };
	while (rest.p) {
		struct view dir = view_trim(view_cut(&rest, '\n'));
		autofree char *path = mem_printf(VIEW_FMT "/%s", VIEW_ARG(dir), file);

		if (dir.n && access(path, R_OK) == 0)
			return steal(&path);
	}
	return NULL;
}

static void check_firmware(struct doctor *d, const struct catalog_board *board, const char *qemu)
{
	autofree char *why = mem_printf("starts %s", board->name);
	bool needed = is_needed(d, board->arch, NULL, board->name);

	for (size_t i = 0; i < board->firmware.n; i++)
		check_package(check_add(d, board->firmware.data[i], needed,
					find_firmware(qemu, board->firmware.data[i]), why),
			      board->firmware_package);
}

void check_arch(struct doctor *d, const struct catalog_arch *arch)
{
	autofree char *qemu = mem_printf("qemu-system-%s", arch->qemu);
	autofree char *why = mem_printf("boots %s", arch->name);
	autofree char *path = fs_which(qemu);

	d->group = arch->name;
	for (size_t i = 0; i < arch->n_compilers; i++)
		check_compiler(d, arch, &arch->compilers[i]);
	check_program(d, qemu, arch->qemu_package, is_needed(d, arch->name, NULL, NULL), why);
	for (size_t i = 0; path && i < d->catalog->n_boards; i++)
		if (strcmp(d->catalog->boards[i].arch, arch->name) == 0)
			check_firmware(d, &d->catalog->boards[i], qemu);
}
