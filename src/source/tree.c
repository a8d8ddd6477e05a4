/* A kernel's tree: is it one, which release, and made read-only. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "kconfig/kconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { MAKEFILE_MAX = 1 << 20 };

static bool is_type(int dir, const char *name, mode_t type)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == type;
}

static char *release_read(int tree)
{
	autobuf struct buf text = { 0 };
	struct err ignored = { 0 };

	if (!is_type(tree, "Makefile", S_IFREG) || fs_read(tree, "Makefile", MAKEFILE_MAX, &text, &ignored) < 0)
		return NULL;
	return kversion_of_makefile((struct view){ text.data ? text.data : "", text.n });
}

int kernel_check(int tree, const char *what, char **release, struct err *err)
{
	static const char *const built[] = { ".config", "include/config", "include/generated" };
	autofree char *got = release_read(tree);
	autobuf struct buf missing = { 0 };

	if (!got)
		buf_adds(&missing, ", Makefile with VERSION and PATCHLEVEL");
	if (!is_type(tree, "Kconfig", S_IFREG))
		buf_adds(&missing, ", Kconfig");
	if (!is_type(tree, "arch", S_IFDIR))
		buf_adds(&missing, ", arch/");
	if (missing.n)
		return err_user(err, "%s: is no kernel source, this is missing in it: %s; a source is %s", what,
				missing.data + 2, SOURCE_FORMS);
	/* kbuild refuses to build outside of such a tree, and what is in it would leak into the builds. */
	for (size_t i = 0; i < countof(built); i++)
		if (fs_exists(tree, built[i]))
			return err_user(err,
					"%s: a kernel was configured or built in it (%s is there): run \"make "
					"mrproper\" in it, after saving its .config, then try again",
					what, built[i]);
	*release = steal(&got);
	return 0;
}

static int seal_below(int fd, struct tree_size *size, struct err *err);

static int seal_one(int dir, const char *name, struct tree_size *size, struct err *err)
{
	struct stat st;
	mode_t want;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_infra(err, errno, "%s", name);
	if (S_ISLNK(st.st_mode)) {
		size->files++;
		return 0;
	}
	want = S_ISDIR(st.st_mode) ? 0755 : st.st_mode & 0100 ? 0555 : 0444;
	if ((st.st_mode & 07777) != want && fchmodat(dir, name, want, 0) < 0)
		return err_infra(err, errno, "%s: cannot set its mode", name);
	if (!S_ISDIR(st.st_mode)) {
		size->files++;
		size->bytes += st.st_size;
		return 0;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_infra(err, errno, "%s", name);
	return seal_below(fd, size, err) < 0 ? err_wrap(err, "%s", name) : 0;
}

/* Closes fd. */
static int seal_below(int fd, struct tree_size *size, struct err *err)
{
	autoclosedir DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close(fd);
		return err_infra(err, errno, "cannot list");
	}
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (seal_one(dirfd(d), e->d_name, size, err) < 0)
			return -1;
	}
	return 0;
}

int tree_seal(int tree, struct tree_size *size, struct err *err)
{
	struct tree_size got = { 0 };
	int fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0755) < 0) {
		err_infra(err, errno, "the tree");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (seal_below(fd, &got, err) < 0)
		return -1;
	*size = got;
	return 0;
}
