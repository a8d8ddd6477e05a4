/* System calls, each as the kernel defines it: the result, or minus the error number. */
#ifndef LIB_SYS_H
#define LIB_SYS_H

#include "arch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* include/uapi: the same on every architecture in arch/. */
enum {
	SYS_RDONLY = 0,
	SYS_WRONLY = 1,
	SYS_RDWR = 2,
	SYS_AT_FDCWD = -100,
	SYS_SIGKILL = 9,
	SYS_SIGPIPE = 13,
	SYS_SIGTERM = 15,
	SYS_WNOHANG = 1,
	SYS_POLLIN = 1,
	SYS_S_IFREG = 0100000,
	SYS_S_IFCHR = 0020000,
	SYS_PROT_READ = 1,
	SYS_PROT_WRITE = 2,
	SYS_MAP_PRIVATE = 2,
	SYS_ENOENT = 2,
	SYS_ENXIO = 6,
	SYS_EAGAIN = 11,
	SYS_EFAULT = 14,
	SYS_EBUSY = 16,
	SYS_EEXIST = 17,
	SYS_EINTR = 4,
	SYS_ENODEV = 19,
	SYS_EROFS = 30,
};

struct sys_pollfd {
	int fd;
	short events, revents;
};

/* struct new_utsname */
struct sys_uname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

/* struct linux_dirent64; name is reclen - 19 bytes at most */
struct sys_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

#define SYS_PAD_(nr, a, b, c, d, e, f, ...) \
	arch_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS(...) SYS_PAD_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline long sys_read(int fd, void *p, size_t n)
{
	return SYS(NR_read, fd, p, n);
}

static inline long sys_write(int fd, const void *p, size_t n)
{
	return SYS(NR_write, fd, p, n);
}

static inline long sys_open(const char *path, int access)
{
	return SYS(NR_openat, SYS_AT_FDCWD, path, access, 0);
}

static inline long sys_close(int fd)
{
	return SYS(NR_close, fd);
}

static inline long sys_dup(int from, int to)
{
	return SYS(NR_dup3, from, to, 0);
}

static inline long sys_pipe(int fds[2])
{
	return SYS(NR_pipe2, fds, 0);
}

static inline long sys_getdents(int fd, void *p, size_t n)
{
	return SYS(NR_getdents64, fd, p, n);
}

static inline long sys_mkdir(const char *path, int mode)
{
	return SYS(NR_mkdirat, SYS_AT_FDCWD, path, mode);
}

/* dev as new_encode_dev() makes it from small numbers: major << 8 | minor. */
static inline long sys_mknod(const char *path, int mode, int dev)
{
	return SYS(NR_mknodat, SYS_AT_FDCWD, path, mode, dev);
}

static inline long sys_unlink(const char *path)
{
	return SYS(NR_unlinkat, SYS_AT_FDCWD, path, 0);
}

static inline long sys_mount(const char *source, const char *target, const char *type)
{
	return SYS(NR_mount, source, target, type, 0, NULL);
}

/* Waits until a terminal has sent all that was written to it. */
static inline long sys_drain(int fd)
{
	return SYS(NR_ioctl, fd, ARCH_TCSBRK, 1);
}

static inline long sys_getpid(void)
{
	return SYS(NR_getpid);
}

static inline long sys_fork(void)
{
#if defined(ARCH_FORK)
	return arch_fork();
#elif defined(NR_fork)
	return SYS(NR_fork);
#else
	return SYS(NR_clone, 17 /* SIGCHLD, as in asm-generic */);
#endif
}

static inline long sys_execve(const char *path, const char *const *argv, const char *const *envp)
{
	return SYS(NR_execve, path, argv, envp);
}

_Noreturn static inline void sys_exit(int status)
{
	for (;;)
		SYS(NR_exit, status);
}

static inline long sys_kill(long pid, int signal)
{
	return SYS(NR_kill, pid, signal);
}

static inline long sys_uname(struct sys_uname *u)
{
	return SYS(NR_uname, u);
}

static inline long sys_sync(void)
{
	return SYS(NR_sync);
}

/* include/uapi/linux/reboot.h: the command is one of its LINUX_REBOOT_CMD_*. */
static inline long sys_reboot(unsigned int command)
{
	return SYS(NR_reboot, (int)0xfee1dead, 672274793, (int)command, NULL);
}

/* Bytes of the mask that were written; CPUs are bits of unsigned longs. */
static inline long sys_getaffinity(long pid, unsigned long *mask, size_t n)
{
	return SYS(NR_sched_getaffinity, pid, n, mask);
}

static inline long sys_setaffinity(long pid, const unsigned long *mask, size_t n)
{
	return SYS(NR_sched_setaffinity, pid, n, mask);
}

static inline long sys_getcpu(unsigned int *cpu)
{
	return SYS(NR_getcpu, cpu, NULL, NULL);
}

/* flags: of include/uapi/linux/module.h */
static inline long sys_load_module(int fd, const char *parameters, int flags)
{
#ifdef NR_finit_module
	return SYS(NR_finit_module, fd, parameters, flags);
#else
	return -SYS_ENODEV;
#endif
}

static inline long sys_protect(void *p, size_t n, int protection)
{
	return SYS(NR_mprotect, p, n, protection);
}

static inline long sys_munmap(void *p, size_t n)
{
	return SYS(NR_munmap, p, n);
}

/* Those that differ more than in a number: see sys.c. */

/* Readable and writable private memory; NULL when there is none. */
void *sys_map(size_t n);
/* Waits at most so many milliseconds. */
long sys_poll(struct sys_pollfd *fds, unsigned int n, int ms);
/* The status as of wait(2). */
long sys_wait(long pid, int *status, int options);
/* Monotonic milliseconds, modulo 2^32; compare differences. False when the kernel has no such clock. */
bool sys_clock(uint32_t *ms);

#endif
