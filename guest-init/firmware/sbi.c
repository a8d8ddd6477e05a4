/* Machine-mode firmware of a 32-bit RISC-V "virt" machine with one hart: what a kernel needs of the Supervisor Binary
 * Interface (SBI specification 1.0), and no more. It starts at the first byte of RAM, with the hart's number in a0, the
 * device tree in a1 and in a2 where QEMU put the kernel (struct next). It stays in memory, and reserves its place in
 * the device tree. */
#include <stddef.h>
#include <stdint.h>

/* The compiler is told of no extension with a name of its own, for older ones know none. */
#ifndef __clang__
__asm__(".option arch, +zicsr, +zifencei");
#endif

#define BASE 0x80000000u
#define SIZE 0x00100000u /* reserved */

/* Devices of the machine. */
#define UART ((volatile uint8_t *)0x10000000)
#define FINISHER ((volatile uint32_t *)0x00100000)
#define MTIMECMP ((volatile uint32_t *)0x02004000)

enum { UART_LSR = 5, UART_LSR_EMPTY = 0x20 };
enum { FINISH_OFF = 0x5555, FINISH_RESET = 0x7777 };

/* Bits of mie, mip and mideleg; causes of mcause. */
enum { SSI = 1 << 1, STI = 1 << 5, MTI = 1 << 7, SEI = 1 << 9 };
enum { CAUSE_ECALL_S = 9, CAUSE_ECALL_M = 11, CAUSE_MTI = 7 };
#define CAUSE_INTERRUPT 0x80000000u
/* All exceptions of the kernel and its programs but its own calls. */
#define DELEGATED 0x0000b1ffu

enum {
	EID_SET_TIMER,
	EID_PUTCHAR,
	EID_GETCHAR,
	EID_CLEAR_IPI,
	EID_SEND_IPI,
	EID_FENCE_I,
	EID_SFENCE,
	EID_SFENCE_ASID,
	EID_SHUTDOWN,
	EID_BASE = 0x10,
	EID_TIME = 0x54494d45,
	EID_IPI = 0x00735049,
	EID_RFENCE = 0x52464e43,
	EID_HSM = 0x0048534d,
	EID_SRST = 0x53525354,
};
enum { SBI_OK = 0, SBI_NOT_SUPPORTED = -2, SBI_INVALID = -3 };

/* The registers of the interrupted program, as trap_entry saves them. */
struct frame {
	uint32_t ra, t[7], a[8];
};

/* What QEMU tells of the kernel (struct fw_dynamic_info). */
struct next {
	uint32_t magic, version, address, mode, options, boot_hart;
};

#define READ(csr)                                                 \
	({                                                        \
		uint32_t value_;                                  \
		__asm__ volatile("csrr %0, " csr : "=r"(value_)); \
		value_;                                           \
	})
#define WRITE(csr, value) __asm__ volatile("csrw " csr ", %0" : : "r"((uint32_t)(value)) : "memory")
#define SET(csr, bits) __asm__ volatile("csrs " csr ", %0" : : "r"((uint32_t)(bits)) : "memory")
#define CLEAR(csr, bits) __asm__ volatile("csrc " csr ", %0" : : "r"((uint32_t)(bits)) : "memory")

uint32_t stack[1024] __attribute__((aligned(16)));
static uint32_t own_hart;
static int has_stimecmp;

void firmware_main(uint32_t hart, uint8_t *tree, const struct next *next);
void firmware_trap(struct frame *frame);
void *memmove(void *to, const void *from, size_t n);

