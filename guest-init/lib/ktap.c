#include "ktap.h"

#include "text.h"

void ktap_report(int number, const char *name, const char *outcome)
{
	const int good = !outcome || text_starts(outcome, "SKIP");
	struct text line = { .n = 0 };

	text_add(&line, good ? "ok " : "not ok ");
	text_add_number(&line, number);
	text_add(&line, " ");
	text_add(&line, name);
	if (outcome) {
		text_add(&line, " # ");
		text_add(&line, outcome);
	}
	text_write(&line, 1);
}

void ktap_begin(int n)
{
	struct text line = { .n = 0 };

	text_add(&line, "KTAP version 1\n1..");
	text_add_number(&line, n);
	text_write(&line, 1);
}

int ktap_run(const struct ktap_test *tests, int n, const char *program)
{
	int failed = 0, skipped = 0;

	ktap_begin(n);
	for (int i = 0; i < n; i++) {
		const char *outcome = tests[i].run(program);

		ktap_report(i + 1, tests[i].name, outcome);
		if (outcome && text_starts(outcome, "SKIP"))
			skipped++;
		else if (outcome)
			failed++;
	}
	if (failed)
		return KTAP_EXIT_FAIL;
	return skipped == n ? KTAP_EXIT_SKIP : KTAP_EXIT_PASS;
}
