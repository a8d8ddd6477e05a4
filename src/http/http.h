/* Requests to one HTTP server: small answers, a token that leaves for that server alone. Not for files: those are
 * root/mirror.h's. One session is one thread's, but for http_stop. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct http;

struct http_options {
	const char *base;  /* "https://lab.example/": what paths are appended to */
	const char *token; /* sent as "Authorization: Token ..."; NULL: none. Never part of an error */
	const char *ca;    /* file with the certificates to trust, or NULL: the system's */
	int connect_ms;    /* 0: 10 s */
	int answer_ms;     /* of a whole request, 0: 60 s */
	size_t max;        /* bytes of an answer, 0: 16 MiB; more is ERR_INFRA with num EFBIG */
};

/* Strings are copied. ERR_USER for a base that is no http or https URL, or that holds a name and password. */
int http_new(const struct http_options *options, struct http **out, struct err *err);
void http_free(struct http *h);

struct http_request {
	const char *path;   /* behind the base, without its first slash; may have a query */
	const char *method; /* NULL: GET, with a body POST */
	const char *body;   /* or NULL */
	const char *type;   /* of the body; NULL: application/json */
	const char *user;   /* the token goes as this user's password (Basic) instead */
	bool harmless;      /* with a body: changes nothing there, and may arrive twice */
	int64_t from, to;   /* bytes asked for by a Range header where to > from; to is the first that is not */
};

struct http_reply {
	long status;
	struct buf body;
	bool json;               /* the content type says so */
	int64_t retry_ms;        /* what Retry-After asks for, 0: nothing */
	int64_t clock_offset_ms; /* the server's Date minus our clock; 0 without one */
};
void http_reply_free(struct http_reply *reply);

/* 0 for whatever the server answered, errors among it. A redirect is followed within the same scheme, host and port
 * only, and never for a POST. ERR_INFRA, with reply->status 0, when there is no answer: no such host, refused, a
 * certificate that does not fit, too slow, cut off. */
int http_ask(struct http *h, const struct http_request *request, struct http_reply *reply, struct err *err);

/* From any thread: the request that is under way ends, and those that follow are not sent, both ERR_INFRA with num
 * ECANCELED, until http_go_on. */
void http_stop(struct http *h);
/* After a stop: requests are sent again, which all together may take so long. */
void http_go_on(struct http *h, int64_t ms);

/* Requests that were sent so far. */
int64_t http_count(const struct http *h);

/* Appends text as a part of a path or query: what is not unreserved (RFC 3986) as %XX. */
void http_escape(const char *text, struct buf *out);

#endif
