#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "minimise/search.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_MAX = 400, LIST_MAX = 16 };

/* An invented world: which options are needed by which, and which are guilty together. */
struct world {
	struct kconfig_option options[N_MAX];
	size_t needs[N_MAX][LIST_MAX]; /* named by its conditions */
	bool really[N_MAX][LIST_MAX];  /* without it there is no such option */
	size_t n, guilty[LIST_MAX], n_guilty, masks[LIST_MAX], n_masks, unmasks[LIST_MAX], n_unmasks;
	struct map known; /* what took effect -> tried */
	size_t tests, configures, fail_at;
	bool fickle; /* never fails but the first time */
};

static void world_clear(struct world *w)
{
	map_free(&w->known);
	memset(w, 0, sizeof(*w));
}

/* What olddefconfig makes of it: an option without what it needs is not there. */
static void effective(const struct world *w, const bool *set, char *out)
{
	for (size_t i = 0; i < w->n; i++) {
		out[i] = set[i] ? '1' : '0';
		for (size_t k = 0; k < w->options[i].n_needs; k++)
			if (w->really[i][k] && out[w->needs[i][k]] == '0')
				out[i] = '0';
	}
	out[w->n] = '\0';
}

static int fails(const bool *set, bool *same, void *data, struct err *err)
{
	struct world *w = data;
	char text[N_MAX + 1];

	effective(w, set, text);
	if (!map_get(&w->known, view_of(text)))
		w->tests++;
	map_set(&w->known, view_of(text), w);
	if (w->fail_at && w->tests >= w->fail_at)
		return err_infra(err, 0, "the machine failed");
	*same = !w->fickle;
	for (size_t i = 0; i < w->n_guilty; i++)
		*same &= text[w->guilty[i]] == '1';
	for (size_t i = 0; i < w->n_masks; i++)
		*same &= text[w->masks[i]] == '0' || text[w->unmasks[i]] == '1';
	return 0;
}

static int holds(const bool *set, const bool *wanted, bool *all, void *data, struct err *err)
{
	struct world *w = data;
	char text[N_MAX + 1];

	w->configures++;
	effective(w, set, text);
	*all = true;
	for (size_t i = 0; i < w->n; i++)
		*all &= !wanted[i] || !set[i] || text[i] == '1';
	return 0;
}

static void world_options(struct world *w, size_t n)
{
	w->n = n;
	for (size_t i = 0; i < n; i++)
		w->options[i] = (struct kconfig_option){ .symbol = "X", .line = "CONFIG_X=y", .needs = w->needs[i] };
}

static int world_search(struct world *w, bool *set, struct err *err)
{
	struct search s = { w->options, w->n, fails, holds, NULL, w };

	return search_minimal(&s, set, err);
}

static void need_add(struct world *w, size_t of, size_t other, bool really)
{
	w->needs[of][w->options[of].n_needs] = other;
	w->really[of][w->options[of].n_needs++] = really;
}

/* "need 7 3": one line of a case. */
static void line_take(struct world *w, struct view line)
{
	autofree char *text = mem_strndup(line.p, line.n);
	char *word = strtok(text, " "), *number;
	size_t numbers[LIST_MAX], n = 0;

	while ((number = strtok(NULL, " ")))
		numbers[n++] = strtoul(number, NULL, 10);
	if (!word || *word == '#')
		return;
	if (strcmp(word, "options") == 0)
		world_options(w, numbers[0]);
	for (size_t i = 0; strcmp(word, "guilty") == 0 && i < n; i++)
		w->guilty[w->n_guilty++] = numbers[i];
	if (strcmp(word, "masked-by") == 0 && n == 3) { /* masked-by 10 unless 200 */
		w->masks[w->n_masks++] = numbers[0];
		w->unmasks[w->n_unmasks++] = numbers[2];
	}
	for (size_t i = 1; strcmp(word, "needs") == 0 && i < n; i++)
		need_add(w, numbers[0], numbers[i], true);
	for (size_t i = 1; strcmp(word, "names") == 0 && i < n; i++)
		need_add(w, numbers[0], numbers[i], false);
	w->fickle |= strcmp(word, "fickle") == 0;
}

static char *golden_path(const char *name)
{
	const char *tests = getenv("KILN_TESTS");

	return mem_printf("%s/golden/minimise/%s", tests ? tests : "tests", name);
}

