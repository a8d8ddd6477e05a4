/* A boot's spec to QEMU's argument vector. */
#ifndef QEMU_ARGV_H
#define QEMU_ARGV_H

#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>

/* Where the sandbox shows the guest's parts to QEMU, and the descriptor of its QMP socket. */
#define QEMU_IMAGE "/kiln/image"
#define QEMU_INITRD "/kiln/initrd"
#define QEMU_DTB "/kiln/dtb"
#define QEMU_FIRMWARE "/kiln/firmware"
#define QEMU_GDB_DIR "/kiln/gdb"
#define QEMU_GDB_SOCKET "gdb"
enum { QEMU_QMP_FD = 3 };

struct qemu_argv {
	const char **data; /* NULL-terminated, not counted in n */
	size_t n, cap;
	struct arena arena;
};

/* Fills a zeroed *argv. ERR_USER names the field of the spec that is wrong. */
int qemu_argv_make(const json_t *spec, struct qemu_argv *argv, struct err *err);
void qemu_argv_free(struct qemu_argv *argv);
#define autoargv __attribute__((cleanup(qemu_argv_free)))

#endif
