/* The help texts, made from the manual pages at build time: doc/man/<name>.1.scd. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

struct help {
	const char *name; /* a command's, or "kiln" */
	const char *text;
};

extern const struct help help_texts[]; /* ends with a NULL name */

#endif
