#include "judge/rules.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"

#include <fcntl.h>
#include <string.h>

/* A cache file: the digest of what follows it, the length of the first database, both databases. */
#define CACHE_FORMAT "kiln judge 1"
enum { CACHE_HEAD = HASH_HEX - 1 + 8, CACHE_MAX = 256 << 20 };

/* Lines that judge reads itself: the markers and KTAP. */
static const char *const own_filters[] = {
	"KILN-GUEST-", "TAP version 1", "ok [0-9]", "1\\.\\.[0-9]", "Bail out!", "# [Ss]ubtest",
};

/* The regex without its ^: in a block of many lines a message does not start where its line does, and the filter may
 * let too much through, but never too little. */
static const char *filter_regex(struct arena *a, const char *regex)
{
	char *out = arena_alloc(a, strlen(regex) + 1), *o = out;
	bool class = false;

	for (const char *s = regex; *s; s++) {
		if (*s == '\\' && s[1]) {
			*o++ = *s++;
			*o++ = *s;
			continue;
		}
		if (class) {
			class = *s != ']';
		} else if (*s == '[') {
			class = true;
			*o++ = *s;
			if (s[1] == '^')
				*o++ = *++s;
			if (s[1] == ']')
				*o++ = *++s;
			continue;
		} else if (*s == '^') {
			continue;
		}
		*o++ = *s;
	}
	return out;
}

static int compile(const struct judge_rules *r, const char *const *exprs, size_t n, unsigned flag, hs_database_t **out,
		   struct err *err)
{
	autofree unsigned *flags = mem_alloc(n * sizeof(*flags)), *ids = mem_alloc(n * sizeof(*ids));
	hs_compile_error_t *error = NULL;
	int i;

	for (size_t k = 0; k < n; k++) {
		flags[k] = flag;
		ids[k] = (unsigned)k;
	}
	if (hs_compile_multi(exprs, flags, ids, (unsigned)n, HS_MODE_BLOCK, NULL, out, &error) == HS_SUCCESS)
		return 0;
	i = error->expression;
	if (i >= 0 && (size_t)i < r->n)
		err_user(err, "pattern %s: the regex %s: %s", r->patterns[i].name, r->patterns[i].regex,
			 error->message);
	else
		err_infra(err, 0, "the patterns do not compile together: %s", error->message);
	hs_free_compile_error(error);
	return -1;
}

static int compile_all(struct judge_rules *r, const char *const *filters, size_t n, struct err *err)
{
	autofree const char **exact = mem_alloc((r->n + 1) * sizeof(*exact));

	for (size_t i = 0; i < r->n; i++)
		exact[i] = r->patterns[i].regex;
	if (r->n && compile(r, exact, r->n, HS_FLAG_SINGLEMATCH, &r->exact, err) < 0)
		return -1;
	return compile(r, filters, n, HS_FLAG_MULTILINE, &r->filter, err);
}

/* Everything that the databases depend on: the library, the processor, the regexes in their order. */
static void cache_name(const char *const *filters, size_t n, const struct judge_rules *r, struct buf *name)
{
	hs_platform_info_t cpu = { 0 };
	struct hash *h = hash_new();
	char hex[HASH_HEX];

	hs_populate_platform(&cpu);
	hash_add(h, CACHE_FORMAT, sizeof(CACHE_FORMAT));
	hash_add(h, hs_version(), strlen(hs_version()) + 1);
	hash_add(h, &cpu.tune, sizeof(cpu.tune));
	hash_add(h, &cpu.cpu_features, sizeof(cpu.cpu_features));
	for (size_t i = 0; i < n; i++)
		hash_add(h, filters[i], strlen(filters[i]) + 1);
	for (size_t i = 0; i < r->n; i++)
		hash_add(h, r->patterns[i].regex, strlen(r->patterns[i].regex) + 1);
	hash_end(h, hex);
	buf_printf(name, "judge-%s.hs", hex);
}

