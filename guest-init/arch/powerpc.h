/* PowerPC, 32 and 64 bits, both byte orders: arch/powerpc/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_POWERPC_H
#define ARCH_POWERPC_H

#define ARCH_TCSBRK 0x2000741d

#define NR_exit 1
#define NR_fork 2
#define NR_read 3
#define NR_write 4
#define NR_close 6
#define NR_execve 11
#define NR_getpid 20
#define NR_mount 21
#define NR_sync 36
#define NR_kill 37
#define NR_ioctl 54
#define NR_reboot 88
#define NR_munmap 91
#define NR_wait4 114
#define NR_uname 122
#define NR_mprotect 125
#define NR_poll 167
#define NR_getdents64 202
#define NR_sched_setaffinity 222
#define NR_sched_getaffinity 223
#define NR_clock_gettime 246
#define NR_openat 286
#define NR_mkdirat 287
#define NR_mknodat 288
#define NR_unlinkat 292
#define NR_getcpu 302
#define NR_finit_module 353
#define NR_dup3 316
#define NR_pipe2 317
#ifdef __powerpc64__
#define NR_mmap 90
#else
#define NR_mmap2 192
#define NR_clock_gettime64 403
#endif

#if !defined(__powerpc64__)
#define ARCH_START                                                                                 \
	"mr 3, 1\n"                                                                                \
	"clrrwi 1, 1, 4\n"                                                                         \
	"li 0, 0\n"                                                                                \
	"stwu 0, -16(1)\n"                                                                         \
	"bl start_c\n"
#elif defined(_CALL_ELF) && _CALL_ELF == 2
/* r12 is the address of the entry; the TOC is found from it. */
#define ARCH_START                                                                                 \
	"addis 2, 12, .TOC.-_start@ha\n"                                                           \
	"addi 2, 2, .TOC.-_start@l\n" ARCH_START_64
#else
/* The entry is a function descriptor, from which the kernel has already set the TOC in r2. */
#define ARCH_START_DESCRIPTOR 1
#define ARCH_START ARCH_START_64
#endif
#define ARCH_START_64                                                                              \
	"mr 3, 1\n"                                                                                \
	"clrrdi 1, 1, 4\n"                                                                         \
	"li 0, 0\n"                                                                                \
	"stdu 0, -128(1)\n"                                                                        \
	"bl start_c\n"                                                                             \
	"nop\n"

/* The summary overflow bit of cr0 says on return whether r3 is an error. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r0 __asm__("r0") = nr;
	register long r3 __asm__("r3") = a;
	register long r4 __asm__("r4") = b;
	register long r5 __asm__("r5") = c;
	register long r6 __asm__("r6") = d;
	register long r7 __asm__("r7") = e;
	register long r8 __asm__("r8") = f;

	__asm__ volatile("sc\n\t"
			 "bns+ 1f\n\t"
			 "neg 3, 3\n"
			 "1:"
			 : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
			 :
			 : "r9", "r10", "r11", "r12", "cr0", "ctr", "memory");
	return r3;
}

#endif
