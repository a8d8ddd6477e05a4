/* The log of a job, fetched as it grows. */
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "lab/boot.h"

#include <errno.h>

enum { LOG_LINES = 4000 };

/* One piece of whole lines, at most so many. 1: there may be more. */
static int piece_fetch(struct lab *lab, struct boot *b, int64_t lines, struct err *err)
{
	int64_t before = b->log.lines;
	autofree char *path = mem_printf("api/v0.2/jobs/%lld/logs/?start=%lld&end=%lld", (long long)b->id,
					 (long long)before, (long long)(before + lines));
	const struct http_request request = { .path = path };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };

	if (client_ask(lab, &request, &reply, err) < 0)
		return -1;
	if (reply.status == 404) /* none yet, or no more */
		return 0;
	if (reply.status != 200)
		return err_infra(err, EIO, "lab %s: %s: HTTP %ld", lab->entry->name, path, reply.status);
	boot_log(b, reply.body.data, reply.body.n);
	lab_log_cut(&b->log);
	return b->log.lines - before >= lines;
}

int log_fetch(struct lab *lab, struct boot *b, struct err *err)
{
	int64_t lines = LOG_LINES;

	for (;;) {
		int more = piece_fetch(lab, b, lines, err);

		/* LAVA's lines have up to a million bytes. */
		if (more < 0 && err->num == EFBIG && lines > 1) {
			lines /= 4;
			*err = (struct err){ 0 };
			continue;
		}
		if (more <= 0)
			return more;
	}
}
