#ifndef ENTER_PRIVATE_H
#define ENTER_PRIVATE_H

#include "enter/enter.h"

/* What the head of a program's file says. */
struct head {
	bool elf, script;
	unsigned char ident[20]; /* the first bytes, which decide who runs it */
	char *interpreter;       /* of a program with shared libraries (PT_INTERP), owned; NULL: static */
};

/* ERR_USER: it cannot be opened, is no program, or is cut short. */
int head_read(int dir, const char *path, struct head *head, struct err *err);
void head_free(struct head *head);
bool head_fits(const struct head *head, const struct way *way);

/* In a root's tree, its symlinks followed within: an O_PATH descriptor, or -1. */
int tree_find(const char *tree, const char *path);

#endif
