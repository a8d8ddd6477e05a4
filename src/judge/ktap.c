#include "judge/ktap.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	DEPTH_MAX = 16,
	TESTS_MAX = 20000,
	NAME_MAX_BYTES = 200,
	PATH_MAX_BYTES = 1000,
};

static struct ktap_level *innermost(struct ktap *k)
{
	return k->levels.n ? &k->levels.data[k->levels.n - 1] : NULL;
}

static bool cut_prefix(struct view *v, const char *prefix)
{
	if (!view_starts(*v, view_of(prefix)))
		return false;
	v->p += strlen(prefix);
	v->n -= strlen(prefix);
	return true;
}

/* Digits at the start, at most nine of them so that sums cannot overflow. */
static bool cut_number(struct view *v, int64_t *number)
{
	int64_t value = 0;
	size_t i = 0;

	while (i < v->n && i < 9 && isdigit((unsigned char)v->p[i]))
		value = value * 10 + (v->p[i++] - '0');
	if (!i || (i < v->n && isdigit((unsigned char)v->p[i])))
		return false;
	v->p += i;
	v->n -= i;
	*number = value;
	return true;
}

static void add_test(struct ktap *k, char *name, enum ktap_result result, int64_t line)
{
	size_t max = result == KTAP_FAIL ? 2 * TESTS_MAX : TESTS_MAX;

	k->failed += result == KTAP_FAIL;
	if (k->tests.n >= max) {
		k->dropped++;
		free(name);
		return;
	}
	*vec_push(&k->tests) = (struct ktap_test){ name, result, line };
}

static void close_level(struct ktap *k, int64_t line)
{
	struct ktap_level *l = innermost(k);

	if (l->plan >= 0 && l->seen < l->plan)
		add_test(k,
			 mem_printf("%lld of %lld tests missing", (long long)(l->plan - l->seen), (long long)l->plan),
			 KTAP_FAIL, line);
	else if (l->plan >= 0 && l->seen > l->plan)
		add_test(k, mem_printf("%lld tests more than planned", (long long)(l->seen - l->plan)), KTAP_FAIL,
			 line);
	k->levels.n--;
}

static void open_level(struct ktap *k, size_t indent)
{
	if (k->levels.n < DEPTH_MAX)
		*vec_push(&k->levels) = (struct ktap_level){ .indent = indent, .plan = -1, .first = k->tests.n };
}

static enum ktap_kind version_line(struct ktap *k, size_t indent, int64_t line)
{
	while (innermost(k) && innermost(k)->indent >= indent)
		close_level(k, line);
	open_level(k, indent);
	return KTAP_VERSION;
}

/* Also the start of a list of its own where a version line is missing, as in older KUnit. */
static enum ktap_kind plan_line(struct ktap *k, size_t indent, struct view v, int64_t line)
{
	int64_t n;

	v.p += 3;
	v.n -= 3;
	if (!k->levels.n || !cut_number(&v, &n))
		return KTAP_NONE;
	v = view_trim(v);
	if (v.n && v.p[0] != '#')
		return KTAP_NONE;
	while (innermost(k) && innermost(k)->indent > indent && k->levels.n > 1)
		close_level(k, line);
	if (innermost(k)->indent < indent)
		open_level(k, indent);
	if (innermost(k)->plan < 0)
		innermost(k)->plan = n;
	return KTAP_PLAN;
}

static bool is_directive(struct view v, const char *word)
{
	size_t n = strlen(word);

	return v.n >= n && strncasecmp(v.p, word, n) == 0 && (v.n == n || !isalnum((unsigned char)v.p[n]));
}

/* Splits "description # SKIP reason"; a failure that was expected counts as not run, never as a pass. */
static enum ktap_result split_result(struct view *description, bool ok)
{
	const char *hash = description->n ? memchr(description->p, '#', description->n) : NULL;
	struct view directive = { NULL, 0 };

	if (hash) {
		directive.p = hash + 1;
		directive.n = description->n - (size_t)(hash + 1 - description->p);
		directive = view_trim(directive);
		description->n = (size_t)(hash - description->p);
	}
	*description = view_trim(*description);
	if (is_directive(directive, "SKIP"))
		return KTAP_SKIP;
	if (!ok && (is_directive(directive, "TODO") || is_directive(directive, "XFAIL")))
		return KTAP_SKIP;
	return ok ? KTAP_PASS : KTAP_FAIL;
}

