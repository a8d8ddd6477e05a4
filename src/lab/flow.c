#include "lab/flow.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

/* Of what LAVA writes nothing is deeper than four. */
enum { DEPTH_MAX = 16, NUMBER_DIGITS = 18 };

struct reader {
	const char *at, *end;
	int depth;
};

static json_t *value(struct reader *r);

static void blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void add_utf8(struct buf *out, unsigned long c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
	} else if (c < 0x800) {
		buf_addc(out, (char)(0xc0 | c >> 6));
		buf_addc(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_addc(out, (char)(0xe0 | c >> 12));
		buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(out, (char)(0x80 | (c & 63)));
	} else {
		buf_addc(out, (char)(0xf0 | c >> 18));
		buf_addc(out, (char)(0x80 | (c >> 12 & 63)));
		buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(out, (char)(0x80 | (c & 63)));
	}
}

/* \xXX, \uXXXX, \UXXXXXXXX: a code point. Half of a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD: what else
 * the line says is worth more. */
static bool escape_number(struct reader *r, int digits, struct buf *out)
{
	unsigned long c = 0;

	if (r->end - r->at < digits)
		return false;
	for (int i = 0; i < digits; i++) {
		char d = *r->at++;

		if (d >= '0' && d <= '9')
			c = c << 4 | (unsigned long)(d - '0');
		else if ((d | 32) >= 'a' && (d | 32) <= 'f')
			c = c << 4 | (unsigned long)((d | 32) - 'a' + 10);
		else
			return false;
	}
	if (c > 0x10ffff)
		return false;
	add_utf8(out, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
	return true;
}

/* YAML 1.1, 5.6: the single escapes and what they stand for. */
static bool escape(struct reader *r, struct buf *out)
{
	static const char names[] = "0abtnvfre \"/\\", bytes[] = "\0\a\b\t\n\v\f\r\033 \"/\\";
	const char *known;
	char c;

	if (r->at == r->end)
		return false;
	c = *r->at++;
	known = memchr(names, c, sizeof(names) - 1);
	if (known) {
		buf_addc(out, bytes[known - names]);
		return true;
	}
	switch (c) {
	case 'N':
		add_utf8(out, 0x85);
		return true;
	case '_':
		add_utf8(out, 0xa0);
		return true;
	case 'L':
		add_utf8(out, 0x2028);
		return true;
	case 'P':
		add_utf8(out, 0x2029);
		return true;
	case 'x':
		return escape_number(r, 2, out);
	case 'u':
		return escape_number(r, 4, out);
	case 'U':
		return escape_number(r, 8, out);
	default:
		return false;
	}
}

/* Behind the first quote. */
static bool quoted(struct reader *r, struct buf *out)
{
	while (r->at < r->end) {
		const char *from = r->at;

		while (r->at < r->end && *r->at != '"' && *r->at != '\\')
			r->at++;
		buf_add(out, from, (size_t)(r->at - from));
		if (r->at == r->end)
			return false;
		if (*r->at++ == '"')
			return true;
		if (!escape(r, out))
			return false;
	}
	return false;
}

/* jansson wants UTF-8 without zeros in what it prints; a text that is none is kept with its bytes shown. */
static json_t *text_json(const struct buf *b)
{
	json_t *text = json_stringn(b->n ? b->data : "", b->n);

	return text ? text : json_text((struct view){ b->data, b->n });
}

static json_t *text_value(struct reader *r)
{
	autobuf struct buf b = { 0 };

	return quoted(r, &b) ? text_json(&b) : NULL;
}

static bool whole_number(const char *p, size_t n, json_int_t *out)
{
	size_t from = n && *p == '-';
	json_int_t number = 0;

	if (n == from || n - from > NUMBER_DIGITS)
		return false;
	for (size_t i = from; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		number = number * 10 + (p[i] - '0');
	}
	*out = from ? -number : number;
	return true;
}

static json_t *word_value(struct reader *r)
{
	static const char stop[] = ",:{}[]\"#&*!|>'%@`\t\r\n";
	const char *from = r->at;
	json_int_t number;
	struct view word;

	/* A colon within a word is one of its letters: 12:00:00. */
	while (r->at < r->end && (!strchr(stop, *r->at) || (*r->at == ':' && r->end - r->at > 1 && r->at[1] != ' ')))
		r->at++;
	word = view_trim((struct view){ from, (size_t)(r->at - from) });
	if (!word.n)
		return NULL;
	if (view_is(word, "null") || view_is(word, "~"))
		return json_null();
	if (view_is(word, "true") || view_is(word, "false"))
		return json_boolean(word.p[0] == 't');
	if (whole_number(word.p, word.n, &number))
		return json_integer(number);
	return json_text(word);
}

/* A key of a map, with the colon behind it. */
static bool key(struct reader *r, struct buf *out)
{
	take(r, '!');
	if (!take(r, '"') || !quoted(r, out))
		return false;
	buf_addc(out, '\0');
	return strlen(out->data) == out->n - 1 && take(r, ':');
}

static bool member(struct reader *r, json_t *map)
{
	autobuf struct buf name = { 0 };
	json_t *v;

	if (!key(r, &name))
		return false;
	v = value(r);
	return v && json_object_set_new(map, name.data, v) == 0;
}

static bool item(struct reader *r, json_t *list)
{
	json_t *v = value(r);

	return v && json_array_append_new(list, v) == 0;
}

/* Behind the opening bracket, to the closing one. */
static json_t *items(struct reader *r, json_t *into, bool (*one)(struct reader *r, json_t *into), char close)
{
	bool good = r->depth++ < DEPTH_MAX;

	if (good && !take(r, close)) {
		do
			good = one(r, into);
		while (good && take(r, ','));
		good = good && take(r, close);
	}
	r->depth--;
	if (good)
		return into;
	json_decref(into);
	return NULL;
}

static json_t *value(struct reader *r)
{
	bool tagged = take(r, '!');

	if (take(r, '"'))
		return text_value(r);
	if (tagged)
		return NULL;
	if (take(r, '{'))
		return items(r, json_object(), member, '}');
	if (take(r, '['))
		return items(r, json_array(), item, ']');
	return word_value(r);
}

json_t *flow_parse(struct view text)
{
	struct reader r = { text.p, text.p + text.n, 0 };
	json_t *v = text.n ? value(&r) : NULL;

	blanks(&r);
	if (v && r.at == r.end)
		return v;
	json_decref(v);
	return NULL;
}
