/* System calls that neither builds nor QEMU need and that lead deep into the kernel. */
#define _GNU_SOURCE
#include "sandbox/world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum refused_when { ALWAYS, NOT_NESTED };

/* ENOSYS where programs have a way to do without, EPERM where that is the answer they know. */
static const struct {
	const char *name;
	int num;
	enum refused_when when;
} refused[] = {
	{ "mount", EPERM, NOT_NESTED },
	{ "umount", EPERM, NOT_NESTED },
	{ "umount2", EPERM, NOT_NESTED },
	{ "pivot_root", EPERM, NOT_NESTED },
	{ "setns", EPERM, NOT_NESTED },
	{ "open_tree", ENOSYS, NOT_NESTED },
	{ "move_mount", ENOSYS, NOT_NESTED },
	{ "fsopen", ENOSYS, NOT_NESTED },
	{ "fsconfig", ENOSYS, NOT_NESTED },
	{ "fsmount", ENOSYS, NOT_NESTED },
	{ "fspick", ENOSYS, NOT_NESTED },
	{ "mount_setattr", ENOSYS, NOT_NESTED },
	/* Its flags lie in memory, out of the filter's sight; libc falls back to clone. */
	{ "clone3", ENOSYS, NOT_NESTED },
	{ "add_key", ENOSYS, ALWAYS },
	{ "keyctl", ENOSYS, ALWAYS },
	{ "request_key", ENOSYS, ALWAYS },
	{ "bpf", EPERM, ALWAYS },
	{ "perf_event_open", EPERM, ALWAYS },
	{ "userfaultfd", ENOSYS, ALWAYS },
	{ "io_uring_setup", ENOSYS, ALWAYS },
	{ "io_uring_enter", ENOSYS, ALWAYS },
	{ "io_uring_register", ENOSYS, ALWAYS },
	{ "kexec_load", EPERM, ALWAYS },
	{ "kexec_file_load", EPERM, ALWAYS },
	{ "init_module", EPERM, ALWAYS },
	{ "finit_module", EPERM, ALWAYS },
	{ "delete_module", EPERM, ALWAYS },
	{ "reboot", EPERM, ALWAYS },
	{ "swapon", EPERM, ALWAYS },
	{ "swapoff", EPERM, ALWAYS },
	{ "acct", EPERM, ALWAYS },
	{ "quotactl", EPERM, ALWAYS },
	{ "open_by_handle_at", EPERM, ALWAYS },
	{ "syslog", EPERM, ALWAYS },
};

#if defined(__s390__)
enum { CLONE_FLAGS_ARG = 1 }; /* clone(2), "C library/kernel differences" */
#else
enum { CLONE_FLAGS_ARG = 0 };
#endif

static int add_new_namespaces(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp unshare_user = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
	const struct scmp_arg_cmp clone_user =
		SCMP_CMP(CLONE_FLAGS_ARG, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
	int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, unshare_user);

	return r ? r : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, clone_user);
}

/* Left are unix, inet, inet6, netlink and what is older. vsock is the reason: no network namespace
 * holds it, and it reaches the hypervisor of a host that is a guest itself. */
static int add_sockets(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp above = SCMP_A0(SCMP_CMP_GT, AF_NETLINK);

	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, above);
}

/* What is put into a terminal's input is read by who has it next: the caller's shell. Of ioctl's request the kernel
 * sees 32 bits. */
static int add_terminals(scmp_filter_ctx ctx)
{
	static const uint32_t requests[] = { TIOCSTI, TIOCLINUX };
	int r = 0;

	for (size_t i = 0; i < countof(requests) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]));
	return r;
}

/* A mapping of one user has nobody else to give a file to, or to become. Who unpacks packages insists on it all the
 * same: it is told that it was done. */
static const char *const pretended[] = {
	"chown",       "fchown",     "lchown",     "fchownat",    "chown32",    "fchown32",   "lchown32",
	"setuid",      "setgid",     "setreuid",   "setregid",    "setresuid",  "setresgid",  "setfsuid",
	"setfsgid",    "setgroups",  "setuid32",   "setgid32",    "setreuid32", "setregid32", "setresuid32",
	"setresgid32", "setfsuid32", "setfsgid32", "setgroups32",
};

static int add_pretended(scmp_filter_ctx ctx)
{
	for (size_t i = 0; i < countof(pretended); i++) {
		int nr = seccomp_syscall_resolve_name(pretended[i]);
		int r = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0), nr, 0);

		if (r)
			return r;
	}
	return 0;
}

/* 64-bit kernels run the programs of their 32-bit sibling, whose roots are native, too. */
static int add_sibling(scmp_filter_ctx ctx)
{
	static const struct {
		uint32_t native, sibling;
	} pairs[] = {
		{ SCMP_ARCH_X86_64, SCMP_ARCH_X86 },      { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
		{ SCMP_ARCH_PPC64, SCMP_ARCH_PPC },       { SCMP_ARCH_S390X, SCMP_ARCH_S390 },
		{ SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL }, { SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS },
	};

	for (size_t i = 0; i < countof(pairs); i++)
		if (pairs[i].native == seccomp_arch_native())
			return seccomp_arch_add(ctx, pairs[i].sibling);
	return 0;
}

static int add_rules(scmp_filter_ctx ctx, bool nesting)
{
	for (size_t i = 0; i < countof(refused); i++) {
		int nr = seccomp_syscall_resolve_name(refused[i].name);
		int r;

		if (nr == __NR_SCMP_ERROR || (nesting && refused[i].when == NOT_NESTED))
			continue;
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned)refused[i].num), nr, 0);
		if (r)
			return r;
	}
	if (!nesting) {
		int r = add_new_namespaces(ctx);

		if (r)
			return r;
	}
	int r = add_sockets(ctx);

	return r ? r : add_terminals(ctx);
}

static int export(scmp_filter_ctx ctx, struct sock_fprog *out)
{
	autoclose int fd = memfd_create("filter", MFD_CLOEXEC);
	autofree struct sock_filter *insns = NULL;
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	insns = mem_alloc((size_t)st.st_size);
	if (pread(fd, insns, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	out->len = (unsigned short)((size_t)st.st_size / sizeof(*insns));
	out->filter = steal(&insns);
	return 0;
}

int filter_make(const struct sandbox *sb, struct sock_fprog *out, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? 0 : -ENOMEM;

	/* System calls of another ABI of the same machine (32-bit ones) would pass unseen. */
	r = r ? r : seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (sb->lowers.n || sb->superuser)
		r = r ? r : add_sibling(ctx);
	r = r ? r : add_rules(ctx, sb->nesting);
	if (sb->superuser)
		r = r ? r : add_pretended(ctx);
	r = r ? r : export(ctx, out);
	seccomp_release(ctx);
	return r ? err_infra(err, -r, "cannot make the system call filter") : 0;
}
