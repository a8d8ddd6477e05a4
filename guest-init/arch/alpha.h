/* Alpha: arch/alpha/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_ALPHA_H
#define ARCH_ALPHA_H

#define ARCH_MAP_ANONYMOUS 0x10
#define ARCH_TCSBRK 0x2000741d

#define NR_exit 1
#define NR_fork 2
#define NR_read 3
#define NR_write 4
#define NR_close 6
#define NR_getpid 20
#define NR_sync 36
#define NR_kill 37
#define NR_ioctl 54
#define NR_execve 59
#define NR_mmap 71
#define NR_munmap 73
#define NR_mprotect 74
#define NR_poll 94
#define NR_mount 302
#define NR_reboot 311
#define NR_uname 339
#define NR_wait4 365
#define NR_getdents64 377
#define NR_sched_setaffinity 395
#define NR_sched_getaffinity 396
#define NR_clock_gettime 420
#define NR_openat 450
#define NR_mkdirat 451
#define NR_mknodat 452
#define NR_unlinkat 456
#define NR_getcpu 473
#define NR_finit_module 507
#define NR_dup3 487
#define NR_pipe2 488

#define ARCH_START                                                                                 \
	"br $27, 1f\n"                                                                             \
	"1: ldgp $29, 0($27)\n"                                                                    \
	"mov $30, $16\n"                                                                           \
	"lda $27, start_c\n"                                                                       \
	"jsr $26, ($27), start_c\n"

/* $19 says on return whether $0 is an error. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r0 __asm__("$0") = nr;
	register long r16 __asm__("$16") = a;
	register long r17 __asm__("$17") = b;
	register long r18 __asm__("$18") = c;
	register long r19 __asm__("$19") = d;
	register long r20 __asm__("$20") = e;
	register long r21 __asm__("$21") = f;

	__asm__ volatile("callsys"
			 : "+r"(r0), "+r"(r16), "+r"(r17), "+r"(r18), "+r"(r19), "+r"(r20), "+r"(r21)
			 :
			 : "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$22", "$23", "$24", "$25",
			   "$27", "$28", "memory");
	return r19 ? -r0 : r0;
}

#endif
