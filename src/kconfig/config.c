/* The .config: one pass over a copy of the text, into an open-addressed table of views. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "kconfig/private.h"

#include <stdlib.h>

/* The largest real ones (allyesconfig) have 0.4 MB. */
enum { CONFIG_MAX = 64 << 20 };

#define RANGE_OF(from, to) [from... to] = true
const bool symbol_chars[256] = { RANGE_OF('0', '9'), RANGE_OF('A', 'Z'), RANGE_OF('a', 'z'), ['_'] = true };

void kconfig_free(struct kconfig *config)
{
	if (!config)
		return;
	free(config->text);
	free(config->entries);
	free(config->slots);
	free(config);
}

static void kconfig_cleanup(struct kconfig **config)
{
	kconfig_free(*config);
}

static void table_grow(struct kconfig *c)
{
	size_t cap = (c->mask + 1) * 2;

	free(c->slots);
	c->slots = mem_alloc(cap * sizeof(*c->slots));
	c->mask = cap - 1;
	for (size_t i = 0; i < c->n_entries; i++) {
		size_t at = c->entries[i].hash & c->mask;

		while (c->slots[at].at)
			at = (at + 1) & c->mask;
		c->slots[at] = (struct slot){ c->entries[i].hash, (uint32_t)i + 1 };
	}
}

/* The entry of a name, made when there is none: of two lines for one symbol the last counts, as in
 * scripts/kconfig. */
static struct entry *entry_of(struct kconfig *c, struct view name)
{
	uint32_t hash = symbol_hash(name);
	struct slot *s = slot_find(c, name, hash);
	struct entry *e;

	if (s->at)
		return &c->entries[s->at - 1];
	if (c->n_entries == c->cap) {
		c->cap *= 2;
		c->entries = mem_resize(c->entries, c->cap * sizeof(*c->entries));
	}
	e = &c->entries[c->n_entries++];
	e->name = name.p;
	e->len = (uint32_t)name.n;
	e->hash = hash;
	*s = (struct slot){ hash, (uint32_t)c->n_entries };
	if (c->n_entries * 2 > c->mask)
		table_grow(c);
	return e;
}

static void entry_unset(struct kconfig *c, struct view name)
{
	struct slot *s = slot_find(c, name, symbol_hash(name));

	if (s->at)
		c->entries[s->at - 1].set = false;
}

char *string_unescape(char *text, char *end, size_t *n)
{
	char *to = text;

	for (char *p = text; p < end; p++) {
		if (*p == '"') {
			*n = (size_t)(to - text);
			return p;
		}
		if (*p == '\\' && ++p == end)
			return NULL;
		if (to != p)
			*to = *p;
		to++;
	}
	return NULL;
}

/* The text behind '='. -1 for what no kernel writes. */
static int value_parse(char *p, char *end, struct kconfig_value *out, bool *set)
{
	struct number number;
	size_t n;

	*set = true;
	out->text = (struct view){ p, (size_t)(end - p) };
	if (end - p == 1 && (*p == 'y' || *p == 'm' || *p == 'n')) {
		out->type = *p == 'y' ? KCONFIG_YES : KCONFIG_MODULE;
		*set = *p != 'n';
		return 0;
	}
	if (p == end) {
		out->type = KCONFIG_EMPTY;
		return 0;
	}
	if (*p == '"') {
		out->type = KCONFIG_STRING;
		if (string_unescape(p + 1, end, &n) != end - 1)
			return -1;
		out->text = (struct view){ p + 1, n };
		return 0;
	}
	out->type = KCONFIG_NUMBER;
	return number_parse(out->text, &number);
}

static int line_set(struct kconfig *c, char *p, char *end)
{
	struct kconfig_value value;
	struct entry *e;
	struct view name;
	bool set;

	if (end - p < 9 || memcmp(p, "CONFIG_", 7) != 0)
		return -1;
	p += 7;
	name = (struct view){ p, symbol_len(p, (size_t)(end - p)) };
	p += name.n;
	if (!name.n || p == end || *p != '=' || value_parse(p + 1, end, &value, &set) < 0)
		return -1;
	e = entry_of(c, name);
	e->value = value;
	e->set = set;
	return 0;
}

