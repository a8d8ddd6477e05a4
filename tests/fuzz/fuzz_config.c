/* Parses of kconfig: the first byte chooses .config, requirement, Kconfig file or fragments. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "kconfig/explain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char base_config[] = "# Linux/fake 6.1.192 Kernel Configuration\nCONFIG_A=y\nCONFIG_B=m\nCONFIG_N=12\n"
				  "CONFIG_S=\"text\"\nCONFIG_MODULES=y\n";

static struct kconfig *base(void)
{
	struct kconfig *config = NULL;
	struct err err = { 0 };

	if (kconfig_parse(VIEW(base_config), &config, &err) < 0)
		abort();
	return config;
}

static void fuzz_parse(struct view text)
{
	struct kconfig *config = NULL;
	struct err err = { 0 };
	struct kversion kernel;
	struct view arch;

	if (kconfig_parse(text, &config, &err) < 0) {
		if (err.class != ERR_USER || config)
			abort();
		return;
	}
	kconfig_origin(config, &arch, &kernel);
	kconfig_get(config, VIEW("A"));
	kconfig_free(config);
}

static void fuzz_requirement(struct view text)
{
	static const struct kversion kernel = { 6, 1, 192 };
	struct kconfig *config = base();
	struct arena arena = { 0 };
	struct requirement *r = NULL;
	reason_vec reasons = { 0 };
	struct err err = { 0 };
	int column = -1;

	if (requirement_parse(&arena, text, REQUIRE, "hint", &r, &column, &err) == 0) {
		const struct requirement *one = r;
		autobuf struct buf out = { 0 };

		if (requirements_match(&one, 1, config, kernel, &arena, &reasons) !=
		    !requirement_met(r, config, kernel))
			abort();
		for (size_t i = 0; i < reasons.n; i++) {
			reason_print(&reasons.data[i], &out);
			json_decref(reason_json(&reasons.data[i]));
		}
	} else if (column < 0 || column > (int)text.n + 1) {
		abort();
	}
	vec_free(&reasons);
	arena_free(&arena);
	kconfig_free(config);
}

static void fuzz_tree(struct view text)
{
	struct kconfig *config = base();
	struct tree t = { .dir = -1, .arch = VIEW("fake"), .srcarch = VIEW("fake") };
	struct explainer x = { &t, config };

	tree_read_text(&t, text);
	for (size_t i = 0; i < t.nodes.n && i < 50; i++) {
		autobuf struct buf out = { 0 };

		explain_low(&x, t.nodes.data[i]->name, 2, &out);
		explain_high(&x, t.nodes.data[i]->name, &out);
		explain_range(&x, t.nodes.data[i]->name, VIEW("99"), &out);
	}
	tree_free(&t);
	kconfig_free(config);
}

static void fuzz_requested(struct view text)
{
	struct kconfig *config = base();
	struct err err = { 0 };
	json_t *list = NULL;

	if (kconfig_dropped(text, config, "/nonexistent", "fake", &list, &err) == 0)
		json_decref(list);
	kconfig_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const parts[])(struct view) = { fuzz_parse, fuzz_requirement, fuzz_tree, fuzz_requested };
	char *copy;

	if (!n)
		return 0;
	/* A copy of just that size, so that a read beyond it is seen. */
	copy = malloc(n - 1 ? n - 1 : 1);
	if (n > 1)
		__builtin_memcpy(copy, data + 1, n - 1);
	parts[data[0] % countof(parts)]((struct view){ copy, n - 1 });
	free(copy);
	return 0;
}
