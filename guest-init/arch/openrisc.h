/* OpenRISC. */
#ifndef ARCH_OPENRISC_H
#define ARCH_OPENRISC_H

#include "generic.h"
#define NR_wait4 260

#define ARCH_START                                                                                 \
	"l.ori r3, r1, 0\n"                                                                        \
	"l.addi r1, r1, -16\n"                                                                     \
	"l.jal start_c\n"                                                                          \
	"l.nop\n"

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r11 __asm__("r11") = nr;
	register long r3 __asm__("r3") = a;
	register long r4 __asm__("r4") = b;
	register long r5 __asm__("r5") = c;
	register long r6 __asm__("r6") = d;
	register long r7 __asm__("r7") = e;
	register long r8 __asm__("r8") = f;

	__asm__ volatile("l.sys 1"
			 : "+r"(r11), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
			 :
			 : "r12", "r13", "r15", "r17", "r19", "r21", "r23", "r25", "r27", "r29", "r31",
			   "memory");
	return r11;
}

#endif
