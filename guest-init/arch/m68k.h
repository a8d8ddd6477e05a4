/* m68k: arch/m68k/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_M68K_H
#define ARCH_M68K_H

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
#define NR_clock_gettime 260
#define NR_openat 288
#define NR_mkdirat 289
#define NR_mknodat 290
#define NR_unlinkat 294
#define NR_sched_setaffinity 311
#define NR_sched_getaffinity 312
#define NR_getcpu 314
#define NR_finit_module 348
#define NR_dup3 326
#define NR_pipe2 327
#define NR_clock_gettime64 403

#define ARCH_START                                                                                 \
	"move.l %sp, %d0\n"                                                                        \
	"move.l %d0, -(%sp)\n"                                                                     \
	"jsr start_c\n"

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long d0 __asm__("d0") = nr;
	register long d1 __asm__("d1") = a;
	register long d2 __asm__("d2") = b;
	register long d3 __asm__("d3") = c;
	register long d4 __asm__("d4") = d;
	register long d5 __asm__("d5") = e;
	register long a0 __asm__("a0") = f;

	__asm__ volatile("trap #0"
			 : "+r"(d0)
			 : "r"(d1), "r"(d2), "r"(d3), "r"(d4), "r"(d5), "r"(a0)
			 : "memory");
	return d0;
}

#endif
