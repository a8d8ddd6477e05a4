/* What the two were made from: the final .config, line by line, and the specs. */
#include "compare/private.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

/* ---- the .config ---- */

/* The symbol of CONFIG_X=... or "# CONFIG_X is not set", { NULL, 0 } for any other line. */
static struct view line_symbol(struct view line)
{
	const struct view set = VIEW("CONFIG_"), unset = VIEW("# CONFIG_");
	size_t head = view_starts(line, set) ? set.n : view_starts(line, unset) ? unset.n : 0;
	struct view symbol = { line.p + head, 0 };

	while (head + symbol.n < line.n && (isalnum((unsigned char)symbol.p[symbol.n]) || symbol.p[symbol.n] == '_'))
		symbol.n++;
	return head && symbol.n ? symbol : (struct view){ NULL, 0 };
}

typedef VEC(struct view) lines;

/* at: symbol -> index + 1 */
static void lines_find(struct view text, lines *out, struct map *at)
{
	while (text.p) {
		struct view line = view_trim(view_cut(&text, '\n')), symbol = line_symbol(line);

		if (!symbol.p || map_get(at, symbol))
			continue;
		*vec_push(out) = line;
		map_set(at, symbol, (void *)out->n);
	}
}

/* What the compiler and its programs are goes by their version, all else by the person's choice. */
static enum cause line_cause(struct view symbol)
{
	return view_is(symbol, "CC_VERSION_TEXT") ? CAUSE_COMPILER : CAUSE_CONFIG;
}

static void line_tell(struct comparison *c, struct view symbol, struct view a, struct view b)
{
	enum cause cause = line_cause(symbol);

	if ((a.p && b.p && view_eq(a, b)) || ((!a.p || *a.p == '#') && (!b.p || *b.p == '#')))
		return;
	told_add(c, cause, a, b);
	c->embedded |= 1u << cause;
}

void config_compare(struct comparison *c)
{
	const struct view none = { NULL, 0 };
	lines first = { 0 }, second = { 0 };
	struct map at_first = { 0 }, at_second = { 0 };

	if (c->side[0]->config.p && c->side[1]->config.p) {
		lines_find(c->side[0]->config, &first, &at_first);
		lines_find(c->side[1]->config, &second, &at_second);
	}
	for (size_t i = 0; i < first.n; i++) {
		struct view symbol = line_symbol(first.data[i]);
		size_t other = (size_t)map_get(&at_second, symbol);

		line_tell(c, symbol, first.data[i], other ? second.data[other - 1] : none);
	}
	for (size_t i = 0; i < second.n; i++) {
		struct view symbol = line_symbol(second.data[i]);

		if (!map_get(&at_first, symbol))
			line_tell(c, symbol, none, second.data[i]);
	}
	vec_free(&first);
	vec_free(&second);
	map_free(&at_first);
	map_free(&at_second);
}

/* ---- the specs ---- */

static void input_add(json_t *inputs, const char *what, const char *first, const char *second)
{
	if (strcmp(first, second) != 0)
		json_array_append_new(inputs,
				      json_pack("{s:s, s:o, s:o}", "what", what, "first", json_text(view_of(first)),
						"second", json_text(view_of(second))));
}

/* Where a tree comes from: imported, or a person's own. */
static const char *source_of(const json_t *spec)
{
	return json_str_or(json_object_get(spec, "source"), "id",
			   json_str_or(json_object_get(spec, "warm"), "dir", "?"));
}

static char *options_text(const json_t *spec)
{
	struct buf out = { 0 };
	json_t *option;
	size_t i;

	json_array_foreach (json_object_get(spec, "options"), i, option)
		buf_printf(&out, "%s%s", i ? " " : "", json_string_value(option) ? json_string_value(option) : "?");
	return buf_steal(&out);
}

/* Name and version of those that the other has not; programs of one version are told apart by their digest. */
static char *tools_text(const json_t *spec, const json_t *other)
{
	json_t *tools = json_object_get(json_object_get(spec, "toolchain"), "tools"), *tool;
	json_t *others = json_object_get(json_object_get(other, "toolchain"), "tools");
	struct buf out = { 0 };
	size_t i;

	json_array_foreach (tools, i, tool) {
		if (json_equal(tool, json_array_get(others, i)))
			continue;
		buf_printf(&out, "%s%s %s (%.8s)", out.n ? ", " : "", json_str_or(tool, "name", "?"),
			   json_str_or(tool, "version", "?"), json_str_or(tool, "digest", "?"));
	}
	return buf_steal(&out);
}

void inputs_compare(const struct comparison *c, json_t *inputs)
{
	const json_t *a = c->side[0]->spec, *b = c->side[1]->spec;
	autofree char *options = options_text(a), *other_options = options_text(b);
	autofree char *tools = tools_text(a, b), *other_tools = tools_text(b, a);

	if (!a || !b)
		return;
	input_add(inputs, "source", source_of(a), source_of(b));
	input_add(inputs, "config", json_str_or(a, "config", "?"), json_str_or(b, "config", "?"));
	input_add(inputs, "tools", tools, other_tools);
	input_add(inputs, "options", options, other_options);
}
