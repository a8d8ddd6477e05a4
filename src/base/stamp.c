#define _GNU_SOURCE
#include "base/stamp.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What changes when the content may have. */
static char *stamp_of(const struct stat *st)
{
	return mem_printf("%llu %llu %lld %lld.%09ld %lld.%09ld ", (unsigned long long)st->st_dev,
			  (unsigned long long)st->st_ino, (long long)st->st_size, (long long)st->st_mtim.tv_sec,
			  st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

int stamp_digest(const char *home, const char *path, char hex[static HASH_HEX], struct err *err)
{
	char name[HASH_HEX];
	autofree char *stamp = NULL, *dir = fs_join(home, "cache/stamp"), *file = NULL;
	autobuf struct buf kept = { 0 }, line = { 0 };
	struct err ignored = { 0 };
	struct stat st;

	if (stat(path, &st) < 0)
		return err_infra(err, errno, "%s", path);
	stamp = stamp_of(&st);
	hash_bytes(path, strlen(path), name);
	file = fs_join(dir, name);
	if (fs_read(AT_FDCWD, file, 4096, &kept, &ignored) == 0 && str_starts(kept.data, stamp) &&
	    kept.n == strlen(stamp) + HASH_HEX - 1) {
		memcpy(hex, kept.data + strlen(stamp), HASH_HEX);
		return 0;
	}
	if (hash_file(path, hex, err) < 0)
		return -1;
	buf_printf(&line, "%s%s", stamp, hex);
	if (fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) == 0)
		fs_write(AT_FDCWD, file, line.data, line.n, 0644, &ignored);
	return 0;
}
