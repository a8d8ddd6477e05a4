/* What the files of this module share. */
#ifndef COMPARE_PRIVATE_H
#define COMPARE_PRIVATE_H

#include "base/map.h"
#include "base/mem.h"
#include "compare/compare.h"
#include "elf/elf.h"

/* Why two builds differ: name, meaning, what to do about it (or NULL). In the order in which they are told. */
#define CAUSES(X)                                                                                                 \
	X(MACHINE, "machine", "they are kernels of different machines", "compare two builds of one architecture") \
	X(CODE, "code", "code", "look at it: objdump -d --disassemble=SYMBOL VMLINUX")                            \
	X(DATA, "data", "data", NULL)                                                                             \
	X(TEXT, "text", "texts", NULL)                                                                            \
	X(UNKNOWN, "unknown", "code, or only the addresses in it: without the objects it cannot be told", NULL)   \
	X(CONFIG, "config", "the .config", NULL)                                                                  \
	X(RELEASE, "release", "the kernel's release", "build both from one source with one LOCALVERSION")         \
	X(COMPILER, "compiler", "the compiler's version text",                                                    \
	  "build both by the same version of the same package, called by the same name")                          \
	X(TIME, "time", "who built it, where and when",                                                           \
	  "set KBUILD_BUILD_USER, _HOST, _VERSION and _TIMESTAMP to the same; Kiln does")                         \
	X(PATH, "path", "paths", "build both at one path, or with KCFLAGS=-fmacro-prefix-map=PATH=; Kiln does")   \
	X(DEBUG, "debug", "debug information: nothing that runs", NULL)                                           \
	X(LAYOUT, "layout", "addresses, tables of symbols, build-id: they follow from the rest", NULL)

enum cause {
#define X(id, name, meaning, advice) CAUSE_##id,
	CAUSES(X)
#undef X
		CAUSE_COUNT
};

/* A set of causes, a bit each. */
typedef unsigned causes;
#define CAUSE(id) (1u << CAUSE_##id)
const char *cause_name(enum cause cause);
json_t *causes_json(causes why);

/* What a kernel says of itself. */
struct facts {
	VEC(struct view) compilers; /* texts that name the compiler */
	struct view release, who, version;
};

struct comparison {
	const struct compare_side *side[2];
	struct elf_file file[2];
	struct facts facts[2];
	bool same_layout;   /* each symbol has the address that it has in the other */
	bool objects_known; /* of both */
	struct map changed; /* symbols that differ in some object, by name */
	struct map symbols; /* the causes (as uintptr_t) of what differs in vmlinux, by the symbol's name */
	causes texts;       /* of the texts that differ in vmlinux */
	causes embedded;    /* of the .config in the kernel */
	size_t count[CAUSE_COUNT];
	json_t *examples[CAUSE_COUNT];
	struct map told; /* examples that are there already */
};

/* Notes what differs; each pair of texts once. Either may be { NULL, 0 }. */
void told_add(struct comparison *c, enum cause cause, struct view first, struct view second);
/* All of that: [{"cause","meaning","advice","count","examples"}]. New reference. */
json_t *causes_told(const struct comparison *c);

/* NULL when there is none. */
const struct elf_symbol *symbol_find(const struct elf_file *f, const char *name);
/* name and how often it came before, as a key: names stand several times. Clears key first. */
void nth_key(struct map *seen, struct view name, struct buf *key);

/* Banner and .comment of both. */
void facts_read(struct comparison *c);
void facts_compare(struct comparison *c);
/* The causes by which a text of that side, which the other has not, differs. */
causes facts_causes(const struct comparison *c, int side, struct view text);

typedef VEC(struct view) texts;
/* Whole C strings in there, but the shortest. */
void texts_find(struct view bytes, texts *out);
/* Texts that stand on one side only are told; their causes. */
causes texts_differ(struct comparison *c, const texts *first, const texts *second);
/* The same of two sections of vmlinux, but for tables that only look like text. */
causes texts_compare(struct comparison *c, const struct elf_section *a, const struct elf_section *b);

void config_compare(struct comparison *c);
void inputs_compare(const struct comparison *c, json_t *inputs);

/* Which symbols the objects say have changed: before the sections, which want to know. */
void objects_changed(struct comparison *c);
bool section_is_debug(struct view name);
json_t *sections_compare(struct comparison *c);
json_t *objects_compare(struct comparison *c);

#endif
