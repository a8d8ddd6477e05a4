#define _GNU_SOURCE
#include "kernel/make.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "kernel/kernel.h"
#include "root/root.h"
#include "sandbox/sandbox.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define LOG_MAX (256ull << 20)

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The same date for all builds, in the two forms that Kbuild and the compilers know: what a build gives
 * must follow from its spec alone. Not 1970: some programs take 0 for "unknown". */
static const char *const fixed_env[][2] = {
	{ "KBUILD_BUILD_TIMESTAMP", "Sat Jan  1 00:00:00 UTC 2000" },
	{ "SOURCE_DATE_EPOCH", "946684800" },
	{ "KBUILD_BUILD_USER", "kiln" },
	{ "KBUILD_BUILD_HOST", "kiln" },
	{ "KBUILD_BUILD_VERSION", "1" },
	{ "KCONFIG_NOTIMESTAMP", "1" },
	{ "LC_ALL", "C" },
	{ "TMPDIR", "/tmp" },
	{ "LOCALVERSION", "" }, /* set and empty: no "+" for a tree between tags */
};

/* What make_run itself decides, and what only a toolchain may: a request's options leave them alone. */
static const char *const ours[] = { "O=", "ARCH=", "CROSS_COMPILE=", "KBUILD_OUTPUT=", "MAKEFLAGS=", "SHELL=" };
static const char *const toolchains[] = { "CC=", "LD=", "AS=", "LLVM=", "LLVM_IAS=", "HOSTCC=" };

static bool begins_with_any(const char *s, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(s, prefixes[i]))
			return true;
	return false;
}

/* NAME=value: nothing else may reach make as a switch, a file or a target. */
static bool is_assignment(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n && !isdigit((unsigned char)s[0]) && s[n] == '=';
}

typedef VEC(char *) arguments;

static void arguments_free(arguments *args)
{
	for (size_t i = 0; i < args->n; i++)
		free(args->data[i]);
	vec_free(args);
}

static int options_add(arguments *args, const json_t *options, bool of_toolchain, struct err *err)
{
	json_t *option;
	size_t i;

	json_array_foreach (options, i, option) {
		const char *text = json_string_value(option);

		if (!text || !is_assignment(text) || begins_with_any(text, ours, countof(ours)) ||
		    (!of_toolchain && begins_with_any(text, toolchains, countof(toolchains))))
			return err_user(err, "\"%s\" is no option of a build: it must be NAME=value, as in W=1",
					text ? text : "");
		*vec_push(args) = mem_strdup(text);
	}
	return 0;
}

static bool names_compiler(const arguments *args)
{
	static const char *const names[] = { "CC=", "LLVM=" };

	for (size_t i = 0; i < args->n; i++)
		if (begins_with_any(args->data[i], names, countof(names)))
			return true;
	return false;
}

static int arguments_make(const struct step *step, const struct make *make, arguments *args, struct err *err)
{
	const char *prefix = NULL, *compiler = NULL;
	autofree char *driver = NULL;

	if (json_field_str(make->toolchain, "prefix", &prefix, err) < 0 ||
	    json_field_str(make->toolchain, "compiler", &compiler, err) < 0)
		return err_wrap(err, "toolchain");
	*vec_push(args) = mem_strdup("make");
	if (step->jobserver_read < 0)
		*vec_push(args) = mem_printf("-j%d", step->jobs > 0 ? step->jobs : 1);
	*vec_push(args) = mem_strdup("-C");
	*vec_push(args) = mem_strdup("/kiln/src");
	if (options_add(args, json_object_get(make->toolchain, "make"), true, err) < 0 ||
	    options_add(args, make->options, false, err) < 0)
		return -1;
	driver = toolchain_driver(compiler, prefix);
	if (strcmp(compiler, "gcc") != 0 && !names_compiler(args)) /* gcc is what Kbuild takes by itself */
		*vec_push(args) = mem_printf("CC=%s", driver);
	*vec_push(args) = mem_strdup("O=/kiln/out");
	*vec_push(args) = mem_printf("ARCH=%s", make->arch);
	*vec_push(args) = mem_printf("CROSS_COMPILE=%s", prefix);
	if (json_object_get(make->toolchain, "layer"))
		*vec_push(args) = mem_strdup("HOSTCC=/kiln/native/usr/bin/hostcc");
	for (size_t i = 0; make->targets[i]; i++)
		*vec_push(args) = mem_strdup(make->targets[i]);
	*vec_push(args) = NULL;
	return 0;
}

