/* 32-bit ARM, EABI: the numbers of arch/arm/tools/syscall.tbl. */
#ifndef ARCH_ARM_H
#define ARCH_ARM_H

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
#define NR_getdents64 217
#define NR_sched_setaffinity 241
#define NR_sched_getaffinity 242
#define NR_clock_gettime 263
#define NR_openat 322
#define NR_mkdirat 323
#define NR_mknodat 324
#define NR_unlinkat 328
#define NR_getcpu 345
#define NR_finit_module 379
#define NR_dup3 358
#define NR_pipe2 359
#define NR_clock_gettime64 403

/* The same in ARM and in Thumb code; the low bit of the symbol tells the kernel which it is. */
#define ARCH_START                                                                                 \
	"mov r0, sp\n"                                                                             \
	"mov r1, r0\n"                                                                             \
	"movs r2, #7\n"                                                                            \
	"bics r1, r1, r2\n"                                                                        \
	"mov sp, r1\n"                                                                             \
	"bl start_c\n"

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = d;
	register long r4 __asm__("r4") = e;
	register long r5 __asm__("r5") = f;

	/* r7 holds the number, and is the frame pointer of Thumb code: kept aside by hand. */
	__asm__ volatile("mov r6, r7\n\t"
			 "mov r7, %[nr]\n\t"
			 "swi #0\n\t"
			 "mov r7, r6"
			 : "+r"(r0)
			 : [nr] "r"(nr), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
			 : "r6", "memory");
	return r0;
}

#endif
