/* How a root's programs are run on this host. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/stamp.h"

#include <elf.h>
#include <string.h>

static void add_escaped(struct buf *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "\\x%02x", bytes[i]);
}

/* The first 20 bytes of an ELF file (elf(5)): identification, e_type (ET_EXEC or ET_DYN), e_machine. */
enum { ELF_HEAD = EI_NIDENT + 4 };

void root_magic(const struct catalog_arch *arch, struct buf *magic, struct buf *mask)
{
	unsigned char head[ELF_HEAD] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3 }, bits[ELF_HEAD];
	int low = arch->big_endian ? 1 : 0; /* which byte of a half word is the lower */

	if (!arch->elf_machine)
		return;
	head[EI_CLASS] = arch->bits == 64 ? ELFCLASS64 : ELFCLASS32;
	head[EI_DATA] = arch->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	head[EI_VERSION] = EV_CURRENT;
	head[EI_NIDENT + low] = ET_EXEC;
	head[EI_NIDENT + 2 + low] = (unsigned char)arch->elf_machine;
	head[EI_NIDENT + 2 + !low] = (unsigned char)(arch->elf_machine >> 8);
	memset(bits, 0xff, sizeof(bits));
	memset(bits + EI_OSABI, 0, EI_NIDENT - EI_OSABI); /* whatever system it says */
	bits[EI_NIDENT + low] = 0xfe;                     /* 2 and 3 */
	add_escaped(magic, head, sizeof(head));
	add_escaped(mask, bits, sizeof(bits));
}

int root_emulator(const struct catalog_arch *arch, json_t **emulator, struct err *err)
{
	const char *cpu = arch->qemu_user ? arch->qemu_user : arch->qemu;
	autofree char *name = mem_printf("qemu-%s-static", cpu), *program = NULL;
	autobuf struct buf magic = { 0 }, mask = { 0 };

	if (arch_is_native(arch)) {
		*emulator = NULL;
		return 0;
	}
	if (!arch->elf_machine)
		return err_user(err, "programs for %s cannot be run: its entry in the catalogue has no elf_machine",
				arch->name);
	program = fs_which(name);
	if (!program)
		return err_user(err,
				"programs for %s need %s, which is not there; install it with: apt-get install "
				"qemu-user-static",
				arch->name, name);
	root_magic(arch, &magic, &mask);
	*emulator = json_pack("{s:s, s:s, s:s, s:s}", "name", arch->name, "program", program, "magic", magic.data,
			      "mask", mask.data);
	if (arch->qemu_user_cpu)
		json_object_set_new(*emulator, "cpu", json_string(arch->qemu_user_cpu));
	return 0;
}

/* "qemu-aarch64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)" -> 7.2.22 */
static int emulator_version(const char *program, struct buf *version, struct err *err)
{
	const char *argv[] = { program, "--version", NULL };
	autobuf struct buf said = { 0 };
	struct view rest, word;

	if (proc_run(&(struct proc){ .argv = argv }, &said, err) < 0)
		return -1;
	rest = (struct view){ said.data ? said.data : "", said.n };
	rest = view_cut(&rest, '\n');
	do
		word = view_cut(&rest, ' ');
	while (rest.p && !view_is(word, "version"));
	buf_addv(version, rest.p ? view_cut(&rest, ' ') : VIEW("?"));
	return 0;
}

int root_emulator_identify(const char *home, const struct catalog_arch *arch, json_t **emulator, struct err *err)
{
	autojson json_t *found = NULL;
	autobuf struct buf version = { 0 };
	char digest[HASH_HEX];
	const char *program;

	if (root_emulator(arch, &found, err) < 0)
		return -1;
	program = found ? json_str_or(found, "program", "") : NULL;
	if (program && (stamp_digest(home, program, digest, err) < 0 || emulator_version(program, &version, err) < 0))
		return -1;
	if (program) {
		json_object_set_new(found, "digest", json_string(digest));
		json_object_set_new(found, "version", json_text(view_of(version.data)));
	}
	*emulator = steal(&found);
	return 0;
}

void emulator_bind(struct sandbox *sb, const json_t *emulator)
{
	const char *cpu = json_str_or(emulator, "cpu", NULL);

	if (cpu)
		sandbox_env(sb, "QEMU_CPU", cpu);
	if (emulator)
		sandbox_binfmt(sb, json_str_or(emulator, "name", ""), json_str_or(emulator, "magic", ""),
			       json_str_or(emulator, "mask", ""), json_str_or(emulator, "program", ""));
}

char *root_forbidden(const json_t *emulator)
{
	autosandbox struct sandbox *sb = sandbox_new();

	emulator_bind(sb, emulator);
	return sandbox_refused(sb);
}

void root_enter(struct sandbox *sb, const char *tree, const char *const *layers, size_t n, const json_t *emulator)
{
	const char *dirs[n + 1];

	for (size_t i = 0; i < n; i++)
		dirs[i] = layers[i];
	dirs[n] = tree;
	sandbox_root(sb, dirs, n + 1);
	emulator_bind(sb, emulator);
}