/* A compiler outside of the host's system directories is brought in where it is, with what stands beside its
 * bin/; where bin/ stands in a home directory or at the root, it comes alone. Returns the directory for PATH. */
static char *compiler_bind(struct sandbox *sb, const struct make *make)
{
	autofree char *driver = toolchain_driver(json_str_or(make->toolchain, "compiler", ""),
						 json_str_or(make->toolchain, "prefix", ""));
	autofree char *found = fs_which(driver), *dir = NULL, *above = NULL;
	const char *person = getenv("HOME");
	char *slash = found ? strrchr(found, '/') : NULL;

	if (!slash || slash == found)
		return NULL;
	dir = mem_strndup(found, (size_t)(slash - found));
	if (str_starts(dir, "/usr/") || strcmp(dir, "/bin") == 0 || strcmp(dir, "/sbin") == 0)
		return steal(&dir);
	slash = strrchr(dir, '/');
	above = mem_strndup(dir, (size_t)(slash - dir));
	if (!*above || (person && strcmp(above, person) == 0))
		sandbox_bind(sb, dir, dir, SANDBOX_RO);
	else
		sandbox_bind(sb, above, above, SANDBOX_RO);
	return steal(&dir);
}

/* An inherited jobserver: make takes part in it when -jN comes by the environment and not by its arguments. A bare
 * -j would do for make, but the kernel's tools/ hand it on as it is, and their make then leaves the jobserver. */
static void jobserver_bind(struct sandbox *sb, const struct step *step)
{
	autofree char *flags = mem_printf(" -j%d --jobserver-auth=3,4", step->jobs > 1 ? step->jobs : 2);

	if (step->jobserver_read < 0)
		return;
	sandbox_fd(sb, step->jobserver_read, 3);
	sandbox_fd(sb, step->jobserver_write, 4);
	sandbox_env(sb, "MAKEFLAGS", flags);
}

static struct sandbox *world_new(const struct step *step, const struct make *make)
{
	struct sandbox *sb = sandbox_new();
	autofree char *dir = NULL, *path = NULL;

	toolchain_world(sb, step->home, make->toolchain);
	sandbox_bind(sb, make->src, "/kiln/src", SANDBOX_RO);
	sandbox_bind(sb, make->out, "/kiln/out", SANDBOX_RW);
	dir = json_object_get(make->toolchain, "root") ? NULL : compiler_bind(sb, make);
	path = mem_printf("%s%s" SYSTEM_PATH, dir ? dir : "", dir ? ":" : "");
	sandbox_env(sb, "PATH", path);
	for (size_t i = 0; i < countof(fixed_env); i++)
		sandbox_env(sb, fixed_env[i][0], fixed_env[i][1]);
	if (make->allconfig) {
		sandbox_bind(sb, make->allconfig, "/kiln/allconfig", SANDBOX_RO);
		sandbox_env(sb, "KCONFIG_ALLCONFIG", "/kiln/allconfig");
	}
	if (make->has_seed) {
		autofree char *seed = mem_printf("%lld", (long long)make->seed);

		sandbox_env(sb, "KCONFIG_SEED", seed);
	}
	if (make->probability)
		sandbox_env(sb, "KCONFIG_PROBABILITY", make->probability);
	jobserver_bind(sb, step);
	sandbox_chdir(sb, "/kiln/out");
	return sb;
}

/* Reads to the end of the pipe, which comes when the last process of the sandbox is gone. */
static int output_read(int fd, struct buildlog *log, struct err *err)
{
	for (;;) {
		char chunk[65536];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_infra(err, errno, "cannot read what make prints");
		if (n == 0)
			break;
		if (buildlog_add(log, chunk, (size_t)n, err) < 0)
			return -1;
	}
	buildlog_end(log);
	return 0;
}

static int command_note(const arguments *args, struct buildlog *log, struct err *err)
{
	autobuf struct buf line = { 0 };

	buf_adds(&line, "$");
	for (size_t i = 0; args->data[i]; i++) {
		buf_addc(&line, ' ');
		buf_add_shell(&line, args->data[i]);
	}
	buf_addc(&line, '\n');
	return buildlog_add(log, line.data, line.n, err);
}

