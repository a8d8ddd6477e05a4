/* Results of a suite's tests, as KTAP (Documentation/dev-tools/ktap.rst) on standard output. */
#ifndef LIB_KTAP_H
#define LIB_KTAP_H

enum { KTAP_EXIT_PASS = 0, KTAP_EXIT_FAIL = 1, KTAP_EXIT_SKIP = 4 };

/* A test returns NULL when it passed, "SKIP why" when it cannot run here, else what is wrong. */
struct ktap_test {
	const char *name;
	const char *(*run)(const char *program);
};

/* The head of a suite that runs its tests itself, and one of their results; outcome as of a test. */
void ktap_begin(int n);
void ktap_report(int number, const char *name, const char *outcome);

/* Runs all of them in order, each with the path of this program; the exit status of the suite. */
int ktap_run(const struct ktap_test *tests, int n, const char *program);

#endif
