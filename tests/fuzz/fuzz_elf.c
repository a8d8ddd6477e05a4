/* ELF files: the input is two of them, one behind the other at a cut that its first bytes name. Both are listed as
 * objects and held against each other; a file is the same as itself. */
#include "compare/compare.h"
#include "kernel/objects.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static json_t *objects_of(struct view bytes)
{
	json_t *object = object_json("a.o", bytes);

	return json_pack("{s:i, s:[o]}", "format", 1, "objects", object);
}

static void check(struct view a, struct view b, bool same)
{
	json_t *objects[2] = { objects_of(a), objects_of(b) }, *result = NULL;
	struct compare_side first = { .name = "a", .vmlinux = a, .objects = objects[0] };
	struct compare_side second = { .name = "b", .vmlinux = b, .objects = objects[1] };
	struct buf text = { 0 };
	struct err err = { 0 };

	if (compare(&first, &second, &result, &err) == 0) {
		compare_print(result, &text);
		if (same && !json_is_true(json_object_get(result, "equal")))
			abort();
	}
	buf_free(&text);
	json_decref(result);
	json_decref(objects[0]);
	json_decref(objects[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t cut = n >= 2 ? (size_t)data[0] << 8 | data[1] : 0;
	struct view all = { n >= 2 ? (const char *)data + 2 : "", n >= 2 ? n - 2 : 0 }, a, b;

	cut = cut < all.n ? cut : all.n;
	a = (struct view){ all.p, cut };
	b = (struct view){ all.p + cut, all.n - cut };
	check(a, b, false);
	check(a, a, true);
	return 0;
}
