#define _GNU_SOURCE
#include "kernel/release.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <glob.h>
#include <string.h>

/* scripts/setlocalversion leaves out the backups of editors. */
static void localversion_files(const char *srcdir, struct buf *out)
{
	autofree char *pattern = fs_join(srcdir, "localversion*");
	struct err ignored = { 0 };
	glob_t files = { 0 };

	if (glob(pattern, 0, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc; i++) {
			autobuf struct buf text = { 0 };

			if (strchr(files.gl_pathv[i] + strlen(srcdir), '~') ||
			    fs_read(AT_FDCWD, files.gl_pathv[i], 4096, &text, &ignored) < 0 || !text.n)
				continue;
			buf_addv(out, view_trim((struct view){ text.data, text.n }));
		}
	}
	globfree(&files);
}

int release_of(const char *srcdir, const struct kconfig *config, char **out, struct err *err)
{
	autofree char *path = fs_join(srcdir, "Makefile");
	autofree char *version = NULL;
	autobuf struct buf text = { 0 }, release = { 0 };
	const struct kconfig_value *local = kconfig_get(config, VIEW("LOCALVERSION"));

	if (fs_read(AT_FDCWD, path, 4u << 20, &text, err) < 0)
		return -1;
	version = kversion_of_makefile((struct view){ text.data ? text.data : "", text.n });
	if (!version)
		return err_user(err, "%s: sets no VERSION and PATCHLEVEL: this is no kernel source", path);
	buf_adds(&release, version);
	localversion_files(srcdir, &release);
	if (local && local->type == KCONFIG_STRING)
		buf_addv(&release, local->text);
	*out = buf_steal(&release);
	return 0;
}
