/* Any bytes as a job's log: cut in two anywhere it says the same as in one piece. The first byte says where. */
#include "lab/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct heard {
	struct buf console;
	int64_t results;
};

static void on_console(struct view text, int64_t at_ms, void *data)
{
	struct heard *h = data;

	if (!text.n || text.p[text.n - 1] != '\n')
		abort();
	buf_add(&h->console, text.p, text.n);
}

static void on_result(const json_t *result, void *data)
{
	struct heard *h = data;

	if (!json_is_object(result))
		abort();
	h->results++;
}

static void read_in_two(struct lab_log *log, const char *p, size_t n, size_t cut)
{
	lab_log_add(log, p, cut);
	lab_log_add(log, p + cut, n - cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct heard one = { 0 }, two = { 0 };
	struct lab_log a = { .console = on_console, .result = on_result, .data = &one };
	struct lab_log b = { .console = on_console, .result = on_result, .data = &two };
	const char *p = (const char *)data;

	if (!n)
		return 0;
	lab_log_add(&a, p + 1, n - 1);
	read_in_two(&b, p + 1, n - 1, (size_t)data[0] * (n - 1) / 255);
	if (a.lines != b.lines || a.strange != b.strange || a.last_ms != b.last_ms || a.piece.n != b.piece.n)
		abort();
	if (one.results != two.results || one.console.n != two.console.n ||
	    (one.console.n && memcmp(one.console.data, two.console.data, one.console.n) != 0))
		abort();
	lab_log_free(&a);
	lab_log_free(&b);
	buf_free(&one.console);
	buf_free(&two.console);
	return 0;
}
