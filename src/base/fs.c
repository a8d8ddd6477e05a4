#define _GNU_SOURCE
#include "base/fs.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>

int fs_read(int dir, const char *path, size_t max, struct buf *out, struct err *err)
{
	autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t start = out->n;

	if (fd < 0)
		return err_infra(err, errno, "%s: cannot open", path);
	for (;;) {
		char *room = buf_reserve(out, 65536);
		ssize_t n = read(fd, room, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_infra(err, errno, "%s: cannot read", path);
		out->n += (size_t)n;
		out->data[out->n] = '\0';
		if (out->n - start > max)
			return err_user(err, "%s: is larger than %zu bytes", path, max);
		if (n == 0)
			return 0;
	}
}

int fs_write_all(int fd, const void *data, size_t n, struct err *err)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_infra(err, errno, "cannot write");
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int fs_write(int dir, const char *path, const void *data, size_t n, mode_t mode, struct err *err)
{
	uint64_t salt;
	autofree char *tmp = NULL;
	autoclose int fd = -1;

	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		return err_infra(err, errno, "getrandom");
	tmp = mem_printf("%s.%016llx.tmp", path, (unsigned long long)salt);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_infra(err, errno, "%s: cannot create", tmp);
	if (fs_write_all(fd, data, n, err) < 0 || fsync(fd) < 0) {
		if (err->class == ERR_NONE)
			err_infra(err, errno, "cannot sync");
		unlinkat(dir, tmp, 0);
		return err_wrap(err, "%s", path);
	}
	if (renameat(dir, tmp, dir, path) < 0) {
		err_infra(err, errno, "%s: cannot rename into place", path);
		unlinkat(dir, tmp, 0);
		return -1;
	}
	return 0;
}

int fs_mkdirs(int dir, const char *path, mode_t mode, struct err *err)
{
	autofree char *p = mem_strdup(path);

	for (char *slash = p + (*p == '/');; *slash++ = '/') {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (*p && mkdirat(dir, p, mode) < 0 && errno != EEXIST)
			return err_infra(err, errno, "%s: cannot make the directory", p);
		if (!slash)
			break;
	}
	return 0;
}

/* Removes what is in the directory fd, which it closes. */
static int remove_below(int fd, struct err *err)
{
	autoclosedir DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close(fd);
		return err_infra(err, errno, "cannot list a directory to remove it");
	}
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fs_remove(dirfd(d), e->d_name, err) < 0)
			return -1;
	}
	return 0;
}

int fs_remove(int dir, const char *path, struct err *err)
{
	int fd;

	if (unlinkat(dir, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_infra(err, errno, "%s: cannot remove", path);
	fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dir, path, 0700, 0) == 0)
		fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_infra(err, errno, "%s: cannot open to remove", path);
	fchmod(fd, 0700); /* sources are kept read-only; a failure shows below */
	if (remove_below(fd, err) < 0)
		return -1;
	if (unlinkat(dir, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_infra(err, errno, "%s: cannot remove", path);
	return 0;
}

int fs_copy(int from, int to, struct err *err)
{
	char chunk[65536];

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);

		if (n == 0)
			return 0;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			break;
		if (n < 0 && errno != EINTR)
			return err_infra(err, errno, "cannot copy");
	}
	for (;;) {
		ssize_t n = read(from, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_infra(err, errno, "cannot read");
		if (n == 0)
			return 0;
		if (fs_write_all(to, chunk, (size_t)n, err) < 0)
			return -1;
	}
}

bool fs_exists(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

char *fs_which(const char *name)
{
	const char *path = getenv("PATH");
	struct view rest = view_of(path ? path : "/usr/bin:/bin");

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? mem_strdup(name) : NULL;
	while (rest.p) {
		struct view dir = view_cut(&rest, ':');
		autofree char *full = mem_printf(VIEW_FMT "/%s", VIEW_ARG(dir), name);
		struct stat st;

		if (dir.n && stat(full, &st) == 0 && S_ISREG(st.st_mode) && access(full, X_OK) == 0)
			return steal(&full);
	}
	return NULL;
}

char *fs_join(const char *a, const char *b)
{
	return mem_printf("%s/%s", a, b);
}

char *fs_beside(const char *path)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	return slash ? mem_printf("%.*s/%s", (int)(slash - self), self, path) : NULL;
}

int fs_lock(int dir, const char *path, bool wait, int *lock, struct err *err)
{
	autoclose int fd = openat(dir, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_infra(err, errno, "%s: cannot open the lock", path);
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0)
		if (errno != EINTR)
			return err_infra(err, errno, "%s: cannot lock", path);
	*lock = steal_fd(&fd);
	return 0;
}
