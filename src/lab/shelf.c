#include "lab/shelf.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "depot/depot.h"

#include <stdlib.h>
#include <string.h>

struct compiled {
	char *digest;
	struct judge_rules *rules;
};

struct whole {
	char *digest, *path;
};

struct shelf {
	char *cache;
	struct depot *depot;
	VEC(struct compiled) rules;
	VEC(struct whole) objects;
};

int shelf_open(const char *home, struct shelf **out, struct err *err)
{
	struct shelf *s = mem_alloc(sizeof(*s));

	if (depot_open(home, &s->depot, err) < 0) {
		free(s);
		return -1;
	}
	s->cache = fs_join(home, "cache");
	*out = s;
	return 0;
}

void shelf_free(struct shelf *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->rules.n; i++) {
		judge_rules_free(s->rules.data[i].rules);
		free(s->rules.data[i].digest);
	}
	for (size_t i = 0; i < s->objects.n; i++) {
		free(s->objects.data[i].digest);
		free(s->objects.data[i].path);
	}
	vec_free(&s->rules);
	vec_free(&s->objects);
	depot_free(s->depot);
	free(s->cache);
	free(s);
}

int shelf_rules(struct shelf *s, const char *digest, const struct judge_rules **out, struct err *err)
{
	autobuf struct buf text = { 0 };
	struct judge_rules *rules;

	for (size_t i = 0; i < s->rules.n; i++) {
		if (strcmp(s->rules.data[i].digest, digest) == 0) {
			*out = s->rules.data[i].rules;
			return 0;
		}
	}
	if (depot_get(s->depot, digest, &text, err) < 0 ||
	    judge_rules_read((struct view){ text.data, text.n }, s->cache, &rules, err) < 0)
		return -1;
	*vec_push(&s->rules) = (struct compiled){ mem_strdup(digest), rules };
	*out = rules;
	return 0;
}

int shelf_checkout(struct shelf *s, const char *digest, char **path, struct err *err)
{
	for (size_t i = 0; i < s->objects.n; i++) {
		if (strcmp(s->objects.data[i].digest, digest) == 0 && depot_has(s->depot, digest, -1)) {
			*path = mem_strdup(s->objects.data[i].path);
			return 0;
		}
	}
	if (depot_checkout(s->depot, digest, path, err) < 0)
		return -1;
	*vec_push(&s->objects) = (struct whole){ mem_strdup(digest), mem_strdup(*path) };
	return 0;
}
