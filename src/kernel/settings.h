/* Lines of .config and fragments, merged so that the last setting of a symbol stands. */
#ifndef KERNEL_SETTINGS_H
#define KERNEL_SETTINGS_H

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

struct setting {
	struct view symbol; /* without CONFIG_ */
	struct view line;
	bool overridden; /* by a later setting of the same symbol */
};

/* Views into the texts that were added, which must outlive it. */
struct settings {
	VEC(struct setting) lines;
	struct map last; /* symbol -> index + 1 of its last line */
};

/* Adds the settings of a text. A line that is neither a setting, a comment nor blank is ERR_USER with its
 * number and that name. */
int settings_add(struct settings *s, const char *name, struct view text, struct err *err);
/* Appends what stands, a line each, in the order of the last settings. */
void settings_print(const struct settings *s, struct buf *out);
void settings_free(struct settings *s);

#endif