static char *test_name(struct view description, int64_t number)
{
	struct buf name = { 0 };

	if (view_starts(description, VIEW("- ")) || view_is(description, "-"))
		description = view_trim((struct view){ description.p + 1, description.n - 1 });
	if (description.n > NAME_MAX_BYTES)
		description.n = NAME_MAX_BYTES;
	if (description.n)
		buf_add_printable(&name, description);
	else
		buf_printf(&name, "%lld", (long long)number);
	return buf_steal(&name);
}

/* Puts the parent's name before those of its tests. Returns whether one of them failed. */
static bool name_children(struct ktap *k, size_t first, const char *parent)
{
	bool failed = false;

	for (size_t i = first; i < k->tests.n; i++) {
		struct ktap_test *t = &k->tests.data[i];
		char *longer;

		failed |= t->result == KTAP_FAIL;
		if (strlen(t->name) + strlen(parent) >= PATH_MAX_BYTES)
			continue;
		longer = mem_printf("%s/%s", parent, t->name);
		free(t->name);
		t->name = longer;
	}
	return failed;
}

/* A parent is listed only where its tests do not tell the same. */
static void finish_test(struct ktap *k, size_t first, char *name, enum ktap_result result, int64_t line)
{
	bool parent = first < k->tests.n;
	bool told = parent && name_children(k, first, name);

	if (parent && (told || result == KTAP_PASS))
		free(name);
	else
		add_test(k, name, result, line);
}

static enum ktap_kind result_line(struct ktap *k, size_t indent, struct view v, bool ok, int64_t line)
{
	size_t first = k->tests.n;
	enum ktap_result result;
	int64_t number;

	if (!k->levels.n || !cut_number(&v, &number) || (v.n && v.p[0] != ' ' && v.p[0] != '\t'))
		return KTAP_NONE;
	while (k->levels.n > 1 && innermost(k)->indent > indent) {
		first = innermost(k)->first;
		close_level(k, line);
	}
	if (innermost(k)->indent < indent)
		open_level(k, indent);
	if (number > innermost(k)->last) {
		innermost(k)->last = number;
		innermost(k)->seen++;
	}
	result = split_result(&v, ok);
	finish_test(k, first, test_name(v, number), result, line);
	return ok ? KTAP_OK : KTAP_NOT_OK;
}

enum ktap_kind ktap_line(struct ktap *k, struct view v, int64_t line)
{
	size_t indent = 0;

	while (indent < v.n && v.p[indent] == ' ')
		indent++;
	v.p += indent;
	v.n -= indent;
	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	if (!v.n)
		return KTAP_NONE;
	if (v.p[0] == '#')
		return k->levels.n ? KTAP_DIAGNOSTIC : KTAP_NONE;
	if (view_is(v, "KTAP version 1") || view_is(v, "TAP version 13") || view_is(v, "TAP version 14"))
		return version_line(k, indent, line);
	if (view_starts(v, VIEW("1..")))
		return plan_line(k, indent, v, line);
	if (view_starts(v, VIEW("Bail out!")) && k->levels.n) {
		add_test(k, mem_strdup("Bail out!"), KTAP_FAIL, line);
		return KTAP_NOT_OK;
	}
	if (cut_prefix(&v, "not ok "))
		return result_line(k, indent, v, false, line);
	if (cut_prefix(&v, "ok "))
		return result_line(k, indent, v, true, line);
	return KTAP_NONE;
}

bool ktap_is_open(const struct ktap *k)
{
	for (size_t i = 0; i < k->levels.n; i++)
		if (k->levels.data[i].plan < 0 || k->levels.data[i].seen < k->levels.data[i].plan)
			return true;
	return false;
}

void ktap_end(struct ktap *k, int64_t line)
{
	while (k->levels.n)
		close_level(k, line);
}

void ktap_free(struct ktap *k)
{
	for (size_t i = 0; i < k->tests.n; i++)
		free(k->tests.data[i].name);
	vec_free(&k->tests);
	vec_free(&k->levels);
}
