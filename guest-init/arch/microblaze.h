/* MicroBlaze: arch/microblaze/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_MICROBLAZE_H
#define ARCH_MICROBLAZE_H

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
#define NR_finit_module 380
#define NR_dup3 342
#define NR_pipe2 343
#define NR_clock_gettime64 403

#define ARCH_START                                                                                 \
	"addik r5, r1, 0\n"                                                                        \
	"brlid r15, start_c\n"                                                                     \
	"addik r1, r1, -32\n"

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r12 __asm__("r12") = nr;
	register long r3 __asm__("r3");
	register long r5 __asm__("r5") = a;
	register long r6 __asm__("r6") = b;
	register long r7 __asm__("r7") = c;
	register long r8 __asm__("r8") = d;
	register long r9 __asm__("r9") = e;
	register long r10 __asm__("r10") = f;

	__asm__ volatile("brki r14, 0x8\n\t"
			 "nop"
			 : "=r"(r3)
			 : "r"(r12), "r"(r5), "r"(r6), "r"(r7), "r"(r8), "r"(r9), "r"(r10)
			 : "r4", "r14", "memory");
	return r3;
}

#endif
