/* x86, 64 and 32 bits: the numbers of arch/x86/entry/syscalls/. */
#ifndef ARCH_X86_H
#define ARCH_X86_H

#ifdef __x86_64__
#define NR_read 0
#define NR_write 1
#define NR_close 3
#define NR_poll 7
#define NR_mmap 9
#define NR_mprotect 10
#define NR_munmap 11
#define NR_ioctl 16
#define NR_getpid 39
#define NR_fork 57
#define NR_execve 59
#define NR_exit 60
#define NR_wait4 61
#define NR_kill 62
#define NR_uname 63
#define NR_sync 162
#define NR_mount 165
#define NR_reboot 169
#define NR_sched_setaffinity 203
#define NR_sched_getaffinity 204
#define NR_getdents64 217
#define NR_clock_gettime 228
#define NR_openat 257
#define NR_mkdirat 258
#define NR_mknodat 259
#define NR_unlinkat 263
#define NR_dup3 292
#define NR_pipe2 293
#define NR_getcpu 309
#define NR_finit_module 313

#define ARCH_START                                                                                 \
	"xorl %ebp, %ebp\n"                                                                        \
	"movq %rsp, %rdi\n"                                                                        \
	"andq $-16, %rsp\n"                                                                        \
	"call start_c\n"

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#else
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
#define NR_finit_module 350
#define NR_dup3 330
#define NR_pipe2 331
#define NR_clock_gettime64 403

#define ARCH_START                                                                                 \
	"xorl %ebp, %ebp\n"                                                                        \
	"movl %esp, %eax\n"                                                                        \
	"andl $-16, %esp\n"                                                                        \
	"subl $12, %esp\n"                                                                         \
	"pushl %eax\n"                                                                             \
	"call start_c\n"

/* The sixth argument goes into the frame pointer, so it has to come by way of memory. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	long last[2] = { nr, f };
	long ret;

	__asm__ volatile("pushl %%ebp\n\t"
			 "movl 4(%%eax), %%ebp\n\t"
			 "movl (%%eax), %%eax\n\t"
			 "int $0x80\n\t"
			 "popl %%ebp"
			 : "=a"(ret)
			 : "a"(last), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return ret;
}
#endif

#endif
