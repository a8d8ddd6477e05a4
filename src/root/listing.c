#define _GNU_SOURCE
#include "root/listing.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	mode_t type;
} types[] = {
	{ "file", S_IFREG }, { "dir", S_IFDIR },   { "link", S_IFLNK },    { "char", S_IFCHR },
	{ "fifo", S_IFIFO }, { "block", S_IFBLK }, { "socket", S_IFSOCK },
};

void listing_add(struct listing *l, const struct listed *entry)
{
	struct listed *e = vec_push(&l->entries);

	*e = *entry;
	e->order = l->entries.n;
	e->path = arena_strdup(&l->arena, entry->path);
	e->target = entry->target ? arena_strdup(&l->arena, entry->target) : NULL;
	e->xattrs = entry->xattrs ? arena_strdup(&l->arena, entry->xattrs) : NULL;
}

static int by_path(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int by = strcmp(x->path, y->path);

	return by ? by : (x->order > y->order) - (x->order < y->order);
}

void listing_sort(struct listing *l)
{
	struct listed *e = l->entries.data;
	size_t n = 0;

	if (l->entries.n)
		qsort(e, l->entries.n, sizeof(*e), by_path);
	for (size_t i = 0; i < l->entries.n; i++) {
		if (n && strcmp(e[n - 1].path, e[i].path) == 0)
			n--;
		e[n++] = e[i];
	}
	l->entries.n = n;
}

/* As vis(3) VIS_OCTAL; readers of mtree(5) take some of the signs of a pattern for one. */
static void print_word(struct buf *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= ' ' || c >= 0x7f || strchr("\\#*?[", c))
			buf_printf(out, "\\%03o", c);
		else
			buf_addc(out, (char)c);
	}
}

static const char *type_name(mode_t mode)
{
	for (size_t i = 0; i < countof(types); i++)
		if ((mode & S_IFMT) == types[i].type)
			return types[i].name;
	return "file";
}

static void print_entry(const struct listed *e, struct buf *out)
{
	buf_adds(out, *e->path ? "./" : ".");
	print_word(out, e->path);
	buf_printf(out, " type=%s mode=%04o uid=%lld gid=%lld", type_name(e->mode), (unsigned)e->mode & 07777,
		   (long long)e->uid, (long long)e->gid);
	if (S_ISREG(e->mode))
		buf_printf(out, " size=%lld sha256digest=%s", (long long)e->size, e->digest);
	if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
		buf_printf(out, " device=native,%u,%u", e->major, e->minor);
	if (S_ISLNK(e->mode)) {
		buf_adds(out, " link=");
		print_word(out, e->target ? e->target : "");
	}
	if (e->xattrs) {
		buf_adds(out, " xattrs=");
		print_word(out, e->xattrs);
	}
	buf_addc(out, '\n');
}

void listing_print(const struct listing *l, struct buf *out)
{
	buf_adds(out, "#mtree\n");
	for (size_t i = 0; i < l->entries.n; i++)
		print_entry(&l->entries.data[i], out);
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Undoes print_word; NULL for an escape that it does not make. */
static char *parse_word(struct arena *arena, struct view v)
{
	char *text = arena_alloc(arena, v.n + 1), *to = text;

	for (size_t i = 0; i < v.n; i++) {
		int c = (unsigned char)v.p[i];

		if (c == '\\') {
			if (v.n - i < 4 || v.p[i + 1] > '3' || !is_octal(v.p[i + 1]) || !is_octal(v.p[i + 2]) ||
			    !is_octal(v.p[i + 3]))
				return NULL;
			c = (v.p[i + 1] - '0') << 6 | (v.p[i + 2] - '0') << 3 | (v.p[i + 3] - '0');
			i += 3;
		}
		if (c == '\0')
			return NULL;
		*to++ = (char)c;
	}
	return text;
}

static bool parse_number(struct view v, int base, int64_t max, int64_t *out)
{
	int64_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		int digit = v.p[i] - '0';

		if (digit < 0 || digit >= base || n > (max - digit) / base)
			return false;
		n = n * base + digit;
	}
	*out = n;
	return v.n > 0;
}

