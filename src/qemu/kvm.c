#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "qemu/qemu.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

/* The lines of /proc/cpuinfo that say which CPU this is: the first processor's, but for what changes
 * by the moment. Each architecture of the kernel has keys of its own. */
static void add_cpu(struct hash *h)
{
	autobuf struct buf text = { 0 };
	struct err ignored = { 0 };
	struct view rest;

	if (fs_read(AT_FDCWD, "/proc/cpuinfo", 4 << 20, &text, &ignored) < 0)
		return;
	rest = (struct view){ text.data, text.n };
	while (rest.p) {
		struct view line = view_cut(&rest, '\n');

		if (line.n == 0)
			break;
		if (memmem(line.p, line.n, "MHz", 3) || memmem(line.p, line.n, "ogo", 3)) /* BogoMIPS */
			continue;
		hash_add(h, line.p, line.n);
	}
}

static char *proof_path(const char *home, const json_t *qemu)
{
	const char *digest = json_str_or(qemu, "digest", "");
	struct hash *h = hash_new();
	struct utsname host;
	char hex[HASH_HEX];

	if (uname(&host) == 0)
		hash_add(h, host.release, strlen(host.release) + 1);
	add_cpu(h);
	hash_add(h, digest, strlen(digest));
	hash_end(h, hex);
	return mem_printf("%s/cache/kvm-%s", home, hex);
}

enum qemu_kvm qemu_kvm_state(const char *home, const json_t *qemu)
{
	autoclose int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	autofree char *path = proof_path(home, qemu);
	autojson json_t *proof = NULL;
	struct err ignored = { 0 };
	const json_t *works;

	if (kvm < 0)
		return QEMU_KVM_ABSENT;
	if (json_read(AT_FDCWD, path, &proof, &ignored) < 0)
		return QEMU_KVM_UNKNOWN;
	works = json_object_get(proof, "works");
	if (!json_is_boolean(works))
		return QEMU_KVM_UNKNOWN;
	return json_is_true(works) ? QEMU_KVM_WORKS : QEMU_KVM_BROKEN;
}

static int kvm_check(const char *home, const struct catalog_arch *arch, const struct catalog_board *board,
		     const json_t *qemu, struct err *err)
{
	if (!arch_is_native(arch))
		return err_user(err,
				"kvm is asked for, and this machine does not run %s by itself: ask for auto or tcg",
				arch->name);
	if (board->tcg_only)
		return err_user(err, "kvm is asked for, and there is none of the board %s: ask for auto or tcg",
				board->name);
	switch (qemu_kvm_state(home, qemu)) {
	case QEMU_KVM_ABSENT:
		return err_user(err,
				"kvm is asked for, and /dev/kvm is not there or may not be opened: ask for auto or "
				"tcg; kiln doctor says more");
	case QEMU_KVM_BROKEN:
		return err_user(err, "kvm is asked for, and guests do not run with it here: ask for auto or tcg");
	case QEMU_KVM_UNKNOWN:
	case QEMU_KVM_WORKS:
		break;
	}
	return 0;
}

int qemu_accel(const char *home, const struct catalog_arch *arch, const struct catalog_board *board, const json_t *qemu,
	       const char *asked, const char **accel, struct err *err)
{
	bool kvm = asked && strcmp(asked, "kvm") == 0;

	if (kvm && kvm_check(home, arch, board, qemu, err) < 0)
		return -1;
	if (!asked || strcmp(asked, "auto") == 0)
		kvm = arch_is_native(arch) && !board->tcg_only && qemu_kvm_state(home, qemu) == QEMU_KVM_WORKS;
	*accel = kvm ? "kvm" : "tcg";
	return 0;
}

int qemu_kvm_record(const char *home, const json_t *qemu, bool works, struct err *err)
{
	autofree char *dir = fs_join(home, "cache");
	autofree char *path = proof_path(home, qemu);
	autojson json_t *proof = json_pack("{s:b}", "works", works);

	if (fs_mkdirs(AT_FDCWD, dir, 0777, err) < 0)
		return -1;
	return json_write(AT_FDCWD, path, proof, err);
}
