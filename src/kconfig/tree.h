/* A light reader of Kconfig files (Documentation/kbuild/kconfig-language.rst): it keeps where each symbol is
 * defined and every clause as text; expressions are looked at only when somebody asks. */
#ifndef KCONFIG_TREE_H
#define KCONFIG_TREE_H

#include "base/map.h"
#include "kconfig/private.h"

enum clause_kind {
	CLAUSE_DEPENDS, /* text: expression */
	CLAUSE_VISIBLE, /* text: expression; menus only */
	CLAUSE_PROMPT,  /* text: "prompt" [if expression] */
	CLAUSE_DEFAULT, /* text: value [if expression] */
	CLAUSE_SELECT,  /* text: symbol [if expression] */
	CLAUSE_IMPLY,
	CLAUSE_RANGE, /* text: low high [if expression] */
};

struct clause {
	struct clause *next; /* in the order of the file */
	enum clause_kind kind;
	struct view text;
};

enum node_kind { NODE_IF, NODE_MENU, NODE_CHOICE, NODE_CONFIG, NODE_COMMENT };
enum symbol_type { TYPE_UNKNOWN, TYPE_BOOL, TYPE_TRISTATE, TYPE_STRING, TYPE_INT, TYPE_HEX };

struct node {
	enum node_kind kind;
	enum symbol_type type;
	const struct node *parent; /* what it stands in; NULL at the top */
	struct node *other;        /* CONFIG: the next definition of the same symbol */
	struct view name;          /* CONFIG: the symbol */
	struct clause *clauses, **last;
};

struct tree {
	struct arena arena;
	struct map symbols;       /* name -> first struct node */
	VEC(struct node *) nodes; /* CONFIG only, in the order read */
	int dir;                  /* the tree's top; -1: source lines are skipped */
	struct view arch, srcarch;
	size_t files, bytes; /* read so far; a bound on hostile trees */
	int depth;
};

/* Reads all that srcdir/Kconfig leads to for this architecture. What cannot be read is left out. */
void tree_read(struct tree *t, const char *srcdir, struct view arch, struct view srcarch);
/* Reads one file's text, which must live as long as t. */
void tree_read_text(struct tree *t, struct view text);
void tree_free(struct tree *t);
const struct node *tree_symbol(const struct tree *t, struct view name);

/* text with $(SRCARCH), $(ARCH) and $(srctree) put in. false when it holds another macro. */
bool tree_expand(struct tree *t, struct view text, struct view *out);
/* Length of the $(macro) at the start of text, nested ones included. */
size_t macro_len(struct view text);

#endif