/* "# CONFIG_X is not set" takes back an earlier line of X; every other comment is prose. */
static void line_comment(struct kconfig *c, const char *p, const char *end)
{
	enum { HEAD = sizeof("# CONFIG_") - 1, TAIL = sizeof(" is not set") - 1 };
	struct view name;

	if (end - p <= HEAD + TAIL || memcmp(p, "# CONFIG_", HEAD) != 0 || memcmp(end - TAIL, " is not set", TAIL) != 0)
		return;
	name = (struct view){ p + HEAD, (size_t)(end - p) - HEAD - TAIL };
	entry_unset(c, name);
}

static int line_refuse(struct view text, size_t at, struct err *err)
{
	struct view rest = { text.p + at, text.n - at }, line = view_trim(view_cut(&rest, '\n'));
	autobuf struct buf shown = { 0 };
	size_t number = 1;

	for (size_t i = 0; i < at; i++)
		number += text.p[i] == '\n';
	line = view_first(line, 80);
	buf_add_printable(&shown, line);
	return err_user(err, "line %zu: \"%s\" is no line of a .config (CONFIG_NAME=value or a comment)", number,
			shown.data ? shown.data : "");
}

static struct kconfig *config_new(struct view text)
{
	struct kconfig *c = mem_alloc(sizeof(*c));
	size_t slots = 64;

	c->n = text.n;
	c->text = mem_resize(NULL, text.n + 1);
	if (text.n)
		memcpy(c->text, text.p, text.n);
	c->text[text.n] = '\n';
	c->cap = text.n / 32 + 16; /* bytes a set line has on average; both grow when there are more */
	c->entries = mem_resize(NULL, c->cap * sizeof(*c->entries));
	while (slots < c->cap * 2)
		slots *= 2;
	c->slots = mem_alloc(slots * sizeof(*c->slots));
	c->mask = slots - 1;
	return c;
}

int kconfig_parse(struct view text, struct kconfig **out, struct err *err)
{
	__attribute__((cleanup(kconfig_cleanup))) struct kconfig *c = NULL;
	char *p, *end;

	if (text.n > CONFIG_MAX)
		return err_user(err, "a .config of %zu bytes: at most %d are read", text.n, CONFIG_MAX);
	if (text.n && memchr(text.p, '\0', text.n))
		return err_user(err, "not a .config: it holds NUL bytes");
	c = config_new(text);
	end = c->text + c->n;
	for (p = c->text; p < end;) {
		char *eol = memchr(p, '\n', (size_t)(end - p) + 1);
		char *stop = eol > p && eol[-1] == '\r' ? eol - 1 : eol;

		if (*p == '#')
			line_comment(c, p, stop);
		else if (p != stop && line_set(c, p, stop) < 0)
			return line_refuse(text, (size_t)(p - c->text), err);
		p = eol + 1;
	}
	*out = steal(&c);
	return 0;
}

int kconfig_read(int dir, const char *path, struct kconfig **out, struct err *err)
{
	autobuf struct buf text = { 0 };

	if (fs_read(dir, path, CONFIG_MAX, &text, err) < 0)
		return -1;
	if (kconfig_parse((struct view){ text.data, text.n }, out, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

const struct kconfig_value *kconfig_get(const struct kconfig *config, struct view symbol)
{
	return config_find(config, symbol, symbol_hash(symbol));
}

int kconfig_origin(const struct kconfig *config, struct view *arch, struct kversion *kernel)
{
	struct view rest = { config->text, config->n };

	/* conf_write_heading() writes it as the third line; editors may put more above it. */
	for (int i = 0; i < 10 && rest.p; i++) {
		struct view line = view_trim(view_cut(&rest, '\n')), name;

		if (!view_starts(line, VIEW("# Linux/")))
			continue;
		line.p += sizeof("# Linux/") - 1;
		line.n -= sizeof("# Linux/") - 1;
		name = view_cut(&line, ' ');
		if (!name.n || !line.p || kversion_parse(view_cut(&line, ' '), kernel) < 0)
			return -1;
		*arch = name;
		return 0;
	}
	return -1;
}
