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

/* In /dev/shm, where a file costs microseconds. */
static const char *world(void)
{
	static char dir[] = "/dev/shm/kiln-fuzz-XXXXXX";
	static bool made;

	if (made)
		return dir;
	if (!mkdtemp(dir) || chdir(dir))
		abort();
	for (size_t i = 0; i < STD; i++) {
		char path[64];
		struct err err;

		snprintf(path, sizeof(path), "std/%s", std[i].path);
		*strrchr(path, '/') = 0;
		if (fs_mkdirs(AT_FDCWD, path, 0755, &err))
			abort();
		path[strlen(path)] = '/';
		FILE *f = fopen(path, "w");
		if (!f || fputs(std[i].text, f) < 0 || fclose(f))
			abort();
		snprintf(path, sizeof(path), "own-%zu/%s", i, std[i].path);
		*strrchr(path, '/') = 0;
		if (fs_mkdirs(AT_FDCWD, path, 0755, &err))
			abort();
	}
	made = true;
	return dir;
}

static void show_all(const struct catalog *c)
{
	for (const char *const *kind = catalog_kinds(); *kind; kind++) {
		autojson json_t *list = catalog_list_json(c, *kind);
		const json_t *entry;
		size_t i;

		json_array_foreach(list, i, entry) {
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
	char dir[32], path[64];
	const char *dirs[] = { dir, "std" };
	const struct catalog *c = NULL;
	struct buf faults = { 0 };
	struct err err = { 0 };
	size_t kind;
	FILE *f;

	if (!size)
		return 0;
	world();
	kind = data[0] % STD;
	snprintf(dir, sizeof(dir), "own-%zu", kind);
	snprintf(path, sizeof(path), "%s/%s", dir, std[kind].path);
	f = fopen(path, "w");
	if (!f || fwrite(data + 1, 1, size - 1, f) != size - 1 || fclose(f))
		abort();
	if (!catalog_load(dirs, 2, &c, &faults, &err))
		show_all(c);
	else if (!faults.n || err.class != ERR_USER)
		abort();
	catalog_free(c);
	buf_free(&faults);
	return 0;
}
