/* SuperH: arch/sh/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_SH_H
#define ARCH_SH_H

#define ARCH_TCSBRK 0x741d

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
#define NR_poll 168
#define NR_mmap2 192
#define NR_getdents64 220
#define NR_sched_setaffinity 241
#define NR_sched_getaffinity 242
#define NR_clock_gettime 265
#define NR_openat 295
#define NR_mkdirat 296
#define NR_mknodat 297
#define NR_unlinkat 301
#define NR_getcpu 318
#define NR_finit_module 368
#define NR_dup3 330
#define NR_pipe2 331
#define NR_clock_gettime64 403

#define ARCH_START                                                                                 \
	"mov #0, r14\n"                                                                            \
	"mov r15, r4\n"                                                                            \
	"mov.l 1f, r0\n"                                                                           \
	"jsr @r0\n"                                                                                \
	"nop\n"                                                                                    \
	".balign 4\n"                                                                              \
	"1: .long start_c\n"

/* The trap is followed by padding, which the pipeline of some SH-4 wants. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r3 __asm__("r3") = nr;
	register long r4 __asm__("r4") = a;
	register long r5 __asm__("r5") = b;
	register long r6 __asm__("r6") = c;
	register long r7 __asm__("r7") = d;
	register long r0 __asm__("r0") = e;
	register long r1 __asm__("r1") = f;

	__asm__ volatile("trapa #0x16\n\t"
			 "or r0, r0\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0\n\tor r0, r0"
			 : "+r"(r0)
			 : "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7), "r"(r1)
			 : "t", "memory");
	return r0;
}

#endif
