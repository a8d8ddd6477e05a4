/* The head of a program that somebody wants to run, and what it is held against: any bytes are read to an answer. */
#define _GNU_SOURCE
#include "enter/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP(head_free) struct head head = { 0 };
	autoclose int fd = memfd_create("program", MFD_CLOEXEC);
	autofree char *path = mem_printf("/proc/self/fd/%d", fd), *mask = mem_strndup((const char *)data, n);
	const struct way way = { .magic = mask, .mask = mask };
	struct err err = { 0 };

	if (fd < 0 || fchmod(fd, 0755) < 0 || fs_write_all(fd, data, n, &err) < 0)
		abort();
	if (head_read(AT_FDCWD, path, &head, &err) == 0 && !head.elf && !head.script)
		abort();
	head_fits(&head, &way);
	return 0;
}
