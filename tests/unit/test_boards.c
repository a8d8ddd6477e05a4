/* Each board of the catalogue: the smallest .config that it requires fits, and without any one of those symbols it does
 * not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALTERNATIVES_MAX = 16, LINES_MAX = 128 };

/* Kernels at which requirements are held: ranges change between them. */
static const char *const kernels[] = { "5.10.1", "6.1.192", "6.6.0", "6.12.0" };

/* One alternative of a requirement, cut from its text without the help of what is tested. */
struct alternative {
	char symbol[64], op[3], value[64];
	bool negated;
};

struct requirement_lines {
	struct alternative of[ALTERNATIVES_MAX];
	size_t n;
};

/* The .config under construction. */
struct lines {
	struct {
		char symbol[64], text[160];
	} of[LINES_MAX];
	size_t n;
};

static bool in_range(const char *text, struct kversion kernel)
{
	struct kversion_range range;
	struct err err = { 0 };

	if (kversion_range_parse(view_trim(view_of(text)), &range, &err) < 0)
		fail_msg("%s", err.msg);
	return kversion_in(kernel, &range);
}

/* False where it does not hold for this kernel. */
static bool cut_one(char *text, struct kversion kernel, struct alternative *out)
{
	char *at = strchr(text, '@');
	size_t n;

	if (at && !in_range(at + 1, kernel))
		return false;
	if (at)
		*at = 0;
	text += strspn(text, " ");
	*out = (struct alternative){ .negated = *text == '!' };
	text += out->negated;
	n = strcspn(text, "=<>! ");
	snprintf(out->symbol, sizeof(out->symbol), "%.*s", (int)n, text);
	text += n + strspn(text + n, " ");
	n = strspn(text, "=<>!");
	snprintf(out->op, sizeof(out->op), "%.*s", (int)n, text);
	snprintf(out->value, sizeof(out->value), "%s", text + n + strspn(text + n, " "));
	out->value[strcspn(out->value, " ")] = 0;
	return true;
}

static void cut(const char *text, struct kversion kernel, struct requirement_lines *out)
{
	autofree char *copy = mem_strdup(text);
	char *at = copy, *next;

	for (out->n = 0; at; at = next) {
		next = strstr(at, "||");
		if (next) {
			*next = 0;
			next += 2;
		}
		out->n += cut_one(at, kernel, &out->of[out->n]);
	}
}

static void put(struct lines *lines, const char *symbol, const char *value)
{
	size_t i = 0;

	while (i < lines->n && strcmp(lines->of[i].symbol, symbol))
		i++;
	if (i == lines->n)
		lines->n++;
	snprintf(lines->of[i].symbol, sizeof(lines->of[i].symbol), "%s", symbol);
	if (value)
		snprintf(lines->of[i].text, sizeof(lines->of[i].text), "CONFIG_%s=%s\n", symbol, value);
	else
		snprintf(lines->of[i].text, sizeof(lines->of[i].text), "# CONFIG_%s is not set\n", symbol);
}

static void put_number(struct lines *lines, const char *symbol, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	put(lines, symbol, text);
}

static bool is_number(const struct alternative *a)
{
	return a->value[0] >= '0' && a->value[0] <= '9';
}

/* What this alternative wants. */
static void give(struct lines *lines, const struct alternative *a)
{
	if (a->negated)
		put(lines, a->symbol, NULL);
	else if (is_number(a))
		put_number(lines, a->symbol,
			   strtoll(a->value, NULL, 0) +
				   (!strcmp(a->op, "<") ? -1 : !strcmp(a->op, ">") || !strcmp(a->op, "!=")));
	else
		put(lines, a->symbol, a->value[0] == 'm' ? "m" : a->value[0] == '"' ? a->value : "y");
}

/* The nearest that this alternative does not take. */
static void take(struct lines *lines, const struct alternative *a)
{
	if (a->negated)
		put(lines, a->symbol, "y");
	else if (is_number(a))
		put_number(lines, a->symbol,
			   strtoll(a->value, NULL, 0) +
				   (!strcmp(a->op, ">=") ? -1 : !strcmp(a->op, "<=") || !strcmp(a->op, "=")));
	else
		put(lines, a->symbol, a->value[0] == '"' ? "\"another text\"" : NULL);
}

static const struct catalog *load(void)
{
	const char *data = getenv("KILN_DATA");
	autofree char *dir = mem_printf("%s/catalog", data ? data : ".");
	const char *dirs[] = { dir };
	const struct catalog *catalog = NULL;
	autobuf struct buf faults = { 0 };
	struct err err = { 0 };

	if (catalog_load(dirs, 1, &catalog, &faults, &err) < 0)
		fail_msg("%s%s", faults.data ? faults.data : "", err.msg);
	return catalog;
}

struct held {
	const struct catalog *catalog;
	const struct catalog_board *board;
	struct kversion kernel;
	const char *version;
};

