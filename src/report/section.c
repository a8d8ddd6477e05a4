/* The generated section of a Markdown file read back, and its cells merged with newer ones. */
#define _GNU_SOURCE
#include "report/section.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/verdict.h"
#include "report/cells.h"
#include "report/columns.h"
#include "report/report.h"

#include <ctype.h>
#include <string.h>

struct reading {
	json_t *cells;
	const char *name; /* of the file */
	int line;
	char *source;
	enum { IN_HEAD, IN_SOURCE, IN_TABLE, IN_SKIPS } state;
	bool rule_next; /* the line below a table's titles */
};

/* Off the front of a table's line: one item, its escapes taken away. Items are divided by "|" that is not escaped. */
static bool item_next(struct view *rest, struct buf *item)
{
	size_t i = 0;
	struct view trimmed;

	buf_clear(item);
	for (; i < rest->n && rest->p[i] != '|'; i++) {
		if (rest->p[i] == '\\' && i + 1 < rest->n)
			i++;
		buf_addc(item, rest->p[i]);
	}
	if (i == rest->n)
		return false;
	rest->p += i + 1;
	rest->n -= i + 1;
	trimmed = view_trim((struct view){ item->data ? item->data : "", item->n });
	if (!trimmed.n)
		return false;
	memmove(item->data, trimmed.p, trimmed.n);
	item->data[trimmed.n] = '\0';
	item->n = trimmed.n;
	return true;
}

static struct view item_view(const struct buf *item)
{
	return (struct view){ item->data, item->n };
}

static bool line_read(struct reading *r, struct view rest)
{
	json_t *cell = json_pack("{s:s}", "source", r->source);
	autobuf struct buf item = { 0 };
	bool good = true;

	for (size_t i = 0; good && i < COLUMNS; i++)
		good = item_next(&rest, &item) && column_parse(&report_columns[i], item_view(&item), cell);
	good = good && !rest.n && verdict_from_text(cell_str(cell, "verdict")) < VERDICT_COUNT;
	if (good)
		json_array_append(r->cells, cell);
	json_decref(cell);
	return good;
}

static void skip_set(json_t *cell, const char *key, const struct buf *item)
{
	if (strcmp(item->data, "-") != 0)
		json_object_set_new(cell, key, json_text(item_view(item)));
}

/* A name may hold a comma, but no blank behind it. */
static struct view build_next(struct view *list)
{
	const char *end = memmem(list->p, list->n, ", ", 2);
	struct view build = { list->p, end ? (size_t)(end - list->p) : list->n };

	*list = end ? (struct view){ end + 2, list->n - build.n - 2 } : (struct view){ NULL, 0 };
	return build;
}

static bool skip_read(struct reading *r, struct view rest)
{
	autobuf struct buf board = { 0 }, why = { 0 }, builds = { 0 }, run = { 0 };
	struct view list;

	if (!item_next(&rest, &board) || !item_next(&rest, &why) || !item_next(&rest, &builds) ||
	    !item_next(&rest, &run) || rest.n)
		return false;
	for (list = item_view(&builds); list.p;) {
		struct view build = build_next(&list);
		json_t *cell;

		if (!build.n)
			return false;
		cell = json_pack("{s:s, s:o, s:s}", "source", r->source, "build", json_text(build), "verdict", "skip");
		skip_set(cell, "board", &board);
		skip_set(cell, "result", &why);
		skip_set(cell, "run", &run);
		json_array_append_new(r->cells, cell);
	}
	return true;
}

static bool starts_table(struct reading *r, struct view line)
{
	autobuf struct buf table = { 0 }, skips = { 0 };

	section_table_head(&table);
	section_skip_head(&skips);
	*strchr(table.data, '\n') = '\0';
	*strchr(skips.data, '\n') = '\0';
	if (view_is(line, table.data))
		r->state = IN_TABLE;
	else if (view_is(line, skips.data))
		r->state = IN_SKIPS;
	else
		return false;
	r->rule_next = true;
	return true;
}

static bool source_starts(struct reading *r, struct view name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!isgraph((unsigned char)name.p[i]))
			return false;
	free(r->source);
	r->source = mem_strndup(name.p, name.n);
	r->state = IN_SOURCE;
	return name.n > 0;
}

/* One line of the section. Strict: what this does not know, somebody wrote by hand, and it would be lost. */
static bool section_line(struct reading *r, struct view line)
{
	bool rule = r->rule_next;

	r->rule_next = false;
	if (view_starts(line, VIEW("### ")))
		return source_starts(r, (struct view){ line.p + 4, line.n - 4 });
	if (rule)
		return view_starts(line, VIEW("|---")) && !line.p[strspn(line.p, "|-:")] == !line.n;
	if (!line.n || r->state == IN_HEAD)
		return true;
	if (starts_table(r, line))
		return true;
	if (line.p[0] != '|')
		return r->state == IN_SOURCE; /* the sums */
	line.p++;
	line.n--;
	return r->state == IN_TABLE ? line_read(r, line) : r->state == IN_SKIPS && skip_read(r, line);
}

