/* What is said of an archive: that it is refused, and why; or what of it was left out. */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

int hostile(const struct unpack *u, const char *name, const char *why, struct err *err)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, (struct view){ name, strnlen(name, 200) });
	return err_user(err, "%s: is not unpacked: its entry \"%s\" %s", u->path, shown.data ? shown.data : "", why);
}

void note_count(const struct unpack *u, const char *what)
{
	json_t *notes = u->options->notes;

	if (notes)
		json_object_set_new(notes, what, json_integer(json_int_or(notes, what, 0) + 1));
}

int read_failed(const struct unpack *u, struct archive *a, struct err *err)
{
	return err_user(err, "%s: is damaged or cut short: %s", u->path, archive_error_string(a));
}
