/* Private to the folder: the sandbox as data, and the parts that make it real. */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <linux/filter.h>

enum op_type {
	OP_BIND_RO,
	OP_BIND_RW,
	OP_DEVICE,
	OP_TMPFS,
	OP_DIR,
	OP_SYMLINK,
	OP_FILE,
	OP_PROC,
	OP_DEV,
};

struct op {
	enum op_type type;
	char *inside;
	char *text; /* host path of a bind, target of a symlink, content of a file */
};

struct passed_fd {
	int host, inside;
};

struct sandbox {
	VEC(struct op) ops;
	VEC(char *) env; /* NAME=value */
	VEC(struct passed_fd) fds;
	char *dir;
	uint64_t file_size;
	bool nesting;
};

/* What the first process needs; made by the caller, so that nothing is allocated after the clone. */
struct start {
	const struct sandbox *sb;
	const char *const *argv; /* NULL: set up and end, to see whether it can be done */
	char *const *env;        /* NULL-terminated */
	struct sandbox_stdio stdio;
	struct sock_fprog filter;
	uid_t uid;
	gid_t gid;
	int caller; /* the caller's end of the socket pair, to be closed */
	int report;
};

/* What the first process tells its caller, one packet each. */
struct report {
	enum { REPORT_NONE, REPORT_ERROR, REPORT_STARTED, REPORT_ENDED } what;
	int status; /* as of waitpid, for REPORT_ENDED */
	struct err err;
};

/* world.c: mounts all and makes it the root; in the new mount namespace. */
int world_enter(const struct sandbox *sb, struct err *err);
/* remount.c: read-only binds where the kernel has no mount_setattr (before 5.12). After pivot_root. */
int remount_binds(const struct sandbox *sb, struct err *err);
/* init.c: the first process; does not return. */
_Noreturn void init_main(struct start *start);
/* program.c: the process that becomes the program; does not return. exec_fd takes a struct err when it
 * cannot. */
_Noreturn void program_main(const struct start *start, int exec_fd);
/* filter.c: the system calls that are refused, as a program for the kernel; insns are owned. */
int filter_make(bool nesting, struct sock_fprog *out, struct err *err);
/* spawn.c: sandbox_spawn, where a NULL argv only tries the set-up. */
int spawn(const struct sandbox *sb, const char *const *argv, const struct sandbox_stdio *stdio,
	  struct sandbox_child *child, struct err *err);
/* forbidden.c: the switch of this host that forbids user namespaces, as a sentence; owned, NULL when
 * none is known. */
char *forbidding_switch(void);

#endif
