/* kiln doctor: what this host lacks, why that matters, and how to get it. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/proc.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "root/root.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

/* The matrix that decides what is needed; the rest is good to have. */
static const char needed_matrix[] = "smoke";

enum {
	KERNEL_MAJOR = 5,
	KERNEL_MINOR = 10,  /* clone3, openat2, close_range, pidfds */
	HOME_MIN_MB = 4096, /* a kernel tree, four outputs */
	MEMORY_MIN_MB = 1024,
};

struct finding {
	char *group, *what;
	bool ok, needed;
	char *found;   /* version, path or amount; NULL when missing */
	char *why;     /* what it is for */
	char *get;     /* a command or a sentence; NULL when ok */
	char *package; /* Debian's, or NULL */
};

struct doctor {
	VEC(struct finding) findings;
	const char *group;
	const struct catalog *catalog;
	const char *home;
};

/* Strings of the result are owned by it; found NULL means missing. */
static struct finding *add(struct doctor *d, const char *what, bool needed, char *found, const char *why)
{
	struct finding *f = vec_push(&d->findings);

	f->group = mem_strdup(d->group);
	f->what = mem_strdup(what);
	f->ok = found != NULL;
	f->needed = needed;
	f->found = found;
	f->why = mem_strdup(why);
	return f;
}

/* The first word of the first line that looks like a version number; NULL when there is none. */
static char *version_in(struct view text)
{
	struct view line = view_cut(&text, '\n');

	while (line.p) {
		struct view word = view_cut(&line, ' ');

		if (word.n && word.p[0] >= '0' && word.p[0] <= '9' && memchr(word.p, '.', word.n) &&
		    !memchr(word.p, ')', word.n))
			return mem_strndup(word.p, word.n);
	}
	return NULL;
}

/* Its version, or its path where it prints none; NULL when it is not there or does not run. */
static char *program_version(const char *name)
{
	autofree char *path = fs_which(name);
	autobuf struct buf out = { 0 };
	struct err err = { 0 };
	struct proc proc = { .argv = (const char *const[]){ path, "--version", NULL } };
	char *version;

	if (!path || proc_run(&proc, &out, &err) < 0)
		return NULL;
	version = out.n ? version_in((struct view){ out.data, out.n }) : NULL;
	return version ? version : steal(&path);
}

static void add_package(struct finding *f, const char *package)
{
	if (f->ok || !package)
		return;
	f->package = mem_strdup(package);
	f->get = mem_printf("apt-get install %s", package);
}

static void check_program(struct doctor *d, const char *name, const char *package, bool needed, const char *why)
{
	add_package(add(d, name, needed, program_version(name), why), package);
}

/* One of those that this host has, or NULL; absent is given the names of the archs whose programs nothing here runs. */
static json_t *emulators(const struct doctor *d, struct buf *absent)
{
	json_t *some = NULL;

	for (size_t i = 0; i < d->catalog->n_archs; i++) {
		const struct catalog_arch *arch = &d->catalog->archs[i];
		json_t *emulator = NULL;
		struct err ignored = { 0 };

		if (!arch->elf_machine || arch_is_native(arch))
			continue;
		if (root_emulator(arch, &emulator, &ignored) < 0)
			buf_printf(absent, "%s%s", absent->n ? ", " : "", arch->name);
		if (some)
			json_decref(emulator);
		else
			some = emulator;
	}
	return some;
}

/* Whether foreign roots can be entered: who runs their programs, and whether the kernel lets a sandbox say so. */
static void check_foreign(struct doctor *d)
{
	autobuf struct buf absent = { 0 };
	autojson json_t *emulator = emulators(d, &absent);
	char *forbidden;
	struct finding *f = add(d, "emulators", false, absent.n ? NULL : mem_strdup("of all architectures"),
				"run the programs of foreign roots");

	if (absent.n) {
		add_package(f, "qemu-user-static");
		free(f->get);
		f->get = mem_printf("none is there for %s; apt-get install %s", absent.data, f->package);
	}
	add(d, "subordinate ids", false, mem_strdup("not needed: all files of a root are one owner's"),
	    "roots are made and entered without /etc/subuid");
	if (!emulator)
		return;
	forbidden = root_forbidden(emulator);
	f = add(d, "binfmt_misc", false, forbidden ? NULL : mem_strdup("a sandbox can say who runs foreign programs"),
		"foreign roots are entered with it");
	f->get = forbidden;
}

