#include "report/columns.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const struct column report_columns[COLUMNS] = {
	{ "build", "build", COLUMN_TEXT, true },
	{ "board", "board", COLUMN_TEXT, true },
	{ "verdict", "verdict", COLUMN_TEXT, true },
	{ "result", "result", COLUMN_TEXT, true },
	{ "kernel", "release", COLUMN_TEXT, false },
	{ "compiler", "compiler", COLUMN_TEXT, true },
	{ "QEMU", "qemu", COLUMN_TEXT, true },
	{ "build-id", "build_id", COLUMN_TEXT, false },
	{ "image", "image", COLUMN_TEXT, false },
	{ "bytes", "image_bytes", COLUMN_INT, true },
	{ "vmlinux, bytes", "vmlinux_bytes", COLUMN_INT, false },
	{ "build, CPU s", "build_cpu", COLUMN_SECONDS, true },
	{ "boot, s", "boot_seconds", COLUMN_TENTHS, true },
	{ "date", "date", COLUMN_TEXT, true },
	{ "run", "run", COLUMN_TEXT, false },
};

const char *const skip_titles[SKIP_COLUMNS] = { "skipped", "why", "builds", "run" };

/* 1,209,344 */
static void add_grouped(struct buf *out, int64_t n)
{
	autofree char *digits = mem_printf("%lld", (long long)n);
	size_t length = strlen(digits);

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
			buf_addc(out, ',');
		buf_addc(out, digits[i]);
	}
}

void column_text(const struct column *column, const json_t *cell, struct buf *out)
{
	json_t *v = json_object_get(cell, column->key);

	if (json_is_string(v) && json_string_length(v))
		buf_adds(out, json_string_value(v));
	else if (column->type != COLUMN_TENTHS && json_is_integer(v))
		add_grouped(out, json_integer_value(v));
	else if (column->type == COLUMN_SECONDS && json_is_number(v))
		add_grouped(out, (int64_t)(json_number_value(v) + 0.5));
	else if (column->type == COLUMN_TENTHS && json_is_number(v))
		buf_printf(out, "%.1f", json_number_value(v));
	else
		buf_addc(out, '-');
}

static bool number_parse(struct view text, bool tenths, json_t **out)
{
	autobuf struct buf digits = { 0 };
	char *end;

	for (size_t i = 0; i < text.n; i++) {
		if (!isdigit((unsigned char)text.p[i]) && text.p[i] != ',' && text.p[i] != '.')
			return false;
		if (text.p[i] != ',')
			buf_addc(&digits, text.p[i]);
	}
	if (!digits.n)
		return false;
	*out = tenths ? json_real(strtod(digits.data, &end)) : json_integer(strtoll(digits.data, &end, 10));
	return !*end;
}

bool column_parse(const struct column *column, struct view text, json_t *cell)
{
	json_t *value = NULL;

	if (view_is(text, "-"))
		return true;
	if (column->type == COLUMN_TEXT) {
		json_object_set_new(cell, column->key, json_text(text));
		return text.n > 0;
	}
	if (!number_parse(text, column->type == COLUMN_TENTHS, &value)) {
		json_decref(value);
		return false;
	}
	json_object_set_new(cell, column->key, value);
	return true;
}
