/* Include it after cmocka.h. */
#ifndef UNIT_NEEDS_SANDBOX_H
#define UNIT_NEEDS_SANDBOX_H

#include "base/cleanup.h"
#include "sandbox/sandbox.h"

/* Skips the test where nobody may make a sandbox, and says why: a host that refuses, or qemu-user, which knows no
 * namespaces. */
static inline void needs_sandbox(void)
{
	autofree char *why = sandbox_forbidden();

	if (why) {
		print_message("# no sandbox here: %s\n", why);
		skip();
	}
}

#endif
