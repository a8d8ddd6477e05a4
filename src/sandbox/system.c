/* The host's programs and libraries. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What the loader, the linker and the names of alternatives need; nothing that tells of the host's users,
 * network or clock. */
static const char *const etc[] = {
	"/etc/alternatives",
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
};

static const struct {
	const char *path, *text;
} files[] = {
	{ "/etc/passwd", "root:x:0:0:root:/:/bin/sh\n"
			 "kiln:x:1000:1000:kiln:/tmp:/bin/sh\n"
			 "nobody:x:65534:65534:nobody:/:/bin/false\n" },
	{ "/etc/group", "root:x:0:\nkiln:x:1000:\nnogroup:x:65534:\n" },
	{ "/etc/hosts", "127.0.0.1 localhost kiln\n::1 localhost\n" },
};

static bool is_system_dir(const char *name)
{
	return strcmp(name, "bin") == 0 || strcmp(name, "sbin") == 0 || str_starts(name, "lib");
}

/* /bin, /sbin, /lib*: symlinks into /usr on most hosts, directories on the others. */
static void add_top_level(struct sandbox *sb, const char *name)
{
	autofree char *path = mem_printf("/%s", name);
	char target[256];
	struct stat st;
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		sandbox_symlink(sb, target, path);
	} else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		sandbox_bind(sb, path, path, SANDBOX_RO);
	}
}

void sandbox_host_system(struct sandbox *sb)
{
	autoclosedir DIR *root = opendir("/");
	struct dirent *e;

	sandbox_bind(sb, "/usr", "/usr", SANDBOX_RO);
	while (root && (e = readdir(root)))
		if (is_system_dir(e->d_name))
			add_top_level(sb, e->d_name);
	for (size_t i = 0; i < countof(etc); i++)
		if (fs_exists(AT_FDCWD, etc[i]))
			sandbox_bind(sb, etc[i], etc[i], SANDBOX_RO);
	for (size_t i = 0; i < countof(files); i++)
		sandbox_file(sb, files[i].path, files[i].text);
}
