/* Who runs programs of another architecture: a table of the sandbox's own (Linux 6.7), or the host's. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

static const char host_table[] = "/proc/sys/fs/binfmt_misc";

/* P keeps argv[0], O hands the program over opened, F opens the interpreter now, so that no root needs to have it
 * (Documentation/admin-guide/binfmt-misc.rst). */
char *binfmt_text(const struct binfmt *b)
{
	return mem_printf(":%s:M::%s:%s:%s:POF", b->name, b->magic, b->mask, b->interpreter);
}

/* "\\x7fELF" and the hex digits that the kernel prints: both as plain hex digits. Owned. */
static char *hex_of(const char *escaped)
{
	autobuf struct buf hex = { 0 };

	for (const char *p = escaped; *p; p++) {
		if (p[0] == '\\' && p[1] == 'x' && isxdigit((unsigned char)p[2]) && isxdigit((unsigned char)p[3])) {
			buf_add(&hex, p + 2, 2);
			p += 3;
		} else {
			buf_printf(&hex, "%02x", (unsigned char)*p);
		}
	}
	return buf_steal(&hex);
}

bool binfmt_serves(struct view text, const char *escaped)
{
	autofree char *magic = hex_of(escaped);
	bool enabled = false, fixed = false, same = false;

	while (text.p) {
		struct view line = view_cut(&text, '\n');

		enabled |= view_is(line, "enabled");
		fixed |= view_starts(line, VIEW("flags: ")) && memchr(line.p, 'F', line.n);
		if (view_starts(line, VIEW("magic ")))
			same = view_is((struct view){ line.p + 6, line.n - 6 }, magic);
	}
	return enabled && fixed && same;
}

static bool host_serves(const struct binfmt *b)
{
	autoclosedir DIR *dir = opendir(host_table);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		autobuf struct buf text = { 0 };
		struct err ignored = { 0 };

		if (e->d_name[0] != '.' && strcmp(e->d_name, "register") != 0 && strcmp(e->d_name, "status") != 0 &&
		    fs_read(dirfd(dir), e->d_name, 4096, &text, &ignored) == 0 &&
		    binfmt_serves((struct view){ text.data ? text.data : "", text.n }, b->magic))
			return true;
	}
	return false;
}

static int host_check(const struct sandbox *sb, struct err *err)
{
	for (size_t i = 0; i < sb->binfmts.n; i++)
		if (!host_serves(&sb->binfmts.data[i]))
			return err_infra(
				err, 0,
				"programs for %s cannot be run: before Linux 6.7 the host's own binfmt_misc must know "
				"them, and it does not; as root: apt-get install qemu-user-static binfmt-support "
				"(an entry with the flag F is needed)",
				sb->binfmts.data[i].name);
	return 0;
}

static int format_register(int table, const struct binfmt *b, const char *text, struct err *err)
{
	autoclose int fd = openat(table, "register", O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return err_infra(err, errno, "%s: cannot be registered to run programs for %s", b->interpreter,
				 b->name);
	return 0;
}

int binfmt_open(const struct sandbox *sb, char *const *texts, int *mount, struct err *err)
{
	autoclose int fs = -1, table = -1;

	if (!sb->binfmts.n)
		return 0;
	fs = fsopen("binfmt_misc", FSOPEN_CLOEXEC);
	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		table = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (table < 0 && fs < 0 && errno == ENODEV)
		return err_infra(err, 0, "this kernel has no binfmt_misc (CONFIG_BINFMT_MISC; modprobe binfmt_misc)");
	if (table < 0)
		return host_check(sb, err);
	for (size_t i = 0; i < sb->binfmts.n; i++)
		if (format_register(table, &sb->binfmts.data[i], texts[i], err) < 0)
			return -1;
	*mount = steal_fd(&table);
	return 0;
}