static void check_sandbox(struct doctor *d)
{
	char *forbidden = sandbox_forbidden();
	struct finding *f = add(d, "sandbox", true, forbidden ? NULL : mem_strdup("user namespaces work"),
				"each build and each guest runs in namespaces of its own");

	f->get = forbidden;
}

static void check_kernel(struct doctor *d)
{
	struct utsname u;
	int major = 0, minor = 0;
	bool ok = uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
		  (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR));
	struct finding *f =
		add(d, "kernel", true, ok ? mem_strdup(u.release) : NULL, "the sandbox needs its system calls");

	if (!ok)
		f->get = mem_printf("boot Linux %d.%d or newer; this is %s", KERNEL_MAJOR, KERNEL_MINOR, u.release);
}

static bool is_directory(const char *path)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0;
}

/* The home is made at the first run: until then the nearest directory above it decides. */
static void check_home(struct doctor *d)
{
	autofree char *at = mem_strdup(d->home);
	struct finding *f;
	struct statvfs st;
	uint64_t mb;

	while (!fs_exists(AT_FDCWD, at) && strrchr(at, '/') > at)
		*strrchr(at, '/') = '\0';
	if (!fs_exists(AT_FDCWD, at))
		strcpy(at, "/");
	if (access(at, W_OK | X_OK) < 0 || statvfs(at, &st) < 0 || !is_directory(at)) {
		f = add(d, "home", true, NULL, "results and caches are kept there");
		f->get = mem_printf("%s: %s; give another with --home or KILN_HOME", at, strerror(errno));
		return;
	}
	mb = (uint64_t)st.f_bavail * st.f_frsize >> 20;
	f = add(d, "home", true,
		mb >= HOME_MIN_MB ? mem_printf("%s, %llu GB free", d->home, (unsigned long long)mb >> 10) : NULL,
		"results and caches are kept there");
	if (!f->ok)
		f->get = mem_printf("%s has %llu MB free, make it %d, or give another home with --home or KILN_HOME",
				    at, (unsigned long long)mb, HOME_MIN_MB);
}

static void check_kvm(struct doctor *d)
{
	autoclose int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int num = errno;
	struct finding *f =
		add(d, "kvm", false, fd >= 0 ? mem_strdup("/dev/kvm opens; used once a real boot has proved it") : NULL,
		    "boots of this machine's own architecture get faster");

	if (fd < 0 && num == EACCES)
		f->get = mem_strdup("become a member of the group that owns /dev/kvm");
	else if (fd < 0)
		f->get = mem_printf("/dev/kvm: %s; boots are emulated", strerror(num));
}

static void check_cores(struct doctor *d)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	add(d, "cores", true, mem_printf("%d", n), "steps run side by side");
}

static void check_memory(struct doctor *d)
{
	autobuf struct buf text = { 0 };
	struct err err = { 0 };
	const char *at = NULL;
	long long mb = 0;
	struct finding *f;

	if (fs_read(AT_FDCWD, "/proc/meminfo", 1 << 16, &text, &err) == 0)
		at = strstr(text.data, "MemAvailable:");
	if (at)
		mb = strtoll(at + strlen("MemAvailable:"), NULL, 10) >> 10;
	f = add(d, "memory", true, mb >= MEMORY_MIN_MB ? mem_printf("%lld MB available", mb) : NULL,
		"a compiler and a guest at once");
	if (!f->ok)
		f->get = mem_printf("only %lld MB are available, make it %d", mb, MEMORY_MIN_MB);
}

static const struct {
	const char *name, *package;
	bool needed;
	const char *why;
} programs[] = {
	{ "make", "make", true, "builds kernels" },
	{ "gcc", "gcc", true, "builds the kernel's own tools" },
	{ "ld", "binutils", true, "builds the kernel's own tools" },
	{ "bc", "bc", true, "kernels compute time constants with it" },
	{ "flex", "flex", true, "builds kconfig" },
	{ "bison", "bison", true, "builds kconfig" },
	{ "perl", "perl", true, "scripts of the kernel's build" },
	{ "apt-get", "apt", true, "fetches kernel source packages" },
	{ "git", "git", false, "sources from git, and what a work tree has changed" },
	{ "python3", "python3", false, "some kernels' builds" },
	{ "rsync", "rsync", false, "make headers_install" },
	{ "gdb", "gdb", false, "kiln boot --gdb" },
	{ "mmdebstrap", "mmdebstrap", false, "makes roots out of packages: kiln root make" },
	{ "gpgv", "gpgv", false, "verifies what roots are made of" },
	{ "patchelf", "patchelf", false, "lays native compilers over foreign roots" },
};

