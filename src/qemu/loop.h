/* The loop that watches one running QEMU: its console, its errors, its QMP and the clock, until it has ended. */
#ifndef QEMU_LOOP_H
#define QEMU_LOOP_H

#include "base/err.h"
#include "base/str.h"
#include "judge/judge.h"
#include "sandbox/sandbox.h"

#include <stdbool.h>
#include <stdint.h>

enum loop_end {
	LOOP_DECIDED, /* the judge has its verdict */
	LOOP_EXIT,    /* the guest powered off, or QEMU ended for no reason it gave */
	LOOP_REBOOT,  /* the guest asked for a reset */
	LOOP_LIMIT,
	LOOP_SILENCE,
	LOOP_FLOOD,
	LOOP_BROKEN, /* QEMU itself failed: see problem */
	LOOP_LEFT,   /* the person at the console left */
};

struct loop_options {
	struct judge *judge;
	struct sandbox_child *child;
	/* All borrowed; they become non-blocking. */
	int console; /* read: QEMU's stdout */
	int errors;  /* read: QEMU's stderr */
	int keys;    /* socket: QEMU's stdin */
	int qmp;     /* socket */
	int log;     /* write: the console as it came, up to max_bytes */
	uint64_t max_bytes;
	int64_t limit_ms, silence_ms;      /* 0: none */
	bool poweroff_hangs, reboot_hangs; /* the machine stays on: the kernel's last words end it */
	bool debugger;                     /* gdb starts and stops the machine */
	bool typing;                       /* stdin and stdout are the console */
};

struct loop_result {
	enum loop_end end;
	bool started;      /* the machine ran */
	bool panicked;     /* the guest said so through a device for that */
	char problem[512]; /* of LOOP_BROKEN */
	struct buf errors; /* the first 64 KiB of QEMU's stderr */
	uint64_t bytes;    /* of console seen */
	int64_t ended_at;  /* clock_ms() when the end was known */
};

/* Returns when the process has ended, or was killed 500 ms after an end that it did not follow.
 * sandbox_wait is still due, also after an error. */
int loop_run(const struct loop_options *options, struct loop_result *result, struct err *err);
void loop_result_free(struct loop_result *result);

#endif
