/* What a sandbox costs: start /bin/true in one and wait for its end, against plain fork and exec. */
#define _GNU_SOURCE
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 300 };

static const char *const argv_true[] = { "/bin/true", NULL };

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void plain(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv_true[0], (char *const *)argv_true);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status)
		exit(1);
}

static void sandboxed(void)
{
	autosandbox struct sandbox *sb = sandbox_new();
	const struct sandbox_stdio stdio = { -1, -1, 2 };
	struct sandbox_child child;
	struct err err = { 0 };
	int status;

	sandbox_host_system(sb);
	if (sandbox_spawn(sb, argv_true, &stdio, &child, &err) < 0 || sandbox_wait(&child, &status, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(3);
	}
	if (status)
		exit(1);
}

static double measure(const char *name, void (*run)(void))
{
	double ms[ROUNDS];

	run(); /* warms the caches */
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ms();

		run();
		ms[i] = now_ms() - start;
	}
	qsort(ms, ROUNDS, sizeof(ms[0]), by_value);
	printf("%-10s min %6.2f  median %6.2f  max %6.2f ms\n", name, ms[0], ms[ROUNDS / 2], ms[ROUNDS - 1]);
	return ms[ROUNDS / 2];
}

int main(void)
{
	double bare = measure("plain", plain);
	double boxed = measure("sandbox", sandboxed);

	printf("%-10s %.2f ms\n", "overhead", boxed - bare);
	return 0;
}
