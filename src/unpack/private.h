/* What the files of kiln-unpack share. */
#ifndef UNPACK_PRIVATE_H
#define UNPACK_PRIVATE_H

#include "unpack/stream.h"
#include "unpack/unpack.h"

#include "base/str.h"

#include <archive.h>
#include <archive_entry.h>

struct unpack {
	const struct unpack_options *options;
	struct stream stream;
	const char *path; /* of the archive, for messages */
	int top;          /* where it goes */
	char *parent;     /* the directory of the last entry, NULL at first */
	int parent_fd;
	int64_t entries, bytes;
};

/* told.c. Always -1, an error of the user's. */
int hostile(const struct unpack *u, const char *name, const char *why, struct err *err);
/* The archive cannot be read on. */
int read_failed(const struct unpack *u, struct archive *a, struct err *err);
void note_count(const struct unpack *u, const char *what);

/* "./a//b/" -> "a/b", "" for the top itself. NULL after an error. */
char *name_normal(const struct unpack *u, const char *name, struct err *err);
/* Opens a directory below the top, made where it is not there, through no symlink. name is for messages. */
int dir_open(const struct unpack *u, struct view path, const char *name, int *out, struct err *err);
/* Makes u->parent_fd the directory of a normal name; *leaf is the rest of it. */
int parent_open(struct unpack *u, const char *name, const char **leaf, struct err *err);
/* Makes room: a later entry of the same name replaces an earlier one, as tar has it. */
int make_room(const struct unpack *u, const char *leaf, const char *name, struct err *err);

int put_entry(struct unpack *u, struct archive *a, struct archive_entry *entry, const char *raw, struct err *err);

/* tar.c: what unpack_tar says, in this process. */
int tar_unpack(const char *path, const char *dir, const struct unpack_options *options, struct err *err);
/* deb.c: what unpack_deb says. */
int deb_unpack(const char *deb, const char *package, const char *dir, char **tarball, struct err *err);

/* Mode, times and xattrs of a file or fifo of a root that was just made; fd may be -1 where there is none. */
int attributes_set(struct unpack *u, struct archive_entry *entry, const char *leaf, int fd, struct err *err);
/* Counts the xattrs that what is no file cannot have here. */
void attributes_lost(struct unpack *u, struct archive_entry *entry);
/* Names of an entry's xattrs, joined by commas. */
void xattr_names(struct archive_entry *entry, struct buf *names);

#endif
