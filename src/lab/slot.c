/* The jobs that a lab's entry allows at once are places, each a lock: all Kilns at one home share them. */
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>

int slot_take(const char *home, const struct catalog_lab *entry, int *slot, struct err *err)
{
	autofree char *locks = fs_join(home, "locks");

	if (*slot >= 0)
		return 1;
	if (fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0)
		return -1;
	for (int64_t i = 0; i < entry->jobs; i++) {
		autofree char *path = mem_printf("%s/lab-%s-%lld", locks, entry->name, (long long)i);

		if (fs_lock(AT_FDCWD, path, false, slot, err) == 0)
			return 1;
		if (err->num != EWOULDBLOCK)
			return -1;
		*err = (struct err){ 0 };
	}
	return 0;
}
