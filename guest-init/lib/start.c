/* The first instructions of a program, and what a compiler calls without being asked. */
#include "sys.h"

int main(int argc, char **argv, char **envp);
_Noreturn void start_c(long *stack);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
int raise(int signal);

#ifdef ARCH_START_DESCRIPTOR
__asm__(".section \".opd\", \"aw\"\n"
	".balign 8\n"
	".globl _start\n"
	"_start: .quad .Lstart, .TOC.@tocbase, 0\n"
	".text\n"
	".balign 4\n"
	".Lstart:\n" ARCH_START);
#elif defined(__hppa__)
__asm__(".text\n"
	".balign 4\n"
	".globl _start\n"
	"_start:\n" ARCH_START ".data\n"
	".globl $global$\n"
	"$global$:\n"
	".text\n");
#else
__asm__(".text\n"
	".balign 8\n"
	".globl _start\n"
#ifdef __mips__
	".ent _start\n"
#endif
	".type _start, %function\n"
	"_start:\n" ARCH_START
#ifdef __mips__
	".end _start\n"
#endif
);
#endif

/* The kernel leaves the count, the arguments and the environment on the stack, in this order. */
__attribute__((used)) _Noreturn void start_c(long *stack)
{
	const int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	sys_exit(main(argc, argv, argv + argc + 1));
}

/* What the compiler's own library calls at a division by zero. */
__attribute__((used)) int raise(int signal)
{
	return (int)sys_kill(sys_getpid(), signal);
}

/* A compiler may turn these loops into calls of themselves unless it is told not to; the volatile
 * says it to every one of them. */
__attribute__((used)) void *memcpy(void *to, const void *from, size_t n)
{
	volatile char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

__attribute__((used)) void *memmove(void *to, const void *from, size_t n)
{
	volatile char *t = to;
	const volatile char *f = from;

	if ((uintptr_t)t <= (uintptr_t)f)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

__attribute__((used)) void *memset(void *to, int c, size_t n)
{
	volatile char *t = to;

	while (n--)
		*t++ = (char)c;
	return to;
}

__attribute__((used)) int memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;

	for (; n--; p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}
