/* The SHA-256 of a file, remembered for as long as the file looks untouched. */
#ifndef BASE_STAMP_H
#define BASE_STAMP_H

#include "base/err.h"
#include "base/hash.h"

/* As hash_file, but a digest computed before is taken from HOME/cache/stamp/ when device, inode, size, mtime
 * and ctime are the same. A cache that cannot be written costs time, not the call. */
int stamp_digest(const char *home, const char *path, char hex[static HASH_HEX], struct err *err);

#endif
