/* Which clause of the Kconfig files is to blame for a symbol's value in a .config. Expressions and nodes are the
 * tree's; want is 0 (n), 1 (m) or 2 (y), the least that the symbol should have. */
#ifndef KCONFIG_BLAME_H
#define KCONFIG_BLAME_H

#include "base/mem.h"
#include "kconfig/explain.h"

/* The definition that a person would set: the first with a prompt, else the first. NULL: no file knows the symbol. */
const struct node *blame_definition(const struct explainer *x, struct view name);
bool blame_prompt(const struct node *node);
/* The choice that it is a member of, or NULL. */
const struct node *blame_choice(const struct node *node);
/* Whether the condition behind a clause's own words ("if ...") may hold; true when there is none. */
bool blame_possible(const struct explainer *x, const struct clause *c);

/* The first "depends on" of the node, or of what it stands in, that is below want; NULL when there is none. */
const struct expr *blame_dependency(const struct explainer *x, const struct node *node, int want);
/* The condition that hides its prompts, or its menu or choice; NULL when one may be seen. */
const struct expr *blame_hidden(const struct explainer *x, const struct node *node, int want);
/* The default whose value or condition is unmet: a symbol without a prompt has nothing else. */
const struct expr *blame_default(const struct explainer *x, const struct node *node, int want);
/* A test of the toolchain in what the node depends on: Kiln does not run it. */
const struct expr *blame_untested(const struct explainer *x, const struct node *node, int want);

typedef VEC(struct view) blame_names;
/* Appends who selects name; with acting only those that do so in this .config. */
void blame_selectors(const struct explainer *x, struct view name, bool acting, blame_names *names);

#endif
