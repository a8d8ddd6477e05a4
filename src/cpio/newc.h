/* The format of newc archives: for each entry a header of hex digits, its name, its content, each part padded. */
#ifndef CPIO_NEWC_H
#define CPIO_NEWC_H

#define NEWC_MAGIC "070701"
#define NEWC_END "TRAILER!!!" /* the name of what ends it */

/* A magic and 13 fields of 8 digits: inode, mode, uid, gid, links, mtime, size, major and minor of the device that it
 * was on, those of the device that it is, length of its name with its NUL, a check that newc leaves 0. */
enum { NEWC_HEAD = 6 + 13 * 8, NEWC_ALIGN = 4 };

/* The fields that are not the same for all. */
struct newc {
	unsigned inode, mode, links, size, major, minor;
};

#endif
