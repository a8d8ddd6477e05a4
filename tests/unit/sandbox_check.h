/* For tests of real sandboxes: each check runs in a process of its own, in a place of its own. Whoever includes this
 * has defined _GNU_SOURCE. */
#ifndef TESTS_SANDBOX_CHECK_H
#define TESTS_SANDBOX_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "needs_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { ORDINARY_UID = 65534, NO_SUCH_STATUS = -1 };

/* A failed check says what it saw and ends its process. */
static _Noreturn __attribute__((format(printf, 1, 2))) void failed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	_exit(1);
}

#define check(cond)                                                       \
	do {                                                              \
		if (!(cond))                                              \
			failed("%s:%d: %s\n", __FILE__, __LINE__, #cond); \
	} while (0)

/* The place on the host that a check plays in: DIR/ro/file, DIR/rw. */
struct place {
	char dir[64];
};

static inline char *in_place(const struct place *p, const char *name)
{
	return fs_join(p->dir, name);
}

static inline void place_fill(const struct place *p)
{
	struct err err = { 0 };

	for (const char *const *name = (const char *const[]){ "ro", "rw", "outside", NULL }; *name; name++) {
		autofree char *path = in_place(p, *name);

		check(mkdir(path, 0755) == 0);
	}
	autofree char *file = in_place(p, "ro/file");
	check(fs_write(AT_FDCWD, file, "kept\n", 5, 0644, &err) == 0);
}

static inline struct sandbox *world(const struct place *p)
{
	struct sandbox *sb = sandbox_new();
	autofree char *ro = in_place(p, "ro");
	autofree char *rw = in_place(p, "rw");

	sandbox_host_system(sb);
	sandbox_bind(sb, ro, "/ro", SANDBOX_RO);
	sandbox_bind(sb, rw, "/kiln/rw", SANDBOX_RW);
	sandbox_bind(sb, "/", "/host", SANDBOX_RO);
	return sb;
}

/* Runs argv; its stdout and stderr are added to out. */
static inline int run_argv(struct sandbox *sb, const char *const *argv, struct buf *out, struct rusage *usage)
{
	struct sandbox_child child;
	struct err err = { 0 };
	int p[2], status = NO_SUCH_STATUS;
	ssize_t n;

	check(pipe2(p, O_CLOEXEC) == 0);
	if (sandbox_spawn(sb, argv, &(struct sandbox_stdio){ -1, p[1], p[1] }, &child, &err) < 0)
		failed("%s\n", err.msg);
	close(p[1]);
	do {
		n = read(p[0], buf_reserve(out, 4096), 4096);
		out->n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	buf_add(out, "", 0);
	close(p[0]);
	check(sandbox_wait(&child, &status, usage, &err) == 0);
	return status;
}

static inline int run_script(struct sandbox *sb, const char *script, struct buf *out)
{
	return run_argv(sb, (const char *const[]){ "sh", "-c", script, NULL }, out, NULL);
}

static inline void expect(struct sandbox *sb, const char *script, const char *want)
{
	autobuf struct buf out = { 0 };
	int status = run_script(sb, script, &out);

	if (status != 0 || strcmp(out.data, want) != 0)
		failed("%s\nwait status 0x%x, printed:\n%s\nwanted:\n%s\n", script, (unsigned)status, out.data, want);
}

static inline void expect_error(struct sandbox *sb, const char *program, const char *text)
{
	struct sandbox_child child = { .pid = -7 };
	struct err err = { 0 };
	int r = sandbox_spawn(sb, (const char *const[]){ program, NULL }, &(struct sandbox_stdio){ -1, -1, -1 }, &child,
			      &err);

	if (r != -1 || err.class != ERR_INFRA || !strstr(err.msg, text) || child.pid != -7)
		failed("%d: %s\n", r, err.msg);
	check(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

/* What a script sees in a fresh world, or a function of its own. */
struct check {
	const char *name, *script, *want;
	void (*run)(const struct place *p);
};

struct test_case {
	const struct check *check;
	bool ordinary;
	struct place place;
};

static inline void become_ordinary(void)
{
	check(setgroups(0, NULL) == 0);
	check(setresgid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) == 0);
	check(setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) == 0);
}

static inline _Noreturn void run_check(const struct test_case *c)
{
	if (c->ordinary)
		become_ordinary();
	place_fill(&c->place);
	if (c->check->script) {
		autosandbox struct sandbox *sb = world(&c->place);

		expect(sb, c->check->script, c->check->want);
	} else {
		c->check->run(&c->place);
	}
	_exit(0);
}

static inline void in_a_process(void **state)
{
	struct test_case *c = *state;
	struct err err = { 0 };
	int status;
	pid_t pid;

	needs_sandbox();
	strcpy(c->place.dir, "/tmp/kiln-sandbox-XXXXXX");
	assert_non_null(mkdtemp(c->place.dir));
	if (c->ordinary)
		assert_int_equal(chown(c->place.dir, ORDINARY_UID, ORDINARY_UID), 0);
	pid = fork();
	if (pid == 0)
		run_check(c);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(fs_remove(AT_FDCWD, c->place.dir, &err), 0);
	assert_int_equal(status, 0);
}

/* Each as whoever calls, and then, where that is root, as an ordinary user. */
static inline int run_checks(const struct check *checks, size_t n_checks)
{
	struct test_case *cases = mem_alloc(2 * n_checks * sizeof(*cases));
	struct CMUnitTest *tests = mem_alloc(2 * n_checks * sizeof(*tests));
	size_t n = 0;
	int status;

	for (int ordinary = 0; ordinary <= (geteuid() == 0); ordinary++) {
		for (size_t i = 0; i < n_checks; i++, n++) {
			cases[n] = (struct test_case){ .check = &checks[i], .ordinary = ordinary };
			tests[n] = (struct CMUnitTest){
				.name = mem_printf("%s%s", checks[i].name, ordinary ? ", as an ordinary user" : ""),
				.test_func = in_a_process,
				.initial_state = &cases[n],
			};
		}
	}
	status = _cmocka_run_group_tests("sandbox", tests, n, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		free((char *)tests[i].name);
	free(tests);
	free(cases);
	return status;
}

#endif
