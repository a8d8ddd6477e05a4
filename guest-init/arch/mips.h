/* MIPS, o32 and n64: the numbers of arch/mips/kernel/syscalls/, offset by 4000 and 5000. */
#ifndef ARCH_MIPS_H
#define ARCH_MIPS_H

#define ARCH_MAP_ANONYMOUS 0x800
#define ARCH_TCSBRK 0x5405

#if _MIPS_SIM == _ABI64
#define NR_read 5000
#define NR_write 5001
#define NR_close 5003
#define NR_poll 5007
#define NR_mmap 5009
#define NR_mprotect 5010
#define NR_munmap 5011
#define NR_ioctl 5015
#define NR_getpid 5038
#define NR_fork 5056
#define NR_execve 5057
#define NR_exit 5058
#define NR_wait4 5059
#define NR_kill 5060
#define NR_uname 5061
#define NR_sync 5157
#define NR_mount 5160
#define NR_reboot 5164
#define NR_sched_setaffinity 5195
#define NR_sched_getaffinity 5196
#define NR_clock_gettime 5222
#define NR_openat 5247
#define NR_mkdirat 5248
#define NR_mknodat 5249
#define NR_unlinkat 5253
#define NR_getcpu 5271
#define NR_finit_module 5307
#define NR_dup3 5286
#define NR_pipe2 5287
#define NR_getdents64 5308
#else
#define NR_exit 4001
#define NR_fork 4002
#define NR_read 4003
#define NR_write 4004
#define NR_close 4006
#define NR_execve 4011
#define NR_getpid 4020
#define NR_mount 4021
#define NR_sync 4036
#define NR_kill 4037
#define NR_ioctl 4054
#define NR_reboot 4088
#define NR_munmap 4091
#define NR_wait4 4114
#define NR_uname 4122
#define NR_mprotect 4125
#define NR_poll 4188
#define NR_mmap2 4210
#define NR_getdents64 4219
#define NR_sched_setaffinity 4239
#define NR_sched_getaffinity 4240
#define NR_clock_gettime 4263
#define NR_openat 4288
#define NR_mkdirat 4289
#define NR_mknodat 4290
#define NR_unlinkat 4294
#define NR_getcpu 4312
#define NR_finit_module 4348
#define NR_dup3 4327
#define NR_pipe2 4328
#define NR_clock_gettime64 4403
#endif

#if _MIPS_SIM == _ABI64
#define ARCH_START_GP ".cpsetup $31, $16, 1b\n"
#define ARCH_START_LA "dla $25, start_c\ndaddiu $29, $29, -32\n"
#else
#define ARCH_START_GP ".cpload $31\n"
#define ARCH_START_LA "la $25, start_c\naddiu $29, $29, -32\n"
#endif
/* Position-independent code finds its global pointer by $25, and the macro `la` by $28. */
#define ARCH_START                                                                                 \
	".set push\n"                                                                              \
	".set noreorder\n"                                                                         \
	"move $4, $29\n"                                                                           \
	"bal 1f\n"                                                                                 \
	"nop\n"                                                                                    \
	"1:\n" ARCH_START_GP ".set reorder\n" ARCH_START_LA                                        \
	"jalr $25\n"                                                                               \
	".set pop\n"

/* Release 6 has no hi and lo any more. */
#if __mips_isa_rev >= 6
#define ARCH_HI_LO
#else
#define ARCH_HI_LO "hi", "lo",
#endif

/* $7 says on return whether $2 is an error. */
static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r2 __asm__("$2") = nr;
	register long r4 __asm__("$4") = a;
	register long r5 __asm__("$5") = b;
	register long r6 __asm__("$6") = c;
	register long r7 __asm__("$7") = d;
#if _MIPS_SIM == _ABI64
	register long r8 __asm__("$8") = e;
	register long r9 __asm__("$9") = f;

	__asm__ volatile("syscall"
			 : "+r"(r2), "+r"(r7), "+r"(r8), "+r"(r9)
			 : "r"(r4), "r"(r5), "r"(r6)
			 : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25",
			   ARCH_HI_LO "memory");
#else
	register long r8 __asm__("$8") = e;
	register long r9 __asm__("$9") = f;

	/* o32 takes the fifth and sixth from the stack. */
	__asm__ volatile(".set push\n\t"
			 ".set noreorder\n\t"
			 "addiu $29, $29, -32\n\t"
			 "sw $8, 16($29)\n\t"
			 "sw $9, 20($29)\n\t"
			 "syscall\n\t"
			 "addiu $29, $29, 32\n\t"
			 ".set pop"
			 : "+r"(r2), "+r"(r7), "+r"(r8), "+r"(r9)
			 : "r"(r4), "r"(r5), "r"(r6)
			 : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25",
			   ARCH_HI_LO "memory");
#endif
	return r7 ? -r2 : r2;
}

#endif
