/* SPARC, 32 and 64 bits, which share their numbers: arch/sparc/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_SPARC_H
#define ARCH_SPARC_H

#define ARCH_TCSBRK 0x20005405

#define NR_exit 1
#define NR_fork 2
#define NR_read 3
#define NR_write 4
#define NR_close 6
#define NR_wait4 7
#define NR_getpid 20
#define NR_sync 36
#define NR_kill 37
#define NR_ioctl 54
#define NR_reboot 55
#define NR_execve 59
#define NR_mmap 71
#define NR_munmap 73
#define NR_mprotect 74
#define NR_poll 153
#define NR_getdents64 154
#define NR_mount 167
#define NR_uname 189
#define NR_clock_gettime 257
#define NR_sched_getaffinity 260
#define NR_sched_setaffinity 261
#define NR_openat 284
#define NR_mkdirat 285
#define NR_mknodat 286
#define NR_unlinkat 290
#define NR_getcpu 308
#define NR_finit_module 342
#define NR_dup3 320
#define NR_pipe2 321
#ifndef __arch64__
#define NR_clock_gettime64 403
#endif

/* The argument count lies above the save area of 16 registers; 64 bits bias their stack pointer by 2047. */
#ifdef __arch64__
#define ARCH_START_STACK "2047 + 128"
#define ARCH_TRAP "t 0x6d\n\tbcc,pt %%xcc, 1f\n\t"
#else
#define ARCH_START_STACK "64"
#define ARCH_TRAP "t 0x10\n\tbcc 1f\n\t"
#endif
#define ARCH_START                                                                                 \
	"mov %g0, %fp\n"                                                                           \
	"add %sp, " ARCH_START_STACK ", %o0\n"                                                     \
	"sub %sp, 64, %sp\n"                                                                       \
	"call start_c\n"                                                                           \
	"nop\n"

/* The carry says on return whether %o0 is an error. */
#define ARCH_SYSCALL_(after)                                                                       \
	register long g1 __asm__("g1") = nr;                                                       \
	register long o0 __asm__("o0") = a;                                                        \
	register long o1 __asm__("o1") = b;                                                        \
	register long o2 __asm__("o2") = c;                                                        \
	register long o3 __asm__("o3") = d;                                                        \
	register long o4 __asm__("o4") = e;                                                        \
	register long o5 __asm__("o5") = f;                                                        \
                                                                                                   \
	__asm__ volatile(ARCH_TRAP "nop\n\t"                                                       \
			 "sub %%g0, %%o0, %%o0\n\t"                                                \
			 "mov 0, %%o1\n"                                                           \
			 "1:\n\t" after                                                            \
			 : "+r"(o0), "+r"(o1)                                                      \
			 : "r"(g1), "r"(o2), "r"(o3), "r"(o4), "r"(o5)                             \
			 : "cc", "memory");                                                        \
	return o0;

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	ARCH_SYSCALL_("nop")
}

/* fork gives both sides a pid in %o0, and tells the child by 1 in %o1. */
#define ARCH_FORK 1
static inline long arch_fork(void)
{
	long nr = NR_fork, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;

	ARCH_SYSCALL_("sub %%o1, 1, %%o1\n\tand %%o0, %%o1, %%o0")
}

#endif
