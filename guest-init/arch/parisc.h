/* PA-RISC, 32 bits: arch/parisc/kernel/syscalls/syscall.tbl. */
#ifndef ARCH_PARISC_H
#define ARCH_PARISC_H

#define ARCH_MAP_ANONYMOUS 0x10
#define ARCH_TCSBRK 0x5405

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
#define NR_uname 59
#define NR_reboot 88
#define NR_mmap2 89
#define NR_munmap 91
#define NR_wait4 114
#define NR_mprotect 125
#define NR_poll 168
#define NR_getdents64 201
#define NR_sched_setaffinity 211
#define NR_sched_getaffinity 212
#define NR_clock_gettime 256
#define NR_openat 275
#define NR_mkdirat 276
#define NR_mknodat 277
#define NR_unlinkat 281
#define NR_getcpu 296
#define NR_finit_module 333
#define NR_dup3 312
#define NR_pipe2 313
#define NR_clock_gettime64 403

/* The kernel hands argv over in r24, with the count in the word before it; the stack grows upwards. */
#define ARCH_START                                                                                 \
	"ldil LR%$global$, %r27\n"                                                                 \
	"ldo RR%$global$(%r27), %r27\n"                                                            \
	"ldo 64(%r30), %r30\n"                                                                     \
	"copy %r0, %r3\n"                                                                          \
	"bl start_c, %r2\n"                                                                        \
	"ldo -4(%r24), %r26\n"

/* System calls enter at offset 0x100 of the gateway page. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r20 __asm__("r20") = nr;
	register long r26 __asm__("r26") = a;
	register long r25 __asm__("r25") = b;
	register long r24 __asm__("r24") = c;
	register long r23 __asm__("r23") = d;
	register long r22 __asm__("r22") = e;
	register long r21 __asm__("r21") = f;
	register long r28 __asm__("r28");

	__asm__ volatile("ble 0x100(%%sr2, %%r0)\n\t"
			 "nop"
			 : "=r"(r28), "+r"(r20), "+r"(r21), "+r"(r22), "+r"(r23), "+r"(r24),
			   "+r"(r25), "+r"(r26)
			 :
			 : "r1", "r2", "r29", "r31", "memory");
	return r28;
}

#endif
