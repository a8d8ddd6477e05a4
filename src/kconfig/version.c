/* Kernel versions and ranges of them. */
#include "kconfig/private.h"

#include <limits.h>

/* A run of digits off the front of *text. */
static int version_field(struct view *text, int *out)
{
	int n = 0;

	if (!text->n || text->p[0] < '0' || text->p[0] > '9')
		return -1;
	while (text->n && text->p[0] >= '0' && text->p[0] <= '9') {
		if (n > 1000000)
			return -1;
		n = n * 10 + (text->p[0] - '0');
		text->p++;
		text->n--;
	}
	*out = n;
	return 0;
}

static bool dot_digit(struct view text)
{
	return text.n >= 2 && text.p[0] == '.' && text.p[1] >= '0' && text.p[1] <= '9';
}

/* The rest of *text is what follows; patch is -1 when there is none. */
static int version_take(struct view *text, struct kversion *out)
{
	struct kversion v = { .patch = -1 };

	if (version_field(text, &v.major) < 0 || !dot_digit(*text))
		return -1;
	text->p++;
	text->n--;
	if (version_field(text, &v.minor) < 0)
		return -1;
	if (dot_digit(*text)) {
		text->p++;
		text->n--;
		if (version_field(text, &v.patch) < 0)
			return -1;
	}
	*out = v;
	return 0;
}

int kversion_parse(struct view text, struct kversion *out)
{
	struct kversion v;

	if (version_take(&text, &v) < 0)
		return -1;
	/* 6.1-rc1, 6.1.4-arch1, 5.10.0+: never a letter or a further number at once. */
	if (text.n && text.p[0] != '-' && text.p[0] != '+' && text.p[0] != '_' && text.p[0] != '~')
		return -1;
	if (v.patch < 0)
		v.patch = 0;
	*out = v;
	return 0;
}

int kversion_cmp(struct kversion a, struct kversion b)
{
	int major = (a.major > b.major) - (a.major < b.major);
	int minor = (a.minor > b.minor) - (a.minor < b.minor);
	int patch = (a.patch > b.patch) - (a.patch < b.patch);

	return major ? major : minor ? minor : patch;
}

/* The value of the first line "KEY = value", { NULL, 0 } when there is none. */
static struct view makefile_value(struct view text, const char *key)
{
	while (text.p) {
		struct view value = view_cut(&text, '\n');
		struct view name = view_trim(view_cut(&value, '='));

		if (value.p && view_is(name, key))
			return view_trim(value);
	}
	return (struct view){ 0 };
}

char *kversion_of_makefile(struct view text)
{
	struct view version = makefile_value(text, "VERSION"), patchlevel = makefile_value(text, "PATCHLEVEL");
	struct view sublevel = makefile_value(text, "SUBLEVEL"), extra = makefile_value(text, "EXTRAVERSION");
	autobuf struct buf release = { 0 };

	if (!version.n || !patchlevel.n || version.n + patchlevel.n + sublevel.n + extra.n > 100)
		return NULL;
	buf_printf(&release, VIEW_FMT "." VIEW_FMT, VIEW_ARG(version), VIEW_ARG(patchlevel));
	if (sublevel.n)
		buf_printf(&release, "." VIEW_FMT, VIEW_ARG(sublevel));
	buf_add_printable(&release, extra);
	return buf_steal(&release);
}

static const struct kversion version_last = { INT_MAX, INT_MAX, INT_MAX };

static int range_refuse(struct view text, const char *why, struct err *err)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, text);
	return err_user(err, "\"%s\" is no range of kernel versions: %s", shown.data ? shown.data : "", why);
}

int kversion_range_parse(struct view text, struct kversion_range *out, struct err *err)
{
	static const char form[] = "write 5.10..6.6, 6.1.. or ..5.18";
	struct view whole = view_trim(text), rest = whole;
	struct kversion_range r = { .to = version_last };
	bool dots;

	if (rest.n && !view_starts(rest, VIEW("..")) && version_take(&rest, &r.from) < 0)
		return range_refuse(whole, form, err);
	dots = view_starts(rest, VIEW(".."));
	if (dots) {
		rest.p += 2;
		rest.n -= 2;
		if (rest.n && version_take(&rest, &r.to) < 0)
			return range_refuse(whole, form, err);
		if (whole.n == 2)
			return range_refuse(whole, form, err);
	} else if (whole.n) {
		r.to = r.from; /* one version: 6.1 is all of 6.1 */
	}
	if (rest.n)
		return range_refuse(whole, form, err);
	if (r.from.patch < 0)
		r.from.patch = 0;
	if (r.to.patch < 0)
		r.to.patch = INT_MAX;
	if (kversion_cmp(r.from, r.to) > 0)
		return range_refuse(whole, "it ends before it starts", err);
	*out = r;
	return 0;
}

bool kversion_range_any(const struct kversion_range *range)
{
	static const struct kversion none;

	return kversion_cmp(range->from, none) == 0 &&
	       (kversion_cmp(range->to, none) == 0 || kversion_cmp(range->to, version_last) == 0);
}

bool kversion_in(struct kversion v, const struct kversion_range *range)
{
	if (kversion_range_any(range))
		return true;
	return kversion_cmp(v, range->from) >= 0 && kversion_cmp(v, range->to) <= 0;
}

static void version_print(struct kversion v, struct buf *out)
{
	buf_printf(out, "%d.%d", v.major, v.minor);
	if (v.patch && v.patch != INT_MAX)
		buf_printf(out, ".%d", v.patch);
}

void kversion_range_print(const struct kversion_range *range, struct buf *out)
{
	static const struct kversion none;

	if (kversion_cmp(range->from, none) != 0)
		version_print(range->from, out);
	buf_adds(out, "..");
	if (range->to.major && range->to.major != INT_MAX)
		version_print(range->to, out);
}
