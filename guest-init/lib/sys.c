/* The calls whose arguments differ between architectures. */
#include "sys.h"

#include "divide.h"

void *sys_map(size_t n)
{
	const int prot = SYS_PROT_READ | SYS_PROT_WRITE;
	const int flags = SYS_MAP_PRIVATE | ARCH_MAP_ANONYMOUS;
#if defined(ARCH_MMAP_STRUCT)
	const long args[6] = { 0, (long)n, prot, flags, -1, 0 };
	const long ret = SYS(NR_mmap, args);
#elif defined(NR_mmap2)
	const long ret = SYS(NR_mmap2, 0, n, prot, flags, -1, 0);
#else
	const long ret = SYS(NR_mmap, 0, n, prot, flags, -1, 0);
#endif

	/* Errors are the last 4095 values; on 32 bits a good address may be negative too. */
	return (unsigned long)ret > -4096UL ? NULL : (void *)ret;
}

long sys_poll(struct sys_pollfd *fds, unsigned int n, int ms)
{
#ifdef NR_poll
	return SYS(NR_poll, fds, n, ms);
#else
	uint32_t rest;
	const int64_t limit[2] = { divide((uint32_t)ms, 1000, &rest), (int64_t)rest * 1000000 };

	return SYS(NR_ppoll, fds, n, limit, NULL, 0);
#endif
}

long sys_wait(long pid, int *status, int options)
{
#ifdef NR_wait4
	return SYS(NR_wait4, pid, status, options, NULL);
#else
	/* waitid: si_code is word 2, then come the pid, the uid and the status. WEXITED is 4; idtype is
	 * P_ALL or P_PID. */
	int info[32] = { 0 };
	const int *about = info + (sizeof(long) == 8 ? 4 : 3);
	const long ret = SYS(NR_waitid, pid < 0 ? 0 : 1, pid, info, options | 4, NULL);

	if (ret < 0 || !about[0])
		return ret;
	*status = info[2] == 1 ? (about[2] & 0xff) << 8 : about[2] & 0x7f;
	return about[0];
#endif
}

static uint32_t milliseconds(uint32_t seconds, uint32_t nanoseconds)
{
	uint32_t rest;

	return seconds * 1000 + divide(nanoseconds, 1000000, &rest);
}

bool sys_clock(uint32_t *ms)
{
#ifdef NR_clock_gettime64
	int64_t now64[2];

	if (SYS(NR_clock_gettime64, 1 /* CLOCK_MONOTONIC */, now64) == 0) {
		*ms = milliseconds((uint32_t)now64[0], (uint32_t)now64[1]);
		return true;
	}
#endif
#ifdef NR_clock_gettime /* on 32 bits: kernels before 5.1 */
	long now[2];

	if (SYS(NR_clock_gettime, 1, now) == 0) {
		*ms = milliseconds((uint32_t)now[0], (uint32_t)now[1]);
		return true;
	}
#endif
	return false;
}
