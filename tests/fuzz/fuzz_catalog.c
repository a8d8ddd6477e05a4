/* Any bytes as the text of one file of the catalogue: whatever they are, loading ends, and what it
 * accepts can be shown. The first byte chooses the kind, so that one corpus serves them all. */
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *path, *text;
} std[] = {
	{ "arch/one.yaml", "kernel: k\nsrcarch: k\nbits: 32\nendian: big\nimage_target: I\nimage_path: I\nqemu: q\n"
			   "qemu_package: q\ncompilers: [{toolchain: cc, package: cc}]\n" },
	{ "toolchain/cc.yaml", "compiler: cc\n" },
	{ "fragment/small.config", "CONFIG_A=y\n" },
	{ "config/small.yaml", "target: allnoconfig\nfragments: [small]\n" },
	{ "board/plain.yaml", "arch: one\nqemu_machine: m\nconsole: c\nends: {poweroff: true, reboot: true}\n"
			      "require: [A=y]\n" },
	{ "rootfs/ram.yaml", "transport: initrd\nkind: init\n" },
	{ "suite/boot.yaml", "program: boot\n" },
	{ "matrix/all.yaml", "rows: [{archs: [one], configs: [small], toolchains: [cc], rootfs: ram}]\n" },
	{ "pattern/p.yaml", "- {name: p, regex: p, verdict: fail}\n" },
};

enum { STD = sizeof(std) / sizeof(std[0]) };

static char root[] = "/dev/shm/kiln-fuzz-XXXXXX"; /* a file there costs microseconds */

static void world_free(void)
{
	struct err err;

	fs_remove(AT_FDCWD, root, &err);
}

/* root/DIR/KIND for a file, and the file with this text in it. */
static void put(const char *dir, const char *file, const void *text, size_t n)
{
	char *path = mem_printf("%s/%s/%s", root, dir, file), *slash = strrchr(path, '/');
	struct err err;
	FILE *f;

	*slash = 0;
	if (fs_mkdirs(AT_FDCWD, path, 0755, &err))
		abort();
	*slash = '/';
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, n, f) != n || fclose(f))
		abort();
	free(path);
}

static void world_make(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	if (!mkdtemp(root) || atexit(world_free))
		abort();
	for (size_t i = 0; i < STD; i++)
		put("std", std[i].path, std[i].text, strlen(std[i].text));
}

static void show_all(const struct catalog *c)
{
	for (const char *const *kind = catalog_kinds(); *kind; kind++) {
		autojson json_t *list = catalog_list_json(c, *kind);
		const json_t *entry;
		size_t i;

		json_array_foreach (list, i, entry) {
			autojson json_t *shown = catalog_entry_json(c, *kind, json_str_or(entry, "name", ""));
			char *text = shown ? json_canonical(shown) : NULL;

			if (!text)
				abort();
			free(text);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char own[64], base[64], name[16];
	const char *dirs[] = { own, base };
	const struct catalog *c = NULL;
	struct buf faults = { 0 };
	struct err err = { 0 };
	size_t kind;

	if (!size)
		return 0;
	world_make();
	kind = data[0] % STD;
	snprintf(name, sizeof(name), "own-%zu", kind);
	snprintf(own, sizeof(own), "%s/%s", root, name);
	snprintf(base, sizeof(base), "%s/std", root);
	put(name, std[kind].path, data + 1, size - 1);
	if (!catalog_load(dirs, 2, &c, &faults, &err))
		show_all(c);
	else if (!faults.n || err.class != ERR_USER)
		abort();
	catalog_free(c);
	buf_free(&faults);
	return 0;
}
