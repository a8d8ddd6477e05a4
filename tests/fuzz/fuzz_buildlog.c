/* What a build prints, in pieces of any size, and fragments: no input may crash, and the pieces' size may not
 * change the counts. */
#include "base/cleanup.h"
#include "kernel/buildlog.h"
#include "kernel/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void count(struct buildlog *log, const char *text, size_t n, size_t piece)
{
	struct err err = { 0 };

	for (size_t at = 0; at < n; at += piece)
		if (buildlog_add(log, text + at, n - at < piece ? n - at : piece, &err) < 0)
			abort();
	buildlog_end(log);
}

static void check_settings(const char *text, size_t n)
{
	struct settings s = { 0 }, again = { 0 };
	autobuf struct buf first = { 0 }, second = { 0 };
	struct err err = { 0 };

	if (settings_add(&s, "fuzz", (struct view){ text, n }, &err) == 0) {
		settings_print(&s, &first);
		if (settings_add(&again, "fuzz", (struct view){ first.data ? first.data : "", first.n }, &err) < 0)
			abort();
		settings_print(&again, &second);
		if (first.n != second.n || (first.n && memcmp(first.data, second.data, first.n) != 0))
			abort();
	}
	settings_free(&s);
	settings_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buildlog whole = { .fd = -1 }, pieces = { .fd = -1 };
	size_t piece = n ? 1 + data[0] % 16 : 1;

	count(&whole, (const char *)data, n, n ? n : 1);
	count(&pieces, (const char *)data, n, piece);
	if (whole.errors != pieces.errors || whole.warnings != pieces.warnings ||
	    !whole.host_fault != !pieces.host_fault)
		abort();
	check_settings((const char *)data, n);
	buildlog_free(&whole);
	buildlog_free(&pieces);
	return 0;
}
