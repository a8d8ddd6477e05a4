/* The lines of a fragment, in the form of a .config (Documentation/kbuild/kconfig.rst). */
#include "catalog/read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The symbol that a line begins with, behind CONFIG_; empty when it is none. */
static struct view symbol_of(struct view line)
{
	size_t n = 0;

	if (!view_starts(line, VIEW("CONFIG_")))
		return (struct view){ NULL, 0 };
	line.p += 7;
	line.n -= 7;
	while (n < line.n && (isalnum((unsigned char)line.p[n]) || line.p[n] == '_'))
		n++;
	return (struct view){ line.p, n };
}

static bool is_number(struct view value)
{
	char text[32], *end;

	if (!value.n || value.n >= sizeof(text) || isspace((unsigned char)value.p[0]))
		return false;
	memcpy(text, value.p, value.n);
	text[value.n] = 0;
	(void)strtoll(text, &end, 0);
	return !*end;
}

/* A closing quote ends it, a backslash takes the next character. */
static bool is_quoted(struct view value)
{
	if (value.n < 2 || value.p[0] != '"')
		return false;
	for (size_t i = 1; i < value.n; i++) {
		if (value.p[i] == '"')
			return i + 1 == value.n;
		if (value.p[i] == '\\')
			i++;
	}
	return false;
}

static bool is_value(struct view value)
{
	return view_is(value, "y") || view_is(value, "m") || view_is(value, "n") || is_number(value) ||
	       is_quoted(value);
}

static void twice_check(struct map *seen, struct view symbol, struct place at, struct faults *faults)
{
	if (map_get(seen, symbol))
		fault_add(faults, at, "CONFIG_" VIEW_FMT " is there already; once is allowed", VIEW_ARG(symbol));
	map_set(seen, symbol, seen);
}

static void line_check(struct view line, struct place at, struct map *seen, struct faults *faults)
{
	struct view symbol, value = line;
	struct view unset = line;
	bool comment = line.n && line.p[0] == '#';

	if (!view_trim(line).n)
		return;
	if (comment) {
		unset = view_trim((struct view){ line.p + 1, line.n - 1 });
		symbol = symbol_of(unset);
		if (symbol.n && view_is((struct view){ symbol.p + symbol.n, unset.n - 7 - symbol.n }, " is not set"))
			twice_check(seen, symbol, at, faults);
		return;
	}
	symbol = symbol_of(line);
	if (!symbol.n || symbol.n + 7 == line.n || symbol.p[symbol.n] != '=') {
		fault_add(faults, at,
			  "no line of a fragment; CONFIG_NAME=VALUE, \"# CONFIG_NAME is not set\" "
			  "and comments behind # are allowed");
		return;
	}
	value.p = symbol.p + symbol.n + 1;
	value.n = (size_t)(line.p + line.n - value.p);
	at.column += (int)(value.p - line.p);
	if (!is_value(value))
		fault_add(faults, at, "no value; y, m, n, a number and a text in quotes are allowed");
	twice_check(seen, symbol, at, faults);
}

void fragment_check(const char *file, const char *text, struct faults *faults)
{
	struct view rest = view_of(text);
	struct place at = { file, 1, 1 };
	struct map seen = { 0 };

	for (; rest.p; at.line++) {
		struct view line = view_cut(&rest, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		line_check(line, at, &seen, faults);
	}
	map_free(&seen);
}
