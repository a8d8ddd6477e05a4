/* QMP from a QEMU that a guest has taken over: any bytes, in any cut. The first byte is the size of the pieces. */
#include "qemu/qmp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Adds in pieces of the given size; returns a sum over the messages that does not depend on the cut. */
static size_t messages(const uint8_t *data, size_t n, size_t piece)
{
	struct qmp q = { 0 };
	struct qmp_message m;
	size_t sum = 0;

	for (size_t at = 0; at < n; at += piece) {
		qmp_add(&q, data + at, n - at < piece ? n - at : piece);
		while (qmp_next(&q, &m))
			sum = sum * 31 + m.kind * 16 + m.cause + (unsigned char)m.text[0] + 1;
		if (q.pending.n - q.taken > QMP_LINE_MAX)
			abort();
	}
	qmp_free(&q);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* Every byte of a long input on its own would only cost time. */
	if (n < 2 || n > 2 * QMP_LINE_MAX)
		return 0;
	if (messages(data + 1, n - 1, data[0] + 1u) != messages(data + 1, n - 1, n))
		abort();
	return 0;
}
