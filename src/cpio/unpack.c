/* Reads the archives that cpio_write has made, and no others. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpio/cpio.h"
#include "cpio/newc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { MODE_AT = 6 + 1 * 8, SIZE_AT = 6 + 6 * 8, NAME_SIZE_AT = 6 + 11 * 8 };

static int bad(const char *why, struct err *err)
{
	return err_infra(err, 0, "archive: %s", why);
}

static bool read_field(const char *p, size_t *value)
{
	char text[9] = { 0 };

	memcpy(text, p, 8);
	*value = strtoul(text, NULL, 16);
	return strspn(text, "0123456789abcdefABCDEF") == 8;
}

/* Takes n bytes and their padding. */
static bool take(struct view *rest, size_t head, size_t n, struct view *part)
{
	size_t padded = n + (-(head + n) & (NEWC_ALIGN - 1));

	if (n > rest->n || padded > rest->n)
		return false;
	*part = (struct view){ rest->p, n };
	*rest = (struct view){ rest->p + padded, rest->n - padded };
	return true;
}

struct unpacked {
	size_t mode;
	const char *path;
	struct view content;
};

static int entry_read(struct view *rest, struct unpacked *u, struct err *err)
{
	const char *head = rest->p;
	size_t size, name_size;
	struct view name;

	if (rest->n < NEWC_HEAD || !view_starts(*rest, VIEW(NEWC_MAGIC)))
		return bad("is cut short, or none", err);
	if (!read_field(head + MODE_AT, &u->mode) || !read_field(head + SIZE_AT, &size) ||
	    !read_field(head + NAME_SIZE_AT, &name_size))
		return bad("a header has what is no number", err);
	*rest = (struct view){ rest->p + NEWC_HEAD, rest->n - NEWC_HEAD };
	if (!name_size || !take(rest, NEWC_HEAD, name_size, &name) || memchr(name.p, 0, name.n) != name.p + name.n - 1)
		return bad("a name is cut short", err);
	u->path = name.p;
	return take(rest, 0, size, &u->content) ? 0 : bad("a file is cut short", err);
}

static int unpack_file(const struct unpacked *u, const char *dir, struct err *err)
{
	const char *fault = cpio_path_fault(u->path);
	autofree char *to = NULL;
	char *slash;

	if (fault)
		return err_infra(err, 0, "archive: bad path \"%s\": %s", u->path, fault);
	if (!S_ISREG(u->mode))
		return err_infra(err, 0, "archive: %s is no regular file", u->path);
	to = fs_join(dir, u->path);
	slash = strrchr(to, '/');
	*slash = '\0';
	if (fs_mkdirs(AT_FDCWD, to, 0755, err) < 0)
		return -1;
	*slash = '/';
	return fs_write(AT_FDCWD, to, u->content.p, u->content.n, 0644, err);
}

int cpio_unpack(const struct buf *archive, const char *dir, cpio_file_fn file, void *ctx, struct err *err)
{
	struct view rest = { archive->data, archive->n };
	struct unpacked u = { 0 };

	for (;;) {
		if (entry_read(&rest, &u, err) < 0)
			return -1;
		if (strcmp(u.path, NEWC_END) == 0)
			return 0;
		if (S_ISDIR(u.mode))
			continue;
		if (unpack_file(&u, dir, err) < 0)
			return -1;
		file(ctx, u.path);
	}
}
