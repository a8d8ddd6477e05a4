/* The architecture that is compiled for: its system call, its start, and the numbers it gives to calls.
 * Facts are those of the kernel's UAPI headers and syscall tables; nothing of a libc is used. */
#ifndef LIB_ARCH_H
#define LIB_ARCH_H

#if defined(__x86_64__) || defined(__i386__)
#include "../arch/x86.h"
#elif defined(__aarch64__)
#include "../arch/arm64.h"
#elif defined(__arm__)
#include "../arch/arm.h"
#elif defined(__mips__)
#include "../arch/mips.h"
#elif defined(__riscv)
#include "../arch/riscv.h"
#elif defined(__loongarch64)
#include "../arch/loongarch.h"
#elif defined(__powerpc__) || defined(__powerpc64__)
#include "../arch/powerpc.h"
#elif defined(__sparc__)
#include "../arch/sparc.h"
#elif defined(__m68k__)
#include "../arch/m68k.h"
#elif defined(__alpha__)
#include "../arch/alpha.h"
#elif defined(__hppa__)
#include "../arch/parisc.h"
#elif defined(__s390x__)
#include "../arch/s390.h"
#elif defined(__sh__)
#include "../arch/sh.h"
#elif defined(__MICROBLAZE__) || defined(__microblaze__)
#include "../arch/microblaze.h"
#elif defined(__or1k__) || defined(__OR1K__)
#include "../arch/openrisc.h"
#else
#error "no arch/<name>.h for this architecture yet"
#endif

/* include/uapi/asm-generic, where the architecture has no value of its own. */
#ifndef ARCH_MAP_ANONYMOUS
#define ARCH_MAP_ANONYMOUS 0x20
#endif
#ifndef ARCH_TCSBRK
#define ARCH_TCSBRK 0x5409
#endif

#endif
