/* The head of a program's file: what it is for, and which interpreter it wants. */
#define _GNU_SOURCE
#include "enter/private.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INTERPRETER_MAX = 4096, SEGMENTS_MAX = 512 };

static uint64_t number(const unsigned char *p, size_t n, bool big)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[big ? i : n - 1 - i];
	return value;
}

/* A field of a struct of either class, by the names of elf(5). */
#define FIELD(p, wide, big, type, field)                                                               \
	((wide) ? number((p) + offsetof(Elf64_##type, field), sizeof(((Elf64_##type *)0)->field), big) \
		: number((p) + offsetof(Elf32_##type, field), sizeof(((Elf32_##type *)0)->field), big))

static bool read_at(int fd, void *data, size_t n, uint64_t at)
{
	return at < INT64_MAX && pread(fd, data, n, (off_t)at) == (ssize_t)n;
}

static int take_interpreter(int fd, const unsigned char *segment, bool wide, bool big, struct head *head,
			    const char *path, struct err *err)
{
	uint64_t at = FIELD(segment, wide, big, Phdr, p_offset), n = FIELD(segment, wide, big, Phdr, p_filesz);
	char text[INTERPRETER_MAX];

	if (!n || n > sizeof(text) || !read_at(fd, text, n, at) || text[n - 1] != '\0')
		return err_user(err, "%s: is damaged: it names no interpreter where it should", path);
	head->interpreter = mem_strdup(text);
	return 0;
}

static int elf_read(int fd, const unsigned char *bytes, size_t got, struct head *head, const char *path,
		    struct err *err)
{
	bool wide = bytes[EI_CLASS] == ELFCLASS64, big = bytes[EI_DATA] == ELFDATA2MSB;
	size_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	unsigned char segment[sizeof(Elf64_Phdr)];
	uint64_t table, count;

	if (got < (wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return err_user(err, "%s: is cut short", path);
	table = FIELD(bytes, wide, big, Ehdr, e_phoff);
	count = FIELD(bytes, wide, big, Ehdr, e_phnum);
	if (!count || count > SEGMENTS_MAX || table > INT64_MAX / 2)
		return err_user(err, "%s: is an ELF file, but no program", path);
	for (uint64_t i = 0; i < count && !head->interpreter; i++) {
		if (!read_at(fd, segment, size, table + i * size))
			return err_user(err, "%s: is cut short", path);
		if (FIELD(segment, wide, big, Phdr, p_type) == PT_INTERP &&
		    take_interpreter(fd, segment, wide, big, head, path, err) < 0)
			return -1;
	}
	return 0;
}

int head_read(int dir, const char *path, struct head *head, struct err *err)
{
	autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char bytes[sizeof(Elf64_Ehdr)] = { 0 };
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_user(err, "%s: cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_user(err, "%s: is no file, so no program", path);
	n = pread(fd, bytes, sizeof(bytes), 0);
	head->script = n > 2 && memcmp(bytes, "#!", 2) == 0;
	head->elf = n >= (ssize_t)sizeof(head->ident) && memcmp(bytes, ELFMAG, SELFMAG) == 0;
	memcpy(head->ident, bytes, sizeof(head->ident));
	if (!head->elf && !head->script)
		return err_user(err, "%s: is neither an ELF program nor a script", path);
	if (head->elf && elf_read(fd, bytes, (size_t)n, head, path, err) < 0)
		return -1;
	if (!(st.st_mode & 0111))
		return err_user(err, "%s: is not executable; chmod +x it", path);
	return 0;
}

void head_free(struct head *head)
{
	free(head->interpreter);
	head->interpreter = NULL;
}

/* The next byte of \xNN\xNN..., -1 at its end. */
static int next_byte(const char **text)
{
	char digits[3] = { 0 };

	if (strncmp(*text, "\\x", 2) != 0 || !(*text)[2] || !(*text)[3])
		return -1;
	memcpy(digits, *text + 2, 2);
	*text += 4;
	return (int)strtol(digits, NULL, 16);
}

bool head_fits(const struct head *head, const struct way *way)
{
	const char *magic = way->magic ? way->magic : "", *mask = way->mask ? way->mask : "";

	for (size_t i = 0; i < sizeof(head->ident); i++) {
		int want = next_byte(&magic), bits = next_byte(&mask);

		if (want < 0 || bits < 0)
			break;
		if ((head->ident[i] & bits) != (want & bits))
			return false;
	}
	return head->elf;
}

bool way_fits(const struct way *way, const char *path)
{
	CLEANUP(head_free) struct head head = { 0 };
	struct err ignored = { 0 };

	return head_read(AT_FDCWD, path, &head, &ignored) == 0 && way->magic && head_fits(&head, way);
}
