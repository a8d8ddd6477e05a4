/* What a root is made with, whatever its base: whom it tells, its mirror, its keyring. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

void making_tell(const struct making *m, const char *fmt, ...)
{
	autofree char *line = NULL;
	va_list ap;

	if (!m->options->tell)
		return;
	va_start(ap, fmt);
	line = mem_vprintf(fmt, ap);
	va_end(ap);
	m->options->tell(line, m->options->data);
}

/* What the user's configuration says: the file mirror/KIND, one URL. Owned, NULL when there is none. */
static char *mirror_configured(const char *config, const char *kind)
{
	autofree char *path = config ? mem_printf("%s/mirror/%s", config, kind) : NULL;
	autobuf struct buf text = { 0 };
	struct err ignored = { 0 };
	struct view line;

	if (!path || fs_read(AT_FDCWD, path, 4096, &text, &ignored) < 0)
		return NULL;
	line = view_trim((struct view){ text.data ? text.data : "", text.n });
	return line.n ? mem_strndup(line.p, line.n) : NULL;
}

char *mirror_given(const struct making *m)
{
	char *configured;

	if (m->options->mirror)
		return mem_strdup(m->options->mirror);
	configured = mirror_configured(m->options->config, m->recipe->base);
	return configured || !m->recipe->mirror ? configured : mem_strdup(m->recipe->mirror);
}

char *keyring_find(const struct making *m)
{
	static const char *const places[] = { "/usr/share/keyrings", "/usr/share/openpgp-keys" };
	const char *name = m->recipe->keyring;
	char *own;

	if (strchr(name, '/'))
		return mem_strdup(name);
	own = mem_printf("%s/keyring/%s", m->options->config ? m->options->config : "", name);
	for (size_t i = 0; i < countof(places) && !fs_exists(AT_FDCWD, own); i++) {
		autofree char *path = fs_join(places[i], name);

		if (fs_exists(AT_FDCWD, path)) {
			free(own);
			return steal(&path);
		}
	}
	return own;
}