/* Whether the lines fit the board; *named: whether a reason that forbids names the symbol. */
static bool holds(const struct held *h, const struct lines *lines, const char *symbol, bool *named)
{
	autobuf struct buf text = { 0 }, said = { 0 };
	struct arena arena = { 0 };
	struct kconfig *config;
	struct err err = { 0 };
	reason_vec reasons = { 0 };
	bool match;

	for (size_t i = 0; i < lines->n; i++)
		buf_printf(&text, "%s", lines->of[i].text);
	if (kconfig_parse((struct view){ text.data ? text.data : "", text.n }, &config, &err) < 0)
		fail_msg("board %s: %s", h->board->name, err.msg);
	match = board_match(h->catalog, h->board, NULL, config, h->kernel, NULL, &arena, &reasons);
	*named = false;
	for (size_t i = 0; i < reasons.n; i++)
		if (reasons.data[i].kind == REQUIRE) {
			*named |= symbol && !strcmp(reasons.data[i].symbol, symbol);
			buf_printf(&said, " %s", reasons.data[i].symbol);
		}
	if (!symbol && !match)
		print_error("board %s, Linux %s: still wanted:%s\n", h->board->name, h->version, said.data);
	vec_free(&reasons);
	kconfig_free(config);
	arena_free(&arena);
	return match;
}

typedef VEC(const char *) texts;

/* All that the board requires; with several CPUs also what follows from them. */
static void required(const struct catalog_board *board, struct arena *a, texts *out)
{
	for (size_t i = 0; i < board->require.n; i++)
		*vec_push(out) = requirement_text(board->require.data[i]);
	if (board->cpus < 2)
		return;
	*vec_push(out) = "SMP=y";
	*vec_push(out) = arena_printf(a, "NR_CPUS>=%lld", (long long)board->cpus);
	for (size_t i = 0; i < board->require_smp.n; i++)
		*vec_push(out) = requirement_text(board->require_smp.data[i]);
}

static void smallest(const struct held *h, const texts *wanted, struct lines *lines)
{
	struct requirement_lines r;

	for (size_t i = 0; i < wanted->n; i++) {
		cut(wanted->data[i], h->kernel, &r);
		if (r.n)
			give(lines, &r.of[0]);
	}
}

/* Returns how many faults were found. */
static int one_away(const struct held *h, const struct lines *all, const char *requirement)
{
	struct requirement_lines r;
	struct lines lines = *all;
	bool named;

	cut(requirement, h->kernel, &r);
	if (!r.n)
		return 0;
	for (size_t i = 0; i < r.n; i++)
		take(&lines, &r.of[i]);
	if (!holds(h, &lines, r.of[0].symbol, &named) && named)
		return 0;
	print_error("board %s, Linux %s: nothing is said of %s when \"%s\" is not met\n", h->board->name, h->version,
		    r.of[0].symbol, requirement);
	return 1;
}

static int board_check(const struct held *h)
{
	struct lines lines = { 0 };
	struct arena a = { 0 };
	texts wanted = { 0 };
	bool named;
	int faults = 0;

	required(h->board, &a, &wanted);
	smallest(h, &wanted, &lines);
	if (!holds(h, &lines, NULL, &named))
		faults = 1;
	for (size_t i = 0; i < wanted.n && !faults; i++)
		faults += one_away(h, &lines, wanted.data[i]);
	vec_free(&wanted);
	arena_free(&a);
	return faults;
}

static void each_symbol_is_needed(void **state)
{
	struct held h = { .catalog = load() };
	int faults = 0, boards = 0;

	(void)state;
	for (size_t i = 0; i < h.catalog->n_boards; i++) {
		h.board = &h.catalog->boards[i];
		for (size_t v = 0; v < sizeof(kernels) / sizeof(*kernels); v++) {
			h.version = kernels[v];
			assert_int_equal(kversion_parse(view_of(h.version), &h.kernel), 0);
			if (!kversion_in(h.kernel, &h.board->kernel))
				continue;
			faults += board_check(&h);
			boards += h.board->skip == NULL;
		}
	}
	assert_int_equal(faults, 0);
	assert_true(boards > 0);
	catalog_free(h.catalog);
}

/* A console is a console only with its driver's own option for that, but for drivers that always are one; what else a
 * board needs depends on its kind. */
static bool is_console(const char *text)
{
	static const char *const symbols[] = { "CONSOLE=y", "CONSOLE_SERIAL=y", "HVC_OPAL=y", "HVC_RISCV_SBI=y",
					       "GOLDFISH_TTY=y" };

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (strstr(text, symbols[i]))
			return true;
	return false;
}

static void each_board_requires_a_console(void **state)
{
	const struct catalog *catalog = load();
	int faults = 0;

	(void)state;
	for (size_t i = 0; i < catalog->n_boards; i++) {
		const struct catalog_board *board = &catalog->boards[i];
		bool found = false;

		for (size_t j = 0; j < board->require.n && !found; j++)
			found = is_console(requirement_text(board->require.data[j]));
		if (!found)
			print_error("board %s requires no console\n", board->name);
		faults += !found;
	}
	assert_int_equal(faults, 0);
	catalog_free(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_symbol_is_needed),
		cmocka_unit_test(each_board_requires_a_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
