#include "kernel/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct view symbol_cut(struct view *rest)
{
	struct view symbol = { rest->p, 0 };

	while (symbol.n < rest->n && (isalnum((unsigned char)symbol.p[symbol.n]) || symbol.p[symbol.n] == '_'))
		symbol.n++;
	rest->p += symbol.n;
	rest->n -= symbol.n;
	return symbol;
}

/* CONFIG_X=..., or "# CONFIG_X is not set". { NULL, 0 } for any other line. */
static struct view setting_symbol(struct view line)
{
	const struct view none = { NULL, 0 }, set = VIEW("CONFIG_"), unset = VIEW("# CONFIG_");
	bool off = view_starts(line, unset);
	struct view rest = line, symbol;

	if (!off && !view_starts(line, set))
		return none;
	rest.p += off ? unset.n : set.n;
	rest.n -= off ? unset.n : set.n;
	symbol = symbol_cut(&rest);
	if (!symbol.n || (off ? !view_is(rest, " is not set") : !view_starts(rest, VIEW("="))))
		return none;
	return symbol;
}

int settings_add(struct settings *s, const char *name, struct view text, struct err *err)
{
	int number = 0;

	while (text.p) {
		struct view line = view_trim(view_cut(&text, '\n'));
		struct view symbol = setting_symbol(line);
		size_t before;

		number++;
		if (!symbol.p && line.n && line.p[0] != '#')
			return err_user(err, "%s:%d: a line must be CONFIG_X=value or \"# CONFIG_X is not set\"", name,
					number);
		if (!symbol.p)
			continue;
		before = (size_t)map_get(&s->last, symbol);
		if (before)
			s->lines.data[before - 1].overridden = true;
		*vec_push(&s->lines) = (struct setting){ symbol, line, false };
		map_set(&s->last, symbol, (void *)s->lines.n);
	}
	return 0;
}

void settings_print(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->lines.n; i++) {
		if (s->lines.data[i].overridden)
			continue;
		buf_addv(out, s->lines.data[i].line);
		buf_addc(out, '\n');
	}
}

void settings_free(struct settings *s)
{
	vec_free(&s->lines);
	map_free(&s->last);
}
