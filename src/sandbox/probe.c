/* Whether a sandbox can be made here: it is set up, and ends. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/mem.h"

char *sandbox_forbidden(void)
{
	autosandbox struct sandbox *sb = sandbox_new();

	return sandbox_refused(sb);
}

char *sandbox_refused(const struct sandbox *sb)
{
	const struct sandbox_stdio none = { -1, -1, -1 };
	struct sandbox_child child;
	struct err err = { 0 };
	int status;

	if (spawn(sb, NULL, &none, &child, &err) < 0)
		return mem_strdup(err.msg);
	if (sandbox_wait(&child, &status, NULL, &err) < 0)
		return mem_strdup(err.msg);
	return NULL;
}
