/* Kconfig expressions, evaluated against a final .config. */
#ifndef KCONFIG_EXPR_H
#define KCONFIG_EXPR_H

#include "kconfig/tree.h"

enum expr_op {
	EXPR_SYMBOL,
	EXPR_TEXT,
	EXPR_UNKNOWN,
	EXPR_NOT,
	EXPR_AND,
	EXPR_OR,
	EXPR_EQ,
	EXPR_NE,
	EXPR_LT,
	EXPR_LE,
	EXPR_GT,
	EXPR_GE
};

struct expr {
	enum expr_op op;
	const struct expr *left, *right;
	struct view text; /* SYMBOL, TEXT (quoted or a number): the word; all: as written */
};

/* n, m, y are 0, 1, 2. What depends on an unknown macro has a range of values. */
struct tristate {
	int low, high;
};

/* Takes an expression off the front of *text, up to its end or the word "if", which is taken too. NULL
 * when there is none or it is broken. In t's arena. */
const struct expr *expr_parse(struct tree *t, struct view *text);
struct tristate expr_eval(const struct tree *t, const struct expr *e, const struct kconfig *config);
/* The smallest part of e that is to blame for its being below want. */
const struct expr *expr_guilty(const struct tree *t, const struct expr *e, const struct kconfig *config, int want);
/* What a symbol of this tree is worth: n when it is not set. */
int symbol_tristate(const struct kconfig *config, struct view name);

#endif
