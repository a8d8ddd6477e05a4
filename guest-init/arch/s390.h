/* s390, 64 bits: arch/s390/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_S390_H
#define ARCH_S390_H

#define ARCH_MMAP_STRUCT 1 /* mmap takes a pointer to its six arguments */

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
#define NR_mmap 90
#define NR_munmap 91
#define NR_wait4 114
#define NR_uname 122
#define NR_mprotect 125
#define NR_poll 168
#define NR_getdents64 220
#define NR_sched_setaffinity 239
#define NR_sched_getaffinity 240
#define NR_clock_gettime 260
#define NR_openat 288
#define NR_mkdirat 289
#define NR_mknodat 290
#define NR_unlinkat 294
#define NR_getcpu 311
#define NR_finit_module 344
#define NR_pipe2 325
#define NR_dup3 326

/* Callees save their registers in the 160 bytes above the stack pointer. */
#define ARCH_START                                                                                 \
	"lgr %r2, %r15\n"                                                                          \
	"aghi %r15, -160\n"                                                                        \
	"xc 0(8, %r15), 0(%r15)\n"                                                                 \
	"brasl %r14, start_c\n"

/* Numbers above 255 do not fit into the svc itself; svc 0 takes all of them from r1. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r1 __asm__("r1") = nr;
	register long r2 __asm__("r2") = a;
	register long r3 __asm__("r3") = b;
	register long r4 __asm__("r4") = c;
	register long r5 __asm__("r5") = d;
	register long r6 __asm__("r6") = e;
	register long r7 __asm__("r7") = f;

	__asm__ volatile("svc 0"
			 : "+r"(r2)
			 : "r"(r1), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7)
			 : "memory");
	return r2;
}

#endif
