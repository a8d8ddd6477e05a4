/* The numbers of include/uapi/asm-generic/unistd.h, which the newer architectures share. */
#ifndef ARCH_GENERIC_H
#define ARCH_GENERIC_H

#define NR_dup3 24
#define NR_ioctl 29
#define NR_mknodat 33
#define NR_mkdirat 34
#define NR_unlinkat 35
#define NR_mount 40
#define NR_openat 56
#define NR_close 57
#define NR_pipe2 59
#define NR_getdents64 61
#define NR_read 63
#define NR_write 64
#define NR_sync 81
#define NR_exit 93
#define NR_waitid 95
#define NR_sched_setaffinity 122
#define NR_sched_getaffinity 123
#define NR_kill 129
#define NR_reboot 142
#define NR_uname 160
#define NR_getcpu 168
#define NR_finit_module 273
#define NR_getpid 172
#define NR_munmap 215
#define NR_clone 220
#define NR_execve 221
#define NR_mprotect 226
#if __SIZEOF_LONG__ == 8
#define NR_mmap 222
#define NR_ppoll 73
#define NR_clock_gettime 113
#define NR_wait4 260
#else
#define NR_mmap2 222
#define NR_ppoll 414 /* ppoll_time64 */
#define NR_clock_gettime64 403
#endif

#endif