/* Other harts wait for ever. */
__asm__(".section .boot, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	csrw mie, zero\n"
	"	lw t0, 20(a2)\n"
	"	bne a0, t0, 1f\n"
	"	la sp, stack + 4096\n"
	"	j firmware_main\n"
	"1:	wfi\n"
	"	j 1b\n"
	".text\n"
	".balign 4\n"
	"trap_entry:\n"
	"	csrrw sp, mscratch, sp\n"
	"	addi sp, sp, -64\n"
	"	sw ra, 0(sp)\n"
	"	sw t0, 4(sp)\n"
	"	sw t1, 8(sp)\n"
	"	sw t2, 12(sp)\n"
	"	sw t3, 16(sp)\n"
	"	sw t4, 20(sp)\n"
	"	sw t5, 24(sp)\n"
	"	sw t6, 28(sp)\n"
	"	sw a0, 32(sp)\n"
	"	sw a1, 36(sp)\n"
	"	sw a2, 40(sp)\n"
	"	sw a3, 44(sp)\n"
	"	sw a4, 48(sp)\n"
	"	sw a5, 52(sp)\n"
	"	sw a6, 56(sp)\n"
	"	sw a7, 60(sp)\n"
	"	mv a0, sp\n"
	"	call firmware_trap\n"
	"	lw ra, 0(sp)\n"
	"	lw t0, 4(sp)\n"
	"	lw t1, 8(sp)\n"
	"	lw t2, 12(sp)\n"
	"	lw t3, 16(sp)\n"
	"	lw t4, 20(sp)\n"
	"	lw t5, 24(sp)\n"
	"	lw t6, 28(sp)\n"
	"	lw a0, 32(sp)\n"
	"	lw a1, 36(sp)\n"
	"	lw a2, 40(sp)\n"
	"	lw a3, 44(sp)\n"
	"	lw a4, 48(sp)\n"
	"	lw a5, 52(sp)\n"
	"	lw a6, 56(sp)\n"
	"	lw a7, 60(sp)\n"
	"	addi sp, sp, 64\n"
	"	csrrw sp, mscratch, sp\n"
	"	mret\n"
	/* A register that this hart does not have: its write is passed over, and t1 is zero. */
	".balign 4\n"
	"trap_skip:\n"
	"	csrr t0, mepc\n"
	"	addi t0, t0, 4\n"
	"	csrw mepc, t0\n"
	"	li t1, 0\n"
	"	mret\n");

extern char trap_entry[], trap_skip[];

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t < f)
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	else
		while (n--)
			t[n] = f[n];
	return to;
}

static void put(char c)
{
	while (!(UART[UART_LSR] & UART_LSR_EMPTY))
		;
	UART[0] = (uint8_t)c;
}

static void say(const char *s)
{
	for (; *s; s++)
		put(*s);
}

