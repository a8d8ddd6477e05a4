/* This machine: its kernel, memory and disk, and the programs that every build takes. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "doctor/private.h"
#include "root/root.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

enum {
	KERNEL_MAJOR = 5,
	KERNEL_MINOR = 10,  /* clone3, openat2, close_range, pidfds */
	HOME_MIN_MB = 4096, /* a kernel tree, four outputs */
	MEMORY_MIN_MB = 1024,
};

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
	struct check *f = check_add(d, "emulators", false, absent.n ? NULL : mem_strdup("of all architectures"),
				    "run the programs of foreign roots");

	if (absent.n) {
		check_package(f, "qemu-user-static");
		free(f->get);
		f->get = mem_printf("none is there for %s; apt-get install %s", absent.data, f->package);
	}
	check_add(d, "subordinate ids", false, mem_strdup("not needed: all files of a root are one owner's"),
		  "roots are made and entered without /etc/subuid");
	if (!emulator)
		return;
	forbidden = root_forbidden(emulator);
	f = check_add(d, "binfmt_misc", false,
		      forbidden ? NULL : mem_strdup("a sandbox can say who runs foreign programs"),
		      "foreign roots are entered with it");
	f->get = forbidden;
}

static void check_sandbox(struct doctor *d)
{
	char *forbidden = sandbox_forbidden();
	struct check *f = check_add(d, "sandbox", true, forbidden ? NULL : mem_strdup("user namespaces work"),
				    "each build and each guest runs in namespaces of its own");

	f->get = forbidden;
}

static void check_kernel(struct doctor *d)
{
	struct utsname u;
	int major = 0, minor = 0;
	bool ok = uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
		  (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR));
	struct check *f =
		check_add(d, "kernel", true, ok ? mem_strdup(u.release) : NULL, "the sandbox needs its system calls");

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
	struct check *f;
	struct statvfs st;
	uint64_t mb;

	while (!fs_exists(AT_FDCWD, at) && strrchr(at, '/') > at)
		*strrchr(at, '/') = '\0';
	if (!fs_exists(AT_FDCWD, at))
		strcpy(at, "/");
	if (access(at, W_OK | X_OK) < 0 || statvfs(at, &st) < 0 || !is_directory(at)) {
		f = check_add(d, "home", true, NULL, "results and caches are kept there");
		f->get = mem_printf("%s: %s; give another with --home or KILN_HOME", at, strerror(errno));
		return;
	}
	mb = (uint64_t)st.f_bavail * st.f_frsize >> 20;
	f = check_add(d, "home", true,
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
	struct check *f = check_add(d, "kvm", false,
				    fd >= 0 ? mem_strdup("/dev/kvm opens; used once a real boot has proved it") : NULL,
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

	check_add(d, "cores", true, mem_printf("%d", n), "steps run side by side");
}

static void check_memory(struct doctor *d)
{
	autobuf struct buf text = { 0 };
	struct err err = { 0 };
	const char *at = NULL;
	long long mb = 0;
	struct check *f;

	if (fs_read(AT_FDCWD, "/proc/meminfo", 1 << 16, &text, &err) == 0)
		at = strstr(text.data, "MemAvailable:");
	if (at)
		mb = strtoll(at + strlen("MemAvailable:"), NULL, 10) >> 10;
	f = check_add(d, "memory", true, mb >= MEMORY_MIN_MB ? mem_printf("%lld MB available", mb) : NULL,
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

void check_host(struct doctor *d)
{
	static void (*const looks[])(struct doctor *) = {
		check_sandbox, check_kernel, check_home, check_cores, check_memory, check_kvm,
	};

	d->group = "host";
	for (size_t i = 0; i < countof(looks); i++)
		looks[i](d);
	d->group = "build";
	for (size_t i = 0; i < countof(programs); i++)
		check_program(d, programs[i].name, programs[i].package, programs[i].needed, programs[i].why);
	for (size_t i = 0; i < countof(files); i++)
		check_package(check_add(d, files[i].path, files[i].needed,
					fs_exists(AT_FDCWD, files[i].path) ? mem_strdup("there") : NULL, files[i].why),
			      files[i].package);
	check_foreign(d);
}
