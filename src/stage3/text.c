/* The texts that lie beside the tarballs, from a mirror that nobody vouches for. */
#define _GNU_SOURCE
#include "stage3/stage3.h"

#include "base/cleanup.h"

#include <string.h>

static bool is_digits(struct view v, size_t from, size_t n)
{
	if (v.n < from + n)
		return false;
	for (size_t i = from; i < from + n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	return true;
}

/* 20261101T170310Z, or 20261101 as it once was. */
static bool is_date(struct view v)
{
	if (!is_digits(v, 0, 8))
		return false;
	return v.n == 8 || (v.n == 16 && v.p[8] == 'T' && is_digits(v, 9, 6) && v.p[15] == 'Z');
}

/* stage3-VARIANT-DATE.tar.xz: the variant must be all that stands in between. */
static bool is_name(struct view name, const char *variant, struct view date)
{
	static const char *const ends[] = { ".tar.xz", ".tar.zst", ".tar.gz", ".tar.bz2" };
	autobuf struct buf want = { 0 };

	for (size_t i = 0; i < countof(ends); i++) {
		buf_clear(&want);
		buf_printf(&want, "stage3-%s-" VIEW_FMT "%s", variant, VIEW_ARG(date), ends[i]);
		if (view_is(name, want.data))
			return true;
	}
	return false;
}

static bool leads_elsewhere(struct view path)
{
	struct view rest = path;

	if (view_starts(path, VIEW("/")) || memmem(path.p, path.n, "://", 3) || memchr(path.p, '\\', path.n) ||
	    memchr(path.p, '%', path.n))
		return true;
	while (rest.p)
		if (view_is(view_cut(&rest, '/'), ".."))
			return true;
	return false;
}

static bool parse_size(struct view v, int64_t *size)
{
	int64_t n = 0;

	if (!v.n || v.n > 15 || !is_digits(v, 0, v.n))
		return false;
	for (size_t i = 0; i < v.n; i++)
		n = n * 10 + (v.p[i] - '0');
	*size = n;
	return n > 0;
}

static int line_fault(struct err *err, int number, struct view line, const char *what)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, (struct view){ line.p, line.n > 200 ? 200 : line.n });
	return err_user(err, "its line %d, \"%s\", %s; try another mirror", number, shown.data ? shown.data : "", what);
}

/* 1 when the line names a tarball of the variant, 0 for one that does not. */
static int parse_line(struct view line, int number, const char *variant, struct stage3_named *named, struct err *err)
{
	struct view size = line, path = view_cut(&size, ' '), name = path, date = view_cut(&name, '/');
	struct stage3_named got = { .path = path, .name = name, .date = date };

	if (leads_elsewhere(path))
		return line_fault(err, number, line, "names what lies outside of the mirror's folder");
	if (!size.p || !parse_size(view_trim(size), &got.size))
		return line_fault(err, number, line, "has no size");
	if (!name.p || memchr(name.p, '/', name.n) || !is_date(date) || !is_name(name, variant, date))
		return 0;
	*named = got;
	return 1;
}

static bool is_newer(struct view a, struct view b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int by = memcmp(a.p, b.p, n);

	return by ? by > 0 : a.n > b.n;
}

int stage3_index(struct view text, const char *variant, struct stage3_named *named, struct err *err)
{
	struct stage3_named newest = { 0 }, got = { 0 };

	for (int number = 1; text.n; number++) {
		struct view line = view_trim(view_cut(&text, '\n'));
		int is;

		if (!line.n || *line.p == '#')
			continue;
		is = parse_line(line, number, variant, &got, err);
		if (is < 0)
			return -1;
		if (is && (!newest.size || is_newer(got.date, newest.date)))
			newest = got;
	}
	if (!newest.size)
		return err_user(err, "names no tarball of %s; try another mirror", variant);
	*named = newest;
	return 0;
}

static bool is_hex(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!v.p[i] || !strchr("0123456789abcdef", v.p[i]))
			return false;
	return true;
}

int stage3_digest(struct view text, struct view name, char digest[static STAGE3_DIGEST], struct err *err)
{
	struct view best = { 0 }, algorithm = VIEW("SHA256"); /* without a word, 64 digits are that */

	while (text.n) {
		struct view line = view_trim(view_cut(&text, '\n')), rest = line, first = view_cut(&rest, ' ');
		size_t want = view_is(algorithm, "SHA256") ? 64 : view_is(algorithm, "SHA512") ? 128 : 0;

		if (view_is(first, "#")) {
			algorithm = view_cut(&rest, ' ');
			continue;
		}
		rest = view_trim(rest.p ? rest : (struct view){ "", 0 });
		if (want && first.n == want && is_hex(first) && view_eq(rest, name) && (!best.n || want < best.n))
			best = first;
	}
	if (!best.n)
		return err_user(err, "has no SHA-256 and no SHA-512 of " VIEW_FMT, VIEW_ARG(name));
	memcpy(digest, best.p, best.n);
	digest[best.n] = '\0';
	return 0;
}