static const struct {
	const char *path, *package;
	bool needed;
	const char *why;
} files[] = {
	{ "/usr/include/stdio.h", "libc6-dev", true, "builds the kernel's own tools" },
	{ "/usr/include/gelf.h", "libelf-dev", true, "builds objtool" },
	{ "/usr/include/openssl/evp.h", "libssl-dev", false, "builds of kernels that sign modules" },
};

static void check_host(struct doctor *d)
{
	static void (*const checks[])(struct doctor *) = {
		check_sandbox, check_kernel, check_home, check_cores, check_memory, check_kvm,
	};

	d->group = "host";
	for (size_t i = 0; i < countof(checks); i++)
		checks[i](d);
	d->group = "build";
	for (size_t i = 0; i < countof(programs); i++)
		check_program(d, programs[i].name, programs[i].package, programs[i].needed, programs[i].why);
	for (size_t i = 0; i < countof(files); i++)
		add_package(add(d, files[i].path, files[i].needed,
				fs_exists(AT_FDCWD, files[i].path) ? mem_strdup("there") : NULL, files[i].why),
			    files[i].package);
	check_foreign(d);
}

static bool has(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->data[i], name) == 0)
			return true;
	return false;
}

/* Whether the matrix has the arch; toolchain and board may be NULL: any. */
static bool is_needed(const struct doctor *d, const char *arch, const char *toolchain, const char *board)
{
	const struct catalog_matrix *m = catalog_matrix(d->catalog, needed_matrix);

	for (size_t i = 0; m && i < m->n_rows; i++) {
		const struct catalog_row *row = &m->rows[i];

		if (has(&row->archs, arch) && (!toolchain || has(&row->toolchains, toolchain)) &&
		    (!board || row->boards.n == 0 || has(&row->boards, board)))
			return true;
	}
	return false;
}

static void check_compiler(struct doctor *d, const struct catalog_arch *arch, const struct catalog_compiler *compiler)
{
	const struct catalog_toolchain *toolchain = catalog_toolchain(d->catalog, compiler->toolchain);
	bool prefixed = compiler->prefix && !compiler->target; /* clang takes the target as an option */
	autofree char *name = mem_printf("%s%s", prefixed ? compiler->prefix : "",
					 toolchain ? toolchain->compiler : compiler->toolchain);
	autofree char *why = mem_printf("compiles for %s", arch->name);

	check_program(d, name, compiler->package, is_needed(d, arch->name, compiler->toolchain, NULL), why);
}

/* The file in the first of QEMU's own directories that has it, owned; NULL when none has. */
static char *find_firmware(const char *qemu, const char *file)
{
	autobuf struct buf out = { 0 };
	struct err err = { 0 };
	struct proc proc = { .argv = (const char *const[]){ qemu, "-L", "help", NULL } };
	struct view rest;

	if (proc_run(&proc, &out, &err) < 0)
		return NULL;
	rest = (struct view){ out.data, out.n };
	while (rest.p) {
		struct view dir = view_trim(view_cut(&rest, '\n'));
		autofree char *path = mem_printf(VIEW_FMT "/%s", VIEW_ARG(dir), file);

		if (dir.n && access(path, R_OK) == 0)
			return steal(&path);
	}
	return NULL;
}

static void check_firmware(struct doctor *d, const struct catalog_board *board, const char *qemu)
{
	autofree char *why = mem_printf("starts %s", board->name);
	bool needed = is_needed(d, board->arch, NULL, board->name);

	for (size_t i = 0; i < board->firmware.n; i++)
		add_package(add(d, board->firmware.data[i], needed, find_firmware(qemu, board->firmware.data[i]), why),
			    board->firmware_package);
}

