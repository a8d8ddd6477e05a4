/* What is the same each time a fault happens: its message without what varies, and who called whom. */
#ifndef JUDGE_SIGNATURE_H
#define JUDGE_SIGNATURE_H

#include "base/str.h"

enum { SIGNATURE_FUNCTIONS = 5, SIGNATURE_MESSAGE = 200 };

struct signature {
	struct buf functions; /* joined by " < " */
	struct buf last;      /* the function added last: an unwinder may print the faulting one twice */
	int n;
};

/* Takes the trustworthy functions out of one line of a trace, without its printk prefix. */
void signature_add(struct signature *s, struct view message);
/* Appends message with numbers, addresses, tasks and positions in files replaced by #. */
void signature_message(struct view message, struct buf *out);
void signature_free(struct signature *s);

#endif