static void case_run(const char *name, struct view given, struct view expected)
{
	static struct world w;
	autobuf struct buf out = { 0 };
	bool set[N_MAX] = { 0 };
	struct err err = { 0 };

	world_clear(&w);
	while (given.p && given.n)
		line_take(&w, view_cut(&given, '\n'));
	if (world_search(&w, set, &err) < 0) {
		buf_printf(&out, "error: %s\n", err.msg);
	} else {
		buf_adds(&out, "found");
		for (size_t i = 0; i < w.n; i++)
			if (set[i])
				buf_printf(&out, " %zu", i);
		buf_printf(&out, "\ntests %zu\n", w.tests);
	}
	if (!view_is(expected, out.data))
		fail_msg("%s: got\n%swant\n%.*s", name, out.data, (int)expected.n, expected.p);
	world_clear(&w);
}

static void golden_searches(void **state)
{
	autofree char *dir_path = golden_path("");
	autoclosedir DIR *dir = opendir(dir_path);
	struct dirent *e;
	int cases = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		autobuf struct buf text = { 0 };
		struct err err = { 0 };
		char *split;

		if (!str_ends(e->d_name, ".case"))
			continue;
		assert_int_equal(fs_read(dirfd(dir), e->d_name, 1 << 20, &text, &err), 0);
		split = strstr(text.data, "=====\n");
		assert_non_null(split);
		case_run(e->d_name, (struct view){ text.data, (size_t)(split - text.data) }, view_of(split + 6));
		cases++;
	}
	assert_true(cases > 5);
}

static void any_one_of_300_takes_at_most_25_tests(void **state)
{
	static struct world w;
	size_t most = 0;

	for (size_t guilty = 0; guilty < 300; guilty++) {
		bool set[N_MAX] = { 0 };
		struct err err = { 0 };

		world_clear(&w);
		world_options(&w, 300);
		w.guilty[w.n_guilty++] = guilty;
		assert_int_equal(world_search(&w, set, &err), 0);
		for (size_t i = 0; i < 300; i++)
			assert_int_equal(set[i], i == guilty);
		most = w.tests > most ? w.tests : most;
	}
	print_message("at most %zu tests\n", most);
	assert_true(most <= 25 - 4); /* the good one, the bad one, all, and the result once more */
	world_clear(&w);
}

static void pairs_are_found_whole(void **state)
{
	static struct world w;

	srand(1);
	for (int round = 0; round < 200; round++) {
		size_t a = (size_t)rand() % 300, b = (size_t)rand() % 300;
		bool set[N_MAX] = { 0 };
		struct err err = { 0 };

		world_clear(&w);
		world_options(&w, 300);
		w.guilty[w.n_guilty++] = a;
		w.guilty[w.n_guilty++] = b;
		assert_int_equal(world_search(&w, set, &err), 0);
		for (size_t i = 0; i < 300; i++)
			assert_int_equal(set[i], i == a || i == b);
		assert_true(w.tests <= 25);
	}
	world_clear(&w);
}

/* In a world of many needs the result fails, and without any one of its options it does not. */
static void tangled_worlds_give_minimal_sets(void **state)
{
	static struct world w;

	srand(2);
	for (int round = 0; round < 300; round++) {
		bool set[N_MAX] = { 0 }, same = false;
		struct err err = { 0 };

		world_clear(&w);
		world_options(&w, 120);
		for (size_t i = 1; i < w.n; i++)
			for (int k = rand() % 4; k > 0; k--)
				need_add(&w, i, (size_t)rand() % i, rand() % 3 > 0);
		for (int k = 1 + rand() % 3; k > 0; k--)
			w.guilty[w.n_guilty++] = (size_t)rand() % w.n;
		assert_int_equal(world_search(&w, set, &err), 0);
		assert_int_equal(fails(set, &same, &w, &err), 0);
		assert_true(same);
		for (size_t i = 0; i < w.n; i++) {
			if (!set[i])
				continue;
			set[i] = false;
			assert_int_equal(fails(set, &same, &w, &err), 0);
			assert_false(same);
			set[i] = true;
		}
	}
	world_clear(&w);
}

