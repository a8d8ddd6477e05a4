#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* $VARIABLE/kiln, or ~/FALLBACK/kiln. */
static char *user_path(const char *variable, const char *fallback)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	if (base && base[0] == '/')
		return mem_printf("%s/kiln", base);
	return mem_printf("%s/%s/kiln", home && *home ? home : "/tmp", fallback);
}

char *home_path(const char *option)
{
	const char *given = option ? option : getenv("KILN_HOME");
	char cwd[4096];

	if (!given || !*given)
		return user_path("XDG_DATA_HOME", ".local/share");
	if (given[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return mem_strdup(given);
	return mem_printf("%s/%s", cwd, given);
}

char *config_path(void)
{
	return user_path("XDG_CONFIG_HOME", ".config");
}

/* Where the program is: from its build directory it uses the tree it was built from, and an installation that was
 * moved as a whole finds its own data beside it. */
static char *data_near(const char *self)
{
	const char *slash = strrchr(self, '/');
	int n = slash ? (int)(slash - self) : 0;
	bool inner = n > 13 && strncmp(slash - 13, "/libexec/kiln", 13) == 0;
	autofree char *beside = mem_printf("%.*s/../%sshare/kiln", n, self, inner ? "../" : "");
	autofree char *catalog = fs_join(beside, "catalog");

	if (str_starts(self, BUILD_DIR "/kiln") && fs_exists(AT_FDCWD, SOURCE_DIR "/catalog"))
		return mem_strdup(SOURCE_DIR);
	return slash && fs_exists(AT_FDCWD, catalog) ? steal(&beside) : NULL;
}

char *data_path(void)
{
	const char *given = getenv("KILN_DATA");
	autofree char *near = NULL;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (given && *given)
		return mem_strdup(given);
	self[n > 0 ? n : 0] = '\0';
	near = data_near(self);
	return near ? steal(&near) : mem_strdup(DATA_DIR);
}

void catalog_dirs(char **own, char **shipped)
{
	autofree char *config = config_path(), *data = data_path();

	*own = fs_join(config, "catalog");
	*shipped = fs_join(data, "catalog");
}

int fail(const struct err *err)
{
	fprintf(stderr, "kiln: %s\n", err->msg);
	return err_exit_status(err);
}
