/* A process in its own user, mount, pid, ipc, uts, cgroup and network namespaces, with only the paths it
 * was given. The set-up is a list of operations, executed in order in the child. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sandbox;

enum sandbox_access { SANDBOX_RO, SANDBOX_RW };

/* Whoever calls is this user and group inside, so that all builds see the same world; files come out
 * owned by the caller. */
enum { SANDBOX_UID = 1000 };

/* An empty world: a tmpfs root with /proc, a minimal /dev (null zero full random urandom tty ptmx pts shm
 * fd stdin stdout stderr), a private /tmp and nothing else. Strings given are copied. */
struct sandbox *sandbox_new(void);
void sandbox_free(struct sandbox *sb);
void sandbox_free_at(struct sandbox **sb);
#define autosandbox __attribute__((cleanup(sandbox_free_at)))

/* Operations. inside is an absolute path other than /; parents are made. A missing host path is an
 * error at spawn that names it. Binds are nosuid and nodev; RO binds are read-only all the way down.
 * What no operation made writable is read-only. */
void sandbox_bind(struct sandbox *sb, const char *host, const char *inside, enum sandbox_access access);
void sandbox_bind_device(struct sandbox *sb, const char *host, const char *inside);
void sandbox_tmpfs(struct sandbox *sb, const char *inside);
void sandbox_dir(struct sandbox *sb, const char *inside);
void sandbox_symlink(struct sandbox *sb, const char *target, const char *inside);
void sandbox_file(struct sandbox *sb, const char *inside, const char *text); /* a small file */
/* The host's programs and libraries, read-only: /usr, and /bin /sbin /lib* as the host has them, the
 * parts of /etc that programs need to start (ld.so.cache, alternatives), a passwd and group of its own. */
void sandbox_host_system(struct sandbox *sb);

void sandbox_env(struct sandbox *sb, const char *name, const char *value); /* starts empty but PATH, HOME=/tmp */
void sandbox_chdir(struct sandbox *sb, const char *inside);
/* Passes a descriptor on under that number; all others but 0, 1, 2 are closed. */
void sandbox_fd(struct sandbox *sb, int host_fd, int inside_fd);
/* The largest file that a program may write, in bytes; 0 is no limit. */
void sandbox_limit(struct sandbox *sb, uint64_t file_size);

/* A root of its own in place of the empty world: these directories of the host laid over each other, the first
 * on top. What is written goes to memory and is thrown away with the sandbox. Programs of the 32-bit
 * sibling of the host's architecture run, too. The set-up ends with an error where a directory holds
 * files of another owner than the caller's: see root/. */
void sandbox_root(struct sandbox *sb, const char *const *dirs, size_t n);
/* The directory is the root and is written to. */
void sandbox_root_in_place(struct sandbox *sb, const char *dir);
/* Programs of this format are run by an interpreter of the host, which must be static. Magic and mask as binfmt_misc
 * takes them, \xNN. From Linux 6.7 on the sandbox has a table of its own; before, the host's table must have an
 * entry for the format with the flag F, and the error at spawn says so. */
void sandbox_binfmt(struct sandbox *sb, const char *name, const char *magic, const char *mask, const char *interpreter);
/* Whoever calls is root inside, and keeps that root's capabilities; it cannot make writable what is bound read-only,
 * take a mount of the sandbox away, or mount a new /proc (a bind of the one that is there does). A change to another
 * owner or user, which a mapping of one user does not have, is answered with success and not done: packages can be
 * unpacked so, all of one owner. */
void sandbox_superuser(struct sandbox *sb);
/* The host's network stays, with the files that say how it is used (/etc/resolv.conf, /etc/hosts): for downloads.
 * Abstract sockets of the host are out of reach from Linux 6.12 on. */
void sandbox_network(struct sandbox *sb);
/* The program keeps the terminal: it is put into the foreground, and job control works. */
void sandbox_terminal(struct sandbox *sb);

/* Lets programs make namespaces and mounts of their own, which the system call filter else refuses. */
void sandbox_allow_nesting(struct sandbox *sb);

struct sandbox_child {
	pid_t pid;  /* of the sandbox's first process as the host sees it */
	int pidfd;  /* readable when all has ended; owned */
	int report; /* private to the module: the way the exit status comes; owned */
};

struct sandbox_stdio {
	int in, out, err; /* -1: /dev/null */
};

/* Starts argv (argv[0] absolute, or looked up in the sandbox's PATH). Everything in the sandbox dies
 * with its first program, and when the thread that called this dies. Errors in set-up come back here with the operation
 * that failed and, where the host forbids namespaces, the switch that does it. */
int sandbox_spawn(const struct sandbox *sb, const char *const *argv, const struct sandbox_stdio *stdio,
		  struct sandbox_child *child, struct err *err);
/* Waits for the end of everything inside; *status as of waitpid for the program itself (SIGKILL when
 * the sandbox was ended first). Usage, of all inside, may be NULL. Closes the descriptors. */
struct rusage;
int sandbox_wait(struct sandbox_child *child, int *status, struct rusage *usage, struct err *err);
/* Sends a signal to the program: its first process passes it on, a moment later. */
void sandbox_signal(struct sandbox_child *child, int signal);
/* Ends everything inside at once; sandbox_wait is still due. */
void sandbox_kill(struct sandbox_child *child);

/* What this host allows: NULL when a sandbox can be made, else an owned sentence that names the
 * sysctl, AppArmor profile or kernel option that forbids it and what to do. */
char *sandbox_forbidden(void);
/* The same of this very sandbox, of which nothing is run. */
char *sandbox_refused(const struct sandbox *sb);

#endif