static void errors_end_the_search(void **state)
{
	static struct world w;
	bool set[N_MAX] = { 0 };
	struct err err = { 0 };

	world_clear(&w);
	world_options(&w, 50);
	w.guilty[w.n_guilty++] = 30;
	w.fail_at = 3;
	assert_int_equal(world_search(&w, set, &err), -1);
	assert_string_equal(err.msg, "the machine failed");
	world_clear(&w);
}

static const char tree[] =
	"config EXPERT\n\tbool \"Expert\"\n\nconfig MODULES\n\tbool \"Modules\"\n\n"
	"config LIB\n\tbool\n\nconfig USER\n\tbool \"A user of LIB, not of EXPERT\"\n\tselect LIB\n\n"
	"menu \"Deep\"\n\tdepends on TOP\n\nconfig INNER\n\ttristate \"Inner\"\n\tdepends on LIB\n\n"
	"endmenu\n\nconfig TOP\n\tbool \"Top\"\n\n"
	"choice\n\tprompt \"One of two\"\n\nconfig RED\n\tbool \"Red\"\n\nconfig BLUE\n\tbool \"Blue\"\n\n"
	"endchoice\n\nconfig NAME\n\tstring \"Name\" if EXPERT\n\n"
	"config HELD\n\tbool \"Held\"\n\nconfig HOLDER\n\tbool \"Holder\"\n\tselect HELD\n";

static void assert_difference(const char *dir, const char *from, const char *to, const char *expected)
{
	struct kconfig *a = NULL, *b = NULL;
	const struct kconfig_option *options = NULL;
	autobuf struct buf out = { 0 };
	struct arena arena = { 0 };
	struct err err = { 0 };
	size_t n = 0;

	assert_int_equal(kconfig_parse(view_of(from), &a, &err), 0);
	assert_int_equal(kconfig_parse(view_of(to), &b, &err), 0);
	kconfig_difference(a, b, dir, "x86", &arena, &options, &n);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&out, options[i].line);
		for (size_t k = 0; k < options[i].n_needs; k++)
			buf_printf(&out, " %s", options[options[i].needs[k]].symbol);
		buf_adds(&out, "\n");
	}
	assert_string_equal(out.data ? out.data : "", expected);
	arena_free(&arena);
	kconfig_free(a);
	kconfig_free(b);
}

static void differences_come_behind_what_they_need(void **state)
{
	char dir[] = "/tmp/kiln-minimise-XXXXXX";
	autofree char *path = NULL;
	struct err err = { 0 };

	assert_non_null(mkdtemp(dir));
	path = fs_join(dir, "Kconfig");
	assert_int_equal(fs_write(AT_FDCWD, path, tree, sizeof(tree) - 1, 0644, &err), 0);
	assert_difference(dir, "", "CONFIG_INNER=m\nCONFIG_LIB=y\nCONFIG_USER=y\nCONFIG_TOP=y\nCONFIG_MODULES=y\n",
			  "CONFIG_USER=y\nCONFIG_TOP=y\nCONFIG_MODULES=y\nCONFIG_INNER=m USER TOP MODULES\n");
	assert_difference(dir, "CONFIG_RED=y\n", "CONFIG_BLUE=y\n", "CONFIG_BLUE=y\n");
	assert_difference(dir, "CONFIG_HELD=y\nCONFIG_HOLDER=y\n", "",
			  "# CONFIG_HOLDER is not set\n# CONFIG_HELD is not set HOLDER\n");
	assert_difference(dir, "CONFIG_NAME=\"a\"\n", "CONFIG_NAME=\"b \\\"c\\\" \\\\\"\nCONFIG_EXPERT=y\n",
			  "CONFIG_EXPERT=y\nCONFIG_NAME=\"b \\\"c\\\" \\\\\" EXPERT\n");
	assert_difference(dir, "CONFIG_TOP=y\n", "CONFIG_TOP=y\n", "");
	assert_difference(dir, "", "CONFIG_UNHEARD_OF=0x10\n", "CONFIG_UNHEARD_OF=0x10\n");
	assert_int_equal(fs_remove(AT_FDCWD, dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_searches),       cmocka_unit_test(any_one_of_300_takes_at_most_25_tests),
		cmocka_unit_test(pairs_are_found_whole), cmocka_unit_test(tangled_worlds_give_minimal_sets),
		cmocka_unit_test(errors_end_the_search), cmocka_unit_test(differences_come_behind_what_they_need),
	};

	return cmocka_run_group_tests_name("minimise", tests, NULL, NULL);
}
