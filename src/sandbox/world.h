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

/* A format of programs and who runs them; as binfmt_misc's register takes it. */
struct binfmt {
	char *name, *magic, *mask; /* magic and mask as \xNN */
	char *interpreter;         /* on the host */
};

struct sandbox {
	VEC(struct op) ops;
	VEC(char *) lowers; /* directories of the host that are the root, the uppermost first; none: an empty world */
	bool in_place;      /* the one lower is the root itself, and written to */
	VEC(struct binfmt) binfmts;
	VEC(char *) env; /* NAME=value */
	VEC(struct passed_fd) fds;
	char *dir;
	uint64_t file_size;
	bool nesting, superuser, network, terminal;
};

/* What the first process needs; made by the caller, so that nothing is allocated after the clone. */
struct start {
	const struct sandbox *sb;
	const char *const *argv; /* NULL: set up and end, to see whether it can be done */
	char *const *env;        /* NULL-terminated */
	struct sandbox_stdio stdio;
	struct sock_fprog filter;
	char *const *formats; /* of each of sb's binfmts, what register takes */
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

struct world {
	int base;        /* the tmpfs that is the root of an empty world, and holds what is written to others */
	int root;        /* what becomes / */
	bool old_kernel; /* no mount_setattr: binds are made read-only once pivot_root is done */
};

/* world.c: mounts all and makes it the root; in the new mount namespace. */
int world_enter(const struct start *start, struct err *err);
/* Looks a path up as if the new root were /, whatever symlinks a bound directory holds. */
int open_inside(const struct world *w, const char *path, uint64_t flags);

/* mount.c: a new file system, not yet attached: its fd. mode may be NULL. */
int new_fs(const char *type, const char *mode, unsigned flags, struct err *err);
/* Attaches a mount at what target is open on. */
int attach(int tree, int target, const char *path, struct err *err);

/* tree.c: the sandbox's own root, out of its directories: opened while the host's paths are still the host's (fds
 * has room for each), then mounted. */
int tree_open(const struct sandbox *sb, int *fds, struct err *err);
int tree_mount(struct world *w, const struct sandbox *sb, const int *fds, struct err *err);

/* binfmt.c: text is what register takes; owned. */
char *binfmt_text(const struct binfmt *b);
/* Whether an entry of the host's table, as it reads, is enabled, has the flag F and takes the format of this magic
 * (\xNN). Pure. */
bool binfmt_serves(struct view text, const char *magic);
/* Registers the formats in a table of this namespace's own: its mount, or -1 without an error where this kernel has
 * none and the host's table has all that is needed. */
int binfmt_open(const struct sandbox *sb, char *const *texts, int *mount, struct err *err);
/* remount.c: read-only binds where the kernel has no mount_setattr (before 5.12). After pivot_root. */
int remount_binds(const struct sandbox *sb, struct err *err);
/* init.c: the first process; does not return. */
_Noreturn void init_main(struct start *start);
/* program.c: the process that becomes the program; does not return. exec_fd takes a struct err when it
 * cannot. */
_Noreturn void program_main(const struct start *start, int exec_fd);
/* filter.c: the system calls that are refused, as a program for the kernel; insns are owned. */
int filter_make(const struct sandbox *sb, struct sock_fprog *out, struct err *err);
/* spawn.c: sandbox_spawn, where a NULL argv only tries the set-up. */
int spawn(const struct sandbox *sb, const char *const *argv, const struct sandbox_stdio *stdio,
	  struct sandbox_child *child, struct err *err);
/* forbidden.c: the switch of this host that forbids user namespaces, as a sentence; owned, NULL when
 * none is known. */
char *forbidding_switch(void);

#endif
