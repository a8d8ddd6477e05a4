/* Kernel sources: whatever a person names becomes a read-only tree with a record.
 *
 *	HOME/sources/<id>/tree           files a-w; directories stay writable for their owner, so that a plain
 *	                                 removal works
 *	HOME/sources/<id>/source.json    the record:
 *	  id         name-<first 12 digits of digest>
 *	  digest     the git tree id; a tarball's SHA-256; of a plain directory the SHA-256 over its sorted
 *	             (mode, path, content)
 *	  kind       dir, git, tar, deb
 *	  name, spec, release ("6.1.192"), imported (a date), files, bytes
 *	  commit, branch, describe         "" when there is none
 *	  date       unix seconds of the commit, 0 when unknown
 *	  order      text that sorts as commits do: commit date, then a count among commits of one second
 *	  dirty      the work tree differed from its commit
 *	  package    of a deb: {"name","version","verified": how}
 *	  skipped    sockets and devices of a plain directory that were left out
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "base/err.h"
#include "base/json.h"

#include <stdint.h>

/* Told now and then during what takes long; bytes is how far it is. */
struct source_progress {
	void (*tell)(void *arg, const char *what, int64_t bytes);
	void *arg;
};

/* What a spec may be, for messages and help. */
#define SOURCE_FORMS                                                                                \
	"a directory, DIRECTORY@REVISION or git:DIRECTORY@REVISION of a git repository, a tarball " \
	"(.tar, .tar.gz, .tar.xz, .tar.zst), or deb:PACKAGE[/SUITE]"

/* Imports what spec names, or finds it imported; *record is a new reference. Safe against kills and against
 * others who import the same: one works, the others wait. progress may be NULL. ERR_USER: no such thing,
 * no kernel, a damaged or hostile archive, a tree that changes while it is read. */
int source_import(const char *home, const char *spec, const struct source_progress *progress, json_t **record,
		  struct err *err);

/* The mirror of the host's own Debian release, as its apt has it; owned. ERR_USER when apt has none. */
int source_apt_mirror(char **mirror, struct err *err);

/* The record of an imported source by its id, without a look at its tree. New reference. */
int source_load(const char *home, const char *id, json_t **record, struct err *err);

/* HOME/sources/<id>/tree, owned. */
char *source_tree(const char *home, const char *id);

/* {"id","digest"}: the source as a step's spec names it. New reference. */
json_t *source_spec(const json_t *record);

#endif
