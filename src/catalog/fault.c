#include "catalog/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fault_add(struct faults *faults, struct place at, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = arena_alloc(faults->arena, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	*vec_push(&faults->list) = (struct fault){ at, text };
}

static int fault_cmp(const void *pa, const void *pb)
{
	const struct fault *a = pa, *b = pb;
	int c = strcmp(a->at.file, b->at.file);

	if (!c)
		c = (a->at.line > b->at.line) - (a->at.line < b->at.line);
	if (!c)
		c = (a->at.column > b->at.column) - (a->at.column < b->at.column);
	return c ? c : strcmp(a->text, b->text);
}

size_t faults_print(struct faults *faults, struct buf *out)
{
	const struct fault *last = NULL;
	size_t printed = 0;

	if (faults->list.n)
		qsort(faults->list.data, faults->list.n, sizeof(*faults->list.data), fault_cmp);
	for (size_t i = 0; i < faults->list.n; i++) {
		const struct fault *f = &faults->list.data[i];

		if (last && !fault_cmp(last, f))
			continue;
		buf_add_printable(out, view_of(f->at.file));
		buf_printf(out, ":%d:%d: ", f->at.line, f->at.column);
		buf_add_printable(out, view_of(f->text));
		buf_addc(out, '\n');
		last = f;
		printed++;
	}
	return printed;
}

void faults_free(struct faults *faults)
{
	vec_free(&faults->list);
}
