/* A root's manifest: what is taken is printed in a form that is taken again, and gives the same; no path leads out. */
#include "root/listing.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_inside(const char *path)
{
	struct buf b = { 0 };

	buf_printf(&b, "/%s/", path);
	if (strstr(b.data, "/../") || *path == '/')
		abort();
	buf_free(&b);
}

static char *printed(struct view text)
{
	struct listing l = { 0 };
	struct err err = { 0 };
	struct buf out = { 0 };

	if (listing_parse(&l, text, &err) == 0) {
		for (size_t i = 0; i < l.entries.n; i++)
			check_inside(l.entries.data[i].path);
		listing_sort(&l);
		listing_print(&l, &out);
	}
	listing_free(&l);
	return out.data ? buf_steal(&out) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *first = printed((struct view){ (const char *)data, n }), *second;

	if (!first)
		return 0;
	second = printed(view_of(first));
	if (!second || strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	return 0;
}
