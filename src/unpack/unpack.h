/* Archives that nobody vouches for, unpacked by an ordinary user: whatever the archive holds, nothing is written
 * outside the directory it goes to. It is done by kiln-unpack, a program of its own: so whoever never unpacks does not
 * load what reads archives, and what goes wrong in that ends the program alone. */
#ifndef UNPACK_UNPACK_H
#define UNPACK_UNPACK_H

#include "base/err.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One entry as the archive has it, which is not always what lies on the disk. Borrowed. */
struct unpack_entry {
	const char *path;       /* a/b, "" for the top itself */
	mode_t mode;            /* type and permissions */
	int64_t uid, gid, size; /* size of a file's content */
	unsigned major, minor;  /* of a device */
	const char *target;     /* of a symlink */
	const char *link;       /* of a hard link: the entry it is another name of */
	const char *digest;     /* SHA-256 of a file's content */
	const char *xattrs;     /* their names, joined by commas, or NULL */
	int64_t mtime, mtime_nsec;
};

struct unpack_options {
	/* What is kept. Without it a source: files are read-only, with or without the right to execute; whatever is no
	 * file, no directory and no link is refused. With it a root file system: modes, times and xattrs of user.* are
	 * kept; device nodes and sockets are left out; setuid and setgid bits are dropped, since the files are the
	 * caller's and would lend the caller's rights to anybody who can reach them; the owner may always read.
	 * Directories stay as they are made, writable for their owner: who gets the entries gives them their modes when
	 * all is in them. */
	bool root;
	/* Of a root, how often something could not be kept: {"device nodes left out": 12}. Counted into; may be NULL.
	 */
	json_t *notes;
	const char *hint; /* for the message on a file that is no tar archive, "a source is ...", or NULL */
	/* Each may be NULL: told of an entry that was unpacked (of a root only), and of n more bytes. */
	void (*entry)(void *arg, const struct unpack_entry *entry);
	void (*tell)(void *arg, int64_t n);
	void *arg;
};

/* Unpacks the archive (plain or compressed by gzip, bzip2, xz, lzma or zstd) into dir, which is there and empty.
 * ERR_USER: the archive is hostile (the message names the entry), damaged, cut short or none. What was unpacked until
 * then stays. */
int unpack_tar(const char *path, const char *dir, const struct unpack_options *options, struct err *err);

/* Takes /usr/src/PACKAGE.tar.* out of a Debian package into dir. *tarball is where it is then; owned. ERR_USER: it
 * holds none; ERR_INFRA: it is damaged. */
int unpack_deb(const char *deb, const char *package, const char *dir, char **tarball, struct err *err);
/* How the name of such a tarball may end, the best first; ends with NULL. */
extern const char *const unpack_deb_ends[];

#endif
