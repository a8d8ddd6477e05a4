/* Bytes that a text of the catalogue may hold: UTF-8 (RFC 3629) without control characters. */
#include "catalog/node.h"

struct utf8_range {
	unsigned char first, last; /* of the lead byte */
	unsigned char length;
	unsigned char low, high; /* of the second byte: no overlong forms, no surrogates, at most U+10FFFF */
};

static const struct utf8_range utf8_ranges[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf }, { 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

/* Length of the character at p, or 0 when its bytes are no character. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < sizeof(utf8_ranges) / sizeof(utf8_ranges[0]); i++) {
		const struct utf8_range *r = &utf8_ranges[i];

		if (p[0] < r->first || p[0] > r->last)
			continue;
		if (n < r->length || p[1] < r->low || p[1] > r->high)
			return 0;
		for (size_t k = 2; k < r->length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return r->length;
	}
	return 0;
}

static size_t char_length(const unsigned char *p, size_t n)
{
	if (p[0] >= 0x80)
		return utf8_length(p, n);
	return p[0] == '\t' || p[0] == '\n' || p[0] == '\r' || (p[0] >= 0x20 && p[0] != 0x7f);
}

bool text_check(const char *file, struct view text, struct faults *faults)
{
	struct place at = { file, 1, 1 };

	for (size_t i = 0, step; i < text.n; i += step) {
		const unsigned char *p = (const unsigned char *)text.p + i;

		step = char_length(p, text.n - i);
		if (!step) {
			fault_add(faults, at, "byte 0x%02x; UTF-8 text without control characters is allowed", *p);
			return false;
		}
		at.column++;
		if (*p == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return true;
}
