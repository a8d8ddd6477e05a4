/* What kiln-unpack says on its standard output: messages, each a head and as many bytes as that says. Both ends are of
 * one build, so numbers are as they are in memory. */
#ifndef UNPACK_WIRE_H
#define UNPACK_WIRE_H

#include <stdint.h>

enum wire_kind {
	WIRE_BYTES, /* int64_t: so many more */
	WIRE_ENTRY, /* struct wire_entry, texts */
	WIRE_NOTES, /* JSON */
	WIRE_PATH,  /* a text: what was asked for */
	WIRE_END,   /* struct err: how it ended; the last one */
};

struct wire_head {
	uint32_t kind, size;
};

/* The numbers of an unpack_entry; its texts follow, each a + and a NUL behind it, or a - where there is none. */
struct wire_entry {
	int64_t uid, gid, size, mtime, mtime_nsec;
	uint32_t mode, major, minor;
};

enum { WIRE_TEXTS = 5, WIRE_MAX = 4 << 20 };

#endif