static bool parse_type(struct view v, mode_t *mode)
{
	for (size_t i = 0; i < countof(types); i++)
		if (view_is(v, types[i].name) && !(*mode & S_IFMT)) {
			*mode |= types[i].type;
			return true;
		}
	return false;
}

static bool parse_device(struct view v, struct listed *e)
{
	struct view kind = view_cut(&v, ','), major = view_cut(&v, ',');
	int64_t high, low;

	if (!view_is(kind, "native") || !v.p || !parse_number(major, 10, UINT32_MAX, &high) ||
	    !parse_number(v, 10, UINT32_MAX, &low))
		return false;
	e->major = (unsigned)high;
	e->minor = (unsigned)low;
	return true;
}

static bool parse_digest(struct view v, struct listed *e)
{
	if (v.n != HASH_HEX - 1)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (!strchr("0123456789abcdef", v.p[i]) || !v.p[i])
			return false;
	memcpy(e->digest, v.p, v.n);
	return true;
}

static bool parse_field(struct arena *arena, struct view key, struct view v, struct listed *e)
{
	int64_t mode;

	if (view_is(key, "type"))
		return parse_type(v, &e->mode);
	if (view_is(key, "mode")) {
		if (!parse_number(v, 8, 07777, &mode))
			return false;
		e->mode |= (mode_t)mode;
		return true;
	}
	if (view_is(key, "uid"))
		return parse_number(v, 10, UINT32_MAX, &e->uid);
	if (view_is(key, "gid"))
		return parse_number(v, 10, UINT32_MAX, &e->gid);
	if (view_is(key, "size"))
		return parse_number(v, 10, INT64_MAX, &e->size);
	if (view_is(key, "device"))
		return parse_device(v, e);
	if (view_is(key, "sha256digest"))
		return parse_digest(v, e);
	if (view_is(key, "link"))
		return (e->target = parse_word(arena, v));
	return view_is(key, "xattrs") && (e->xattrs = parse_word(arena, v));
}

/* Whether a path is as listing_print writes it: a/b, with no part that leads up. */
static bool is_inside(const char *path)
{
	struct view rest = view_of(path);

	while (rest.p) {
		struct view part = view_cut(&rest, '/');

		if (!part.n || view_is(part, ".") || view_is(part, ".."))
			return false;
	}
	return true;
}

static bool parse_entry(struct arena *arena, struct view line, struct listed *e)
{
	struct view name = view_cut(&line, ' ');
	bool top = view_is(name, ".");

	if (!top && !view_starts(name, VIEW("./")))
		return false;
	e->path = top ? "" : parse_word(arena, (struct view){ name.p + 2, name.n - 2 });
	if (!e->path || (!top && !is_inside(e->path)))
		return false;
	while (line.p) {
		struct view value = view_cut(&line, ' '), key = view_cut(&value, '=');

		if (!value.p || !parse_field(arena, key, value, e))
			return false;
	}
	return (e->mode & S_IFMT) && (!S_ISREG(e->mode) || *e->digest) && (!S_ISLNK(e->mode) || e->target);
}

int listing_parse(struct listing *l, struct view text, struct err *err)
{
	struct view first = view_cut(&text, '\n');

	if (!view_is(first, "#mtree"))
		return err_user(err, "is no manifest: its first line is not #mtree");
	for (size_t number = 2; text.n; number++) {
		struct listed e = { .path = "" };

		if (!parse_entry(&l->arena, view_cut(&text, '\n'), &e))
			return err_user(err, "line %zu is no entry of a manifest", number);
		e.order = l->entries.n;
		*vec_push(&l->entries) = e;
	}
	return 0;
}

void listing_free(struct listing *l)
{
	vec_free(&l->entries);
	arena_free(&l->arena);
}

int listing_write(const struct listing *l, const char *file, struct manifest_sums *sums, struct err *err)
{
	autobuf struct buf text = { 0 };
	struct manifest_sums got = { 0 };

	listing_print(l, &text);
	hash_bytes(text.data, text.n, got.digest);
	for (size_t i = 0; i < l->entries.n; i++)
		if (S_ISREG(l->entries.data[i].mode)) {
			got.files++;
			got.bytes += l->entries.data[i].size;
		}
	if (fs_write(AT_FDCWD, file, text.data, text.n, 0644, err) < 0)
		return -1;
	if (sums)
		*sums = got;
	return 0;
}
