/* What is in a root: a text of one line an entry, in the order of their paths, in the form of mtree(5):
 *
 *	#mtree
 *	. type=dir mode=0755 uid=0 gid=0
 *	./etc/passwd type=file mode=0644 uid=0 gid=0 size=922 sha256digest=...
 *	./bin type=link mode=0777 uid=0 gid=0 link=usr/bin
 *	./dev/console type=char mode=0600 uid=0 gid=0 device=native,5,1
 *
 * A file with xattrs has xattrs=NAME,NAME at the end of its line. What is no letter of ASCII is written as \ooo.
 *Another name of a file (a hard link) is a file like the first: in a tree that nobody writes to there is no difference,
 *and sharing makes links of its own. */
#ifndef ROOT_MANIFEST_H
#define ROOT_MANIFEST_H

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

#include <stdint.h>

struct manifest_sums {
	char digest[HASH_HEX]; /* of the manifest's text */
	int64_t files, bytes;  /* regular files, and their content */
};

/* Lists what lies below dir into a file. The caller's own files count as root's, whose they are inside. */
int manifest_of_tree(const char *dir, const char *file, struct manifest_sums *sums, struct err *err);

/* Unpacks a tar archive into dir, which is there and empty, and writes its manifest, with modes and owners as the
 * archive has them, to file. notes (an object) is told how often something could not be kept, by what it is. On a
 * failure dir is removed with all that is in it: ERR_USER when the archive is to blame. */
int root_unpack(const char *tar, const char *dir, const char *file, json_t *notes, struct err *err);

/* Shares files with other roots: those of a manifest that have the same content, mode and date become names of one
 * file, which is pool/ab/SHA256-MODE-DATE. What cannot be shared (another file system, too many links, xattrs) is left
 * as it is. May be repeated, and killed at any time. */
int tree_share(const char *dir, const char *manifest, const char *pool, struct err *err);

struct pool_sums {
	int64_t files, bytes; /* that were removed */
};
/* Removes from the pool what no root has any more. */
int pool_sweep(const char *pool, struct pool_sums *sums, struct err *err);

#endif