static void check_arch(struct doctor *d, const struct catalog_arch *arch)
{
	autofree char *qemu = mem_printf("qemu-system-%s", arch->qemu);
	autofree char *why = mem_printf("boots %s", arch->name);
	autofree char *path = fs_which(qemu);

	d->group = arch->name;
	for (size_t i = 0; i < arch->n_compilers; i++)
		check_compiler(d, arch, &arch->compilers[i]);
	check_program(d, qemu, arch->qemu_package, is_needed(d, arch->name, NULL, NULL), why);
	for (size_t i = 0; path && i < d->catalog->n_boards; i++)
		if (strcmp(d->catalog->boards[i].arch, arch->name) == 0)
			check_firmware(d, &d->catalog->boards[i], qemu);
}

static size_t missing(const struct doctor *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->findings.n; i++)
		n += d->findings.data[i].needed && !d->findings.data[i].ok;
	return n;
}

/* The packages that are missing and needed, each once, in one command. */
static void print_packages(const struct doctor *d)
{
	autobuf struct buf all = { 0 };

	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.data[i];
		autofree char *word = mem_printf(" %s ", f->package ? f->package : "");

		if (f->package && f->needed && !(all.n && strstr(all.data, word)))
			buf_printf(&all, "%s%s ", all.n ? "" : " ", f->package);
	}
	if (all.n)
		printf("Install as root: apt-get install%.*s\n", (int)all.n - 1, all.data);
}

static void print_text(const struct doctor *d)
{
	const char *group = "";

	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.data[i];

		if (strcmp(group, f->group) != 0)
			printf("%s%s\n", *group ? "\n" : "", f->group);
		group = f->group;
		if (f->ok)
			printf("  ok       %-32s %s\n", f->what, f->found);
		else
			printf("  missing  %-32s %s%s%s%s\n", f->what, f->why, f->needed ? "" : " (good to have)",
			       f->get ? ": " : "", f->get ? f->get : "");
	}
	putchar('\n');
	if (missing(d))
		printf("Missing for kiln run %s: %zu\n", needed_matrix, missing(d));
	else
		printf("All that kiln run %s needs is here.\n", needed_matrix);
	print_packages(d);
}

static json_t *text_or_null(const char *s)
{
	return s ? json_text(view_of(s)) : json_null();
}

static void print_json(const struct doctor *d)
{
	autojson json_t *all = json_pack("{s:b, s:[]}", "ok", missing(d) == 0, "checks");

	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.data[i];

		json_array_append_new(json_object_get(all, "checks"),
				      json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "group", text_or_null(f->group),
						"what", text_or_null(f->what), "status", f->ok ? "ok" : "missing",
						"needed", f->needed, "found", text_or_null(f->found), "why",
						text_or_null(f->why), "get", text_or_null(f->get)));
	}
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
}

static void doctor_free(struct doctor *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		struct finding *f = &d->findings.data[i];

		free(f->group);
		free(f->what);
		free(f->found);
		free(f->why);
		free(f->get);
		free(f->package);
	}
	vec_free(&d->findings);
}

static int load(const struct catalog **catalog, struct err *err)
{
	autofree char *own = config_path();
	autofree char *data = data_path();
	autofree char *shipped = fs_join(data, "catalog");
	autobuf struct buf faults = { 0 };

	if (catalog_load((const char *const[]){ own, shipped }, 2, catalog, &faults, err) == 0)
		return 0;
	if (faults.n)
		fputs(faults.data, stderr);
	return -1;
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor d = { 0 };
	const char *home_option = NULL;
	autofree char *home = NULL;
	bool json = false;
	struct err err = { 0 };
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "json", OPTION_FLAG, &json },
	};
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc > 1) {
		err_user(&err, "doctor takes no operand, not \"%s\"; see kiln doctor --help", argv[1]);
		return fail(&err);
	}
	if (load(&d.catalog, &err) < 0)
		return fail(&err);
	d.home = home = home_path(home_option);
	check_host(&d);
	for (size_t i = 0; i < d.catalog->n_archs; i++)
		if (!d.catalog->archs[i].skip)
			check_arch(&d, &d.catalog->archs[i]);
	if (json)
		print_json(&d);
	else
		print_text(&d);
	status = missing(&d) ? 3 : 0;
	doctor_free(&d);
	catalog_free(d.catalog);
	return status;
}
