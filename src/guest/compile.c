#define _GNU_SOURCE
#include "guest/compile.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LOG_MAX (16u << 20)

#define SYSTEM_PATH "/usr/local/bin:/usr/bin:/bin"

/* Freestanding and static: nothing of the target's libc is used. No position independence, which would need
 * relocations at the start; nothing that names a place, a time or the compiler, so that equal sources give equal
 * bytes. */
static const char *const fixed_flags[] = {
	"-std=gnu11",
	"-Os",
	"-ffreestanding",
	"-fno-stack-protector",
	"-fno-pic",
	"-fno-pie",
	"-no-pie",
	"-fno-asynchronous-unwind-tables",
	"-fno-unwind-tables",
	"-fno-ident",
	"-static",
	"-nostdlib",
	"-Wl,-e,_start",
	"-Wl,--build-id=none",
	"-Wl,-z,noexecstack",
	"-s",
	"-I.",
};

typedef VEC(char *) words;

static void words_free(words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->data[i]);
	vec_free(w);
}

/* The architecture's own flags come last, so that they win, and so that a library among them finds its users. */
static int arguments_make(const struct compile *c, const char *driver, words *args, struct err *err)
{
	const char *target = json_str_or(c->toolchain, "target", NULL);
	bool binutils = *json_str_or(c->toolchain, "prefix", "") != '\0';
	json_t *flag;
	size_t i;

	*vec_push(args) = mem_strdup(driver);
	if (target) {
		*vec_push(args) = mem_printf("--target=%s", target);
		if (!binutils)
			*vec_push(args) = mem_strdup("-fuse-ld=lld");
		*vec_push(args) = mem_strdup("-Wno-unused-command-line-argument");
	}
	for (i = 0; i < countof(fixed_flags); i++)
		*vec_push(args) = mem_strdup(fixed_flags[i]);
	*vec_push(args) = mem_strdup("-o");
	*vec_push(args) = mem_printf("/kiln/out/%s", c->program);
	for (i = 0; c->files[i]; i++)
		*vec_push(args) = mem_strdup(c->files[i]);
	json_array_foreach ((json_t *)c->cflags, i, flag) {
		if (!json_is_string(flag))
			return err_user(err, "arch.init_cflags must be strings");
		*vec_push(args) = mem_strdup(json_string_value(flag));
	}
	*vec_push(args) = NULL;
	return 0;
}

/* A compiler outside of the host's system directories is brought in with what stands beside its bin/; where
 * bin/ stands in a home directory or at the root, it comes alone. */
static void compiler_bind(struct sandbox *sb, const char *driver)
{
	autofree char *dir = mem_strndup(driver, (size_t)(strrchr(driver, '/') - driver));
	autofree char *path = mem_printf("%s:" SYSTEM_PATH, dir), *above = NULL;
	const char *person = getenv("HOME"), *bring;

	sandbox_env(sb, "PATH", path);
	if (!*dir || str_starts(dir, "/usr/") || strcmp(dir, "/bin") == 0)
		return;
	above = mem_strndup(dir, (size_t)(strrchr(dir, '/') - dir));
	bring = !*above || (person && strcmp(above, person) == 0) ? dir : above;
	sandbox_bind(sb, bring, bring, SANDBOX_RO);
}

static struct sandbox *world_new(const struct compile *c, const char *driver)
{
	struct sandbox *sb = sandbox_new();

	sandbox_host_system(sb);
	compiler_bind(sb, driver);
	sandbox_bind(sb, c->src, "/kiln/src", SANDBOX_RO);
	sandbox_bind(sb, c->out, "/kiln/out", SANDBOX_RW);
	sandbox_env(sb, "LC_ALL", "C");
	sandbox_env(sb, "TMPDIR", "/tmp");
	sandbox_chdir(sb, "/kiln/src");
	sandbox_limit(sb, LOG_MAX);
	return sb;
}

static bool is_error(struct view line)
{
	static const char *const signs[] = { "error:", "Error:", "undefined reference", "fatal:" };

	for (size_t i = 0; i < countof(signs); i++)
		if (memmem(line.p, line.n, signs[i], strlen(signs[i])))
			return true;
	return false;
}

/* The line that says what is wrong: the first that looks like an error, else the first of all. */
static int not_compiled(const struct compile *c, off_t from, int status, struct err *err)
{
	autobuf struct buf log = { 0 }, said = { 0 };
	struct err ignored = { 0 };
	struct view rest = { 0 }, first = { 0 };

	if (fs_read(AT_FDCWD, c->log, LOG_MAX, &log, &ignored) == 0 && (off_t)log.n > from)
		rest = (struct view){ log.data + from, log.n - (size_t)from };
	while (rest.p) {
		struct view line = view_trim(view_cut(&rest, '\n'));

		if (is_error(line)) {
			first = line;
			break;
		}
		if (!first.n)
			first = line;
	}
	buf_add_printable(&said, first);
	if (WIFSIGNALED(status))
		return err_infra(err, 0, "%s of guest-init: the compiler was killed by signal %d", c->program,
				 WTERMSIG(status));
	return err_infra(err, 0, "%s of guest-init does not compile: %s", c->program,
			 said.n ? said.data : "the compiler says nothing");
}

static void command_note(int log, const words *args)
{
	autobuf struct buf line = { 0 };
	struct err ignored = { 0 };

	buf_adds(&line, "$");
	for (size_t i = 0; args->data[i]; i++) {
		buf_addc(&line, ' ');
		buf_add_shell(&line, args->data[i]);
	}
	buf_addc(&line, '\n');
	fs_write_all(log, line.data, line.n, &ignored);
}

static int driver_find(const struct compile *c, char **driver, struct err *err)
{
	const char *prefix, *compiler;
	autofree char *name = NULL;

	if (json_field_str(c->toolchain, "compiler", &compiler, err) < 0 ||
	    json_field_str(c->toolchain, "prefix", &prefix, err) < 0)
		return err_wrap(err, "toolchain");
	name = toolchain_driver(compiler, prefix);
	*driver = fs_which(name);
	return *driver && **driver == '/' ? 0 : err_infra(err, 0, "the compiler %s is not there", name);
}

static int spawn(const struct compile *c, const char *driver, const words *args, int log, int *status, struct err *err)
{
	const struct sandbox_stdio stdio = { .in = -1, .out = log, .err = log };
	autosandbox struct sandbox *sb = world_new(c, driver);
	struct sandbox_child child;

	if (sandbox_spawn(sb, (const char *const *)args->data, &stdio, &child, err) < 0)
		return -1;
	return sandbox_wait(&child, status, NULL, err);
}

int compile_run(const struct compile *c, struct err *err)
{
	CLEANUP(words_free) words args = { 0 };
	autofree char *driver = NULL;
	autoclose int log = -1;
	int status;
	off_t from;

	if (driver_find(c, &driver, err) < 0 || arguments_make(c, driver, &args, err) < 0)
		return -1;
	log = open(c->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		return err_infra(err, errno, "%s: cannot write", c->log);
	command_note(log, &args);
	from = lseek(log, 0, SEEK_END);
	if (spawn(c, driver, &args, log, &status, err) < 0)
		return -1;
	return status == 0 ? 0 : not_compiled(c, from, status, err);
}