static int section_read(struct reading *r, struct view text, struct err *err)
{
	while (text.p) {
		struct view line = view_cut(&text, '\n');

		r->line++;
		if (!section_line(r, line))
			return err_user(
				err,
				"%s:%d: this is no line that kiln report wrote; put what is written by hand outside "
				"of the section, between \"" SECTION_BEGIN "\" and \"" SECTION_END "\" all is replaced",
				r->name, r->line);
	}
	return 0;
}

/* The section in text: false with err when its two marks are not there as they should be. */
static int section_find(struct view text, const char *name, struct view *section, struct err *err)
{
	const char *begin = memmem(text.p, text.n, SECTION_BEGIN "\n", strlen(SECTION_BEGIN) + 1), *end = NULL;

	if (begin) {
		begin += strlen(SECTION_BEGIN) + 1;
		end = memmem(begin, (size_t)(text.p + text.n - begin), SECTION_END, strlen(SECTION_END));
	}
	if (!end)
		return err_user(
			err,
			"%s has no section for the report: write these two lines where it shall stand:\n" SECTION_BEGIN
			"\n" SECTION_END,
			name);
	*section = (struct view){ begin, (size_t)(end - begin) };
	return 0;
}

static char *build_key(const json_t *cell)
{
	return mem_printf("%s/%s", cell_str(cell, "source"), cell_str(cell, "build"));
}

static bool is_newer(const json_t *a, const json_t *b)
{
	return strcmp(cell_str(a, "run"), cell_str(b, "run")) > 0;
}

/* One cell of each key, the newest; the summary's own where both are of one run. */
static json_t *cells_united(const json_t *own, const json_t *read)
{
	json_t *cells = json_object(), *cell;
	size_t i;

	json_array_foreach (own, i, cell) {
		autofree char *build = build_key(cell), *key = mem_printf("%s@%s", build, cell_str(cell, "board"));

		json_object_set(cells, key, cell);
	}
	json_array_foreach (read, i, cell) {
		autofree char *build = build_key(cell), *key = mem_printf("%s@%s", build, cell_str(cell, "board"));
		json_t *there = json_object_get(cells, key);

		if (!there || is_newer(cell, there))
			json_object_set(cells, key, cell);
	}
	return cells;
}

static bool is_boot(const json_t *cell)
{
	return *cell_str(cell, "board") && !cell_is(cell, "skip");
}

/* A build's own cell stands for it only while nothing newer was booted from it, and never beside a boot when it is
 * good: build -> the cell that stands, which may be a boot. */
static json_t *cells_standing(json_t *cells)
{
	json_t *standing = json_object(), *cell;
	const char *key;

	json_object_foreach (cells, key, cell) {
		autofree char *build = build_key(cell);
		json_t *other = json_object_get(standing, build);

		if (*cell_str(cell, "board") && !is_boot(cell))
			continue;
		if (!other || is_newer(cell, other))
			json_object_set(standing, build, cell);
	}
	return standing;
}

static bool is_good(const json_t *cell)
{
	enum verdict v = verdict_from_text(cell_str(cell, "verdict"));

	return v == VERDICT_PASS || v == VERDICT_WARN;
}

/* Whether the cell is still true beside the newest of its build. */
static bool stands(const json_t *cell, const json_t *newest, bool was_booted)
{
	if (!*cell_str(cell, "board"))
		return is_good(cell) ? !was_booted : cell == newest;
	return !newest || *cell_str(newest, "board") || is_good(newest);
}

static json_t *cells_booted(json_t *cells)
{
	json_t *booted = json_object(), *cell;
	const char *key;

	json_object_foreach (cells, key, cell) {
		autofree char *build = build_key(cell);

		if (is_boot(cell))
			json_object_set_new(booted, build, json_true());
	}
	return booted;
}

static json_t *cells_merged(const json_t *own, const json_t *read)
{
	autojson json_t *cells = cells_united(own, read);
	autojson json_t *standing = cells_standing(cells), *booted = cells_booted(cells);
	json_t *merged = json_array(), *cell;
	const char *key;

	json_object_foreach (cells, key, cell) {
		autofree char *build = build_key(cell);

		if (stands(cell, json_object_get(standing, build), json_object_get(booted, build)))
			json_array_append(merged, cell);
	}
	return merged;
}

int report_merge(json_t *summary, const char *name, struct view text, struct view *before, struct view *after,
		 struct err *err)
{
	autojson json_t *read = json_array();
	struct reading r = { .cells = read, .name = name, .line = 1 };
	struct view section = { NULL, 0 };
	int status;

	if (section_find(text, name, &section, err) < 0)
		return -1;
	*before = (struct view){ text.p, (size_t)(section.p - text.p) - strlen(SECTION_BEGIN "\n") };
	for (size_t i = 0; i < before->n; i++)
		r.line += before->p[i] == '\n';
	*after = (struct view){ section.p + section.n, (size_t)(text.p + text.n - section.p) - section.n };
	after->p += strlen(SECTION_END);
	after->n -= strlen(SECTION_END);
	status = section_read(&r, section, err);
	free(r.source);
	if (status == 0)
		json_object_set_new(summary, "cells", cells_merged(json_object_get(summary, "cells"), read));
	return status;
}
