/* What somebody may have meant. */
#ifndef CATALOG_SUGGEST_H
#define CATALOG_SUGGEST_H

#include "base/str.h"

/* Appends "; did you mean \"x\"?" when a word is near (at most two slips), then "; allowed: a, b".
 * Nothing when there are no words. */
void suggest_add(struct buf *out, const char *wrong, const char *const *words, size_t n);

#endif
