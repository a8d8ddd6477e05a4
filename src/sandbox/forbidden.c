/* Why this host lets no sandbox be made, and what to do about it. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <fcntl.h>
#include <string.h>

/* Each file holds one number. */
static const struct {
	const char *file;
	const char *forbids; /* the value that does */
	const char *why;
} switches[] = {
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0",
	  "user namespaces are switched off by kernel.unprivileged_userns_clone; allow them with: "
	  "sysctl kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/user/max_user_namespaces", "0",
	  "user namespaces are switched off by user.max_user_namespaces; allow them with: "
	  "sysctl user.max_user_namespaces=10000" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	  "AppArmor restricts user namespaces; allow them with: "
	  "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (or give kiln a profile with the rule \"userns,\")" },
};

static bool file_is(const char *path, const char *value)
{
	autobuf struct buf text = { 0 };
	struct err err = { 0 };

	return fs_read(AT_FDCWD, path, 64, &text, &err) == 0 &&
	       view_is(view_trim((struct view){ text.data, text.n }), value);
}

char *forbidding_switch(void)
{
	for (size_t i = 0; i < countof(switches); i++)
		if (file_is(switches[i].file, switches[i].forbids))
			return mem_strdup(switches[i].why);
	if (!fs_exists(AT_FDCWD, "/proc/self/ns/user"))
		return mem_strdup("this kernel has no user namespaces (CONFIG_USER_NS) or /proc is not mounted; "
				  "boot one that has them");
	return NULL;
}
