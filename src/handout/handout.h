/* Files handed out over HTTP, each under a path that nobody can guess, for as long as it is offered. For labs that
 * fetch the artefacts of their jobs; there are no other pages. Threads of its own serve it. */
#ifndef HANDOUT_HANDOUT_H
#define HANDOUT_HANDOUT_H

#include "base/err.h"

#include <stdint.h>

struct handout;

struct handout_options {
	const char *listen; /* "127.0.0.1:8080", "[::1]:0": port 0 is any free one. An address, not a name */
	const char *url;    /* under which it is reached from outside, or NULL: http://LISTEN/ */
	int connections;    /* at once, 0: 64; a quarter of them from one address */
	int requests_per_s; /* 0: 200; what is beyond them is answered with 429 */
};

/* ERR_USER for an address that is none, or that is not this host's or in use (num EADDRINUSE). */
int handout_new(const struct handout_options *options, struct handout **out, struct err *err);
/* Waits for what is being sent. */
void handout_free(struct handout *h);

/* Offers a file under a name that ends its path; it is opened for each request. *url is owned, and also names the offer
 * when it is taken back. */
int handout_offer(struct handout *h, const char *path, const char *name, char **url, struct err *err);
/* Requests that are being answered go on. */
void handout_withdraw(struct handout *h, const char *url);

/* What it did so far. */
struct handout_counts {
	int64_t requests, bytes, refused;
};
struct handout_counts handout_counts(struct handout *h);

#endif
