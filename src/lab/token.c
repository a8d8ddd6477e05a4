/* Tokens: from a file that only its owner may read, or from a variable. They never reach a message. */
#define _GNU_SOURCE
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MAX = 4096 };

static int from_env(const struct catalog_lab *entry, char **token, struct err *err)
{
	const char *value = getenv(entry->token_env);

	if (!value || !*value)
		return err_user(err, "the variable %s, which its token is to come from, is not set", entry->token_env);
	*token = mem_strdup(value);
	return 0;
}

/* Opened once: what is looked at is what is read. */
static int from_fd(const char *path, int fd, char **token, struct err *err)
{
	char text[TOKEN_MAX + 1];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return err_infra(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_user(err, "%s, its token, is not a file", path);
	if (st.st_mode & 077)
		return err_user(err, "others may read its token: chmod 600 %s", path);
	n = read(fd, text, TOKEN_MAX);
	if (n < 0)
		return err_infra(err, errno, "%s", path);
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	text[n] = '\0';
	if (n && strlen(text) == (size_t)n)
		*token = mem_strdup(text);
	explicit_bzero(text, sizeof(text));
	return *token ? 0 : err_user(err, "%s holds no token", path);
}

/* ~ is the home directory. */
static char *path_of(const char *text)
{
	const char *home = getenv("HOME");

	return str_starts(text, "~/") && home ? fs_join(home, text + 2) : mem_strdup(text);
}

static int from_file(const struct catalog_lab *entry, char **token, struct err *err)
{
	autofree char *path = path_of(entry->token_file), *base = str_with_slash(entry->url);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return err_user(err, "its token is to be in %s, which is not there: make it at %sapi/tokens/", path,
				base);
	if (fd < 0)
		return err_user(err, "its token in %s cannot be read: %s", path, strerror(errno));
	return from_fd(path, fd, token, err);
}

int token_read(const struct catalog_lab *entry, char **token, struct err *err)
{
	*token = NULL;
	return entry->token_env ? from_env(entry, token, err) : from_file(entry, token, err);
}
