#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "qemu/program.h"
#include "qemu/qemu.h"

#include <fcntl.h>

static char *find_firmware(const json_t *facts, const char *name)
{
	const json_t *dir;
	size_t i;

	json_array_foreach (json_object_get(facts, "data"), i, dir) {
		autofree char *path = fs_join(json_string_value(dir), name);

		if (access(path, R_OK) == 0)
			return steal(&path);
	}
	return NULL;
}

static int firmware_digests(const char *home, const json_t *facts, const struct catalog_board *board, json_t *out,
			    struct err *err)
{
	for (size_t i = 0; i < board->firmware.n; i++) {
		const char *name = board->firmware.data[i];
		autofree char *path = find_firmware(facts, name);
		char hex[HASH_HEX];

		if (!path)
			return err_user(err, "its firmware %s is in none of QEMU's directories: install %s%s", name,
					board->firmware_package ? "the package " : "the package that brings it",
					board->firmware_package ? board->firmware_package : "");
		if (stamp_digest(home, path, hex, err) < 0)
			return -1;
		json_object_set_new(out, name, json_string(hex));
	}
	return 0;
}

/* What the board wants of QEMU and this one is not, in the words of a requirement; NULL when it is all there. */
static json_t *version_lacks(const json_t *facts, const struct catalog_board *board)
{
	const char *version = json_str_or(facts, "version", "");

	if (board->qemu_min && !program_at_least(version, board->qemu_min))
		return json_pack("{s:s+, s:s}", "want", ">=", board->qemu_min, "have", version);
	if (!program_has_machine(facts, board->qemu_machine))
		return json_pack("{s:s+, s:s+}", "want", "one with the machine ", board->qemu_machine, "have", version,
				 " without it");
	return NULL;
}

static int find_program(const struct catalog_arch *arch, const char *program, char **path, struct err *err)
{
	autofree char *found = fs_which(program);

	/* Without symlinks, for in the sandbox only the program's own directory is there. */
	*path = found ? realpath(found, NULL) : NULL;
	if (*path)
		return 0;
	return err_user(err, "%s is not installed: install %s%s", program,
			arch->qemu_package ? "the package " : "QEMU's system emulator for it",
			arch->qemu_package ? arch->qemu_package : "");
}

static int identify(const char *home, const struct catalog_arch *arch, const struct catalog_board *board, json_t **qemu,
		    struct err *err)
{
	autofree char *program = mem_printf("qemu-system-%s", arch->qemu);
	autofree char *path = NULL;
	autojson json_t *facts = NULL;
	autojson json_t *firmware = json_object(), *lacks = NULL;
	char hex[HASH_HEX];

	if (find_program(arch, program, &path, err) < 0 || stamp_digest(home, path, hex, err) < 0 ||
	    program_facts(home, path, hex, &facts, err) < 0)
		return -1;
	lacks = version_lacks(facts, board);
	if (!lacks && firmware_digests(home, facts, board, firmware, err) < 0)
		return -1;
	*qemu = json_pack("{s:s, s:s, s:s, s:O, s:O}", "program", program, "path", path, "digest", hex, "version",
			  json_object_get(facts, "version"), "firmware", firmware);
	if (lacks)
		json_object_set(*qemu, "lacks", lacks);
	return 0;
}

int qemu_identify(const char *home, const struct catalog_arch *arch, const struct catalog_board *board, json_t **qemu,
		  struct err *err)
{
	if (!arch->qemu)
		return err_user(err, "board %s: no QEMU is known for %s", board->name, arch->name);
	if (identify(home, arch, board, qemu, err) < 0)
		return err_wrap(err, "board %s", board->name);
	return 0;
}