static double seconds_of(const struct rusage *usage)
{
	return (double)usage->ru_utime.tv_sec + (double)usage->ru_stime.tv_sec +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* Runs argv with its output in the log. */
static int world_run(const struct sandbox *sb, const char *const *argv, struct buildlog *log, int *status,
		     struct rusage *usage, struct err *err)
{
	autoclose int in = -1, out = -1;
	struct sandbox_child child;
	struct err ignored = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	in = ends[0];
	out = ends[1];
	if (sandbox_spawn(sb, argv, &(struct sandbox_stdio){ -1, out, out }, &child, err) < 0)
		return -1;
	close(steal_fd(&out));
	if (output_read(in, log, err) < 0) {
		sandbox_kill(&child);
		sandbox_wait(&child, status, usage, &ignored);
		return -1;
	}
	return sandbox_wait(&child, status, usage, err);
}

/* Whether make says that a program of the build died, of which nobody else had a word. */
static bool died_silently(const struct buildlog *log)
{
	static const char *const ends[] = {
		"] Segmentation fault", "] Illegal instruction", "] Aborted",   "] Bus error",
		"] Error 139",          "] Error 132",           "] Error 134", "] Error 135"
	};

	for (size_t i = 0; !log->errors && log->follow_up && i < countof(ends); i++)
		if (strstr(log->follow_up, ends[i]))
			return true;
	return false;
}

/* Programs of a layer are not emulated: there, only what the emulator says itself is its fault. */
static char *emulator_blamed(const struct make *make, const char *line, int status)
{
	const json_t *emulator = json_object_get(make->toolchain, "emulator");
	bool native = json_object_get(make->toolchain, "layer") && !(line && str_starts(line, "qemu"));

	return native ? NULL : root_emulator_blamed(emulator, view_of(line ? line : ""), status);
}

/* A build that failed by no fault of the kernel. */
static int host_fault(const struct make *make, const struct buildlog *log, struct err *err)
{
	const char *line = log->host_fault ? log->host_fault : died_silently(log) ? log->follow_up : NULL;
	autofree char *emulator = emulator_blamed(make, line, log->host_fault ? 0 : SIGSEGV);

	if (!log->host_fault && !(line && emulator))
		return 0;
	return err_infra(err, 0, "the build machine failed, not the kernel: %s%s%s", line, emulator ? ": " : "",
			 emulator ? emulator : "");
}

static int ended_by_signal(const struct make *make, int status, struct err *err)
{
	autofree char *emulator = emulator_blamed(make, NULL, status);

	return err_infra(err, 0, "make was ended by signal %d (%s)%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
			 emulator ? ": " : "", emulator ? emulator : "");
}

int make_world_run(const struct step *step, const struct make *make, const char *const *argv, struct buildlog *log,
		   bool *passed, double *cpu_seconds, struct err *err)
{
	autosandbox struct sandbox *sb = world_new(step, make);
	struct rusage usage = { 0 };
	int status = 0;

	if (world_run(sb, argv, log, &status, &usage, err) < 0)
		return -1;
	*cpu_seconds += seconds_of(&usage);
	if (WIFSIGNALED(status))
		return ended_by_signal(make, status, err);
	*passed = WEXITSTATUS(status) == 0;
	return *passed ? 0 : host_fault(make, log, err);
}

int make_run(const struct step *step, const struct make *make, struct buildlog *log, bool *passed, double *cpu_seconds,
	     struct err *err)
{
	__attribute__((cleanup(arguments_free))) arguments args = { 0 };

	if (arguments_make(step, make, &args, err) < 0 || command_note(&args, log, err) < 0)
		return -1;
	return make_world_run(step, make, (const char *const *)args.data, log, passed, cpu_seconds, err);
}

int make_log_open(const struct step *step, struct buildlog *log, struct err *err)
{
	autofree char *path = fs_join(step->work, "log");

	*log = (struct buildlog){ .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), .room = LOG_MAX };
	return log->fd < 0 ? err_infra(err, errno, "%s", path) : 0;
}

int make_log_close(struct step *step, struct buildlog *log, struct err *err)
{
	autofree char *path = fs_join(step->work, "log");

	if (log->fd >= 0)
		close(steal_fd(&log->fd));
	buildlog_free(log);
	return step_artefact(step, "log", path, err);
}