static void say_hex(uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

static void finish(uint32_t how)
{
	*FINISHER = how;
	for (;;)
		__asm__ volatile("wfi");
}

static uint32_t big_endian(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

/* One entry more at the front of the tree's list of reserved memory, which stands between its head and its structure;
 * QEMU leaves room behind the tree. Devicetree specification 0.3, chapter 5. */
static void tree_reserve(uint8_t *tree)
{
	uint32_t *head = (uint32_t *)tree;
	uint32_t size = big_endian(head[1]), list = big_endian(head[4]);
	uint32_t *entry = (uint32_t *)(tree + list);

	if (head[0] != big_endian(0xd00dfeed) || big_endian(head[2]) < list || big_endian(head[3]) < list)
		return;
	memmove(tree + list + 16, tree + list, size - list);
	entry[0] = entry[2] = 0;
	entry[1] = big_endian(BASE);
	entry[3] = big_endian(SIZE);
	head[1] = big_endian(size + 16);
	head[2] = big_endian(big_endian(head[2]) + 16);
	head[3] = big_endian(big_endian(head[3]) + 16);
}

/* Where the hart has a timer for the supervisor (Sstc, bit STCE of menvcfg), the kernel uses it without us. Some QEMU
 * keep the bit without having the timer, so that its register is read, too. */
static int stimecmp_enable(void)
{
	uint32_t there;

	WRITE("mtvec", trap_skip);
	__asm__ volatile("	li t1, 1\n"
			 "	slli t2, t1, 31\n"
			 "	csrs 0x31a, t2\n" /* menvcfgh */
			 "	csrr t2, 0x14d\n"
			 "	mv %0, t1\n"
			 : "=r"(there)
			 :
			 : "t0", "t1", "t2", "memory");
	return (int)there;
}

static void timer_set(uint32_t low, uint32_t high)
{
	if (has_stimecmp) {
		WRITE("0x14d", low);
		WRITE("0x15d", high);
		return;
	}
	MTIMECMP[2 * own_hart + 1] = 0xffffffff; /* no early interrupt between the halves */
	MTIMECMP[2 * own_hart] = low;
	MTIMECMP[2 * own_hart + 1] = high;
	CLEAR("mip", STI);
	SET("mie", MTI);
}

static void fence(void)
{
	__asm__ volatile("fence.i\n	sfence.vma" : : : "memory");
}

static int is_known(uint32_t extension)
{
	return extension <= EID_SHUTDOWN || extension == EID_BASE || extension == EID_TIME || extension == EID_IPI ||
	       extension == EID_RFENCE || extension == EID_HSM || extension == EID_SRST;
}

static int call_base(uint32_t function, uint32_t argument, uint32_t *value)
{
	switch (function) {
	case 0:
		*value = 1 << 24; /* SBI 1.0 */
		return SBI_OK;
	case 1:
		*value = 0x4b494c4e; /* no registered implementation */
		return SBI_OK;
	case 2:
		*value = 1;
		return SBI_OK;
	case 3:
		*value = (uint32_t)is_known(argument);
		return SBI_OK;
	case 4:
		*value = READ("mvendorid");
		return SBI_OK;
	case 5:
		*value = READ("marchid");
		return SBI_OK;
	case 6:
		*value = READ("mimpid");
		return SBI_OK;
	}
	return SBI_NOT_SUPPORTED;
}

/* There is one hart, and it runs. */
static int call_hart(uint32_t function, uint32_t hart, uint32_t *value)
{
	if (function != 2)
		return SBI_NOT_SUPPORTED;
	*value = 0;
	return hart == own_hart ? SBI_OK : SBI_INVALID;
}

static int call_reset(uint32_t function, uint32_t type)
{
	if (function != 0)
		return SBI_NOT_SUPPORTED;
	if (type > 2)
		return SBI_INVALID;
	finish(type == 0 ? FINISH_OFF : FINISH_RESET);
	return SBI_OK;
}

static int call(const struct frame *f, uint32_t *value)
{
	switch (f->a[7]) {
	case EID_BASE:
		return call_base(f->a[6], f->a[0], value);
	case EID_TIME:
		timer_set(f->a[0], f->a[1]);
		return SBI_OK;
	case EID_IPI:
		SET("mip", SSI);
		return SBI_OK;
	case EID_RFENCE:
		fence();
		return SBI_OK;
	case EID_HSM:
		return call_hart(f->a[6], f->a[0], value);
	case EID_SRST:
		return call_reset(f->a[6], f->a[0]);
	}
	return SBI_NOT_SUPPORTED;
}

/* The calls of SBI 0.1 give one result. */
static uint32_t call_legacy(const struct frame *f)
{
	switch (f->a[7]) {
	case EID_SET_TIMER:
		timer_set(f->a[0], f->a[1]);
		return 0;
	case EID_PUTCHAR:
		put((char)f->a[0]);
		return 0;
	case EID_GETCHAR:
		return (uint32_t)-1;
	case EID_CLEAR_IPI:
		CLEAR("mip", SSI);
		return 0;
	case EID_SEND_IPI:
		SET("mip", SSI);
		return 0;
	case EID_SHUTDOWN:
		finish(FINISH_OFF);
		return 0;
	}
	fence();
	return 0;
}

void firmware_trap(struct frame *f)
{
	uint32_t cause = READ("mcause"), value = 0;

	if (cause == (CAUSE_INTERRUPT | CAUSE_MTI)) {
		CLEAR("mie", MTI);
		SET("mip", STI);
		return;
	}
	if (cause != CAUSE_ECALL_S) {
		say("sbi: unexpected trap, mcause ");
		say_hex(cause);
		say(" mepc ");
		say_hex(READ("mepc"));
		say(" mtval ");
		say_hex(READ("mtval"));
		say("\r\n");
		finish(FINISH_OFF);
	}
	WRITE("mepc", READ("mepc") + 4);
	if (f->a[7] <= EID_SHUTDOWN) {
		f->a[0] = call_legacy(f);
		return;
	}
	f->a[0] = (uint32_t)call(f, &value);
	f->a[1] = value;
}

void firmware_main(uint32_t hart, uint8_t *tree, const struct next *next)
{
	own_hart = hart;
	has_stimecmp = stimecmp_enable();
	WRITE("mtvec", trap_entry);
	WRITE("mscratch", stack + sizeof(stack) / sizeof(*stack));
	tree_reserve(tree);
	WRITE("pmpaddr0", 0xffffffff);
	WRITE("pmpcfg0", 0x1f); /* all of memory, to all */
	WRITE("medeleg", DELEGATED);
	WRITE("mideleg", SSI | STI | SEI);
	WRITE("mcounteren", 7);
	WRITE("scounteren", 7);
	WRITE("satp", 0);
	WRITE("mepc", next->address);
	CLEAR("mstatus", 3 << 11 | 1 << 7); /* MPP, MPIE */
	SET("mstatus", 1 << 11);            /* into supervisor mode */
	__asm__ volatile("mv a0, %0\n"
			 "	mv a1, %1\n"
			 "	mret\n"
			 :
			 : "r"(hart), "r"(tree)
			 : "a0", "a1", "memory");
	__builtin_unreachable();
}