static bool cache_load(struct judge_rules *r, const char *path)
{
	autobuf struct buf file = { 0 };
	struct err ignored;
	char hex[HASH_HEX];
	uint64_t first;

	if (fs_read(AT_FDCWD, path, CACHE_MAX, &file, &ignored) < 0 || file.n < CACHE_HEAD)
		return false;
	hash_bytes(file.data + HASH_HEX - 1, file.n - (HASH_HEX - 1), hex);
	memcpy(&first, file.data + HASH_HEX - 1, sizeof(first));
	if (memcmp(hex, file.data, HASH_HEX - 1) != 0 || first > file.n - CACHE_HEAD)
		return false;
	if (hs_deserialize_database(file.data + CACHE_HEAD, first, &r->filter) != HS_SUCCESS)
		return false;
	if (!r->n || hs_deserialize_database(file.data + CACHE_HEAD + first, file.n - CACHE_HEAD - first, &r->exact) ==
			     HS_SUCCESS)
		return true;
	hs_free_database(r->filter);
	r->filter = NULL;
	return false;
}

/* A cache that cannot be written costs time, not the verdict. */
static void cache_store(const struct judge_rules *r, const char *dir, const char *path)
{
	autobuf struct buf file = { 0 };
	autofree char *filter = NULL, *exact = NULL;
	size_t n_filter = 0, n_exact = 0;
	uint64_t first;
	struct err ignored;
	char hex[HASH_HEX];

	if (hs_serialize_database(r->filter, &filter, &n_filter) != HS_SUCCESS)
		return;
	if (r->exact && hs_serialize_database(r->exact, &exact, &n_exact) != HS_SUCCESS)
		return;
	first = n_filter;
	buf_add(&file, &first, sizeof(first));
	buf_add(&file, filter, n_filter);
	buf_add(&file, exact, n_exact);
	hash_bytes(file.data, file.n, hex);

	autobuf struct buf whole = { 0 };

	buf_add(&whole, hex, HASH_HEX - 1);
	buf_add(&whole, file.data, file.n);
	if (fs_mkdirs(AT_FDCWD, dir, 0777, &ignored) == 0)
		fs_write(AT_FDCWD, path, whole.data, whole.n, 0666, &ignored);
}

static void copy_patterns(struct judge_rules *r, const struct judge_pattern *patterns, size_t n)
{
	struct judge_pattern *copy = arena_alloc(&r->arena, (n + 1) * sizeof(*copy));

	for (size_t i = 0; i < n; i++) {
		copy[i] = patterns[i];
		copy[i].name = arena_strdup(&r->arena, patterns[i].name);
		copy[i].regex = arena_strdup(&r->arena, patterns[i].regex);
	}
	r->patterns = copy;
	r->n = n;
}

static int rules_fill(struct judge_rules *r, const char *cache_dir, struct err *err)
{
	size_t n = r->n + countof(own_filters);
	const char **filters = arena_alloc(&r->arena, n * sizeof(*filters));
	autobuf struct buf name = { 0 };
	autofree char *path = NULL;

	for (size_t i = 0; i < n; i++)
		filters[i] = i < r->n ? filter_regex(&r->arena, r->patterns[i].regex) : own_filters[i - r->n];
	if (cache_dir) {
		cache_name(filters, n, r, &name);
		path = fs_join(cache_dir, name.data);
		if (cache_load(r, path))
			return 0;
	}
	if (compile_all(r, filters, n, err) < 0)
		return -1;
	if (path)
		cache_store(r, cache_dir, path);
	return 0;
}

int judge_rules_new(const struct judge_pattern *patterns, size_t n, const char *cache_dir, struct judge_rules **out,
		    struct err *err)
{
	struct judge_rules *r = NULL;

	if (hs_valid_platform() != HS_SUCCESS)
		return err_infra(err, 0, "this processor is too old for vectorscan");
	r = mem_alloc(sizeof(*r));
	copy_patterns(r, patterns, n);
	if (rules_fill(r, cache_dir, err) < 0) {
		judge_rules_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

void judge_rules_free(struct judge_rules *r)
{
	if (!r)
		return;
	hs_free_database(r->filter);
	hs_free_database(r->exact);
	arena_free(&r->arena);
	free(r);
}
