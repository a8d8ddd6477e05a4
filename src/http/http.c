#define _GNU_SOURCE
#include "http/http.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { CONNECT_MS = 10000, ANSWER_MS = 60000, ANSWER_MAX = 16 << 20, REDIRECTS = 3, POLL_MS = 1000 };

struct http {
	CURL *curl;
	CURLM *multi; /* of this one request: what waits there can be woken */
	atomic_bool stopped;
	int64_t until; /* clock_ms when all has to be answered, 0: no such time */
	char *base, *token, *ca;
	int connect_ms, answer_ms;
	size_t max;
	int64_t count;
	char message[CURL_ERROR_SIZE];
};

/* One answer as it arrives. */
struct arriving {
	struct buf *body;
	size_t max;
	bool too_much;
};

static void url_free(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void text_free(char **text)
{
	curl_free(*text);
}

static bool part_same(CURLU *a, CURLU *b, CURLUPart part)
{
	CLEANUP(text_free) char *x = NULL, *y = NULL;

	return curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && strcasecmp(x, y) == 0;
}

/* Scheme, host and port: whoever answers at one of both is the other. */
static bool server_same(const char *a, const char *b)
{
	CLEANUP(url_free) CURLU *x = curl_url(), *y = curl_url();

	return curl_url_set(x, CURLUPART_URL, a, 0) == CURLUE_OK && curl_url_set(y, CURLUPART_URL, b, 0) == CURLUE_OK &&
	       part_same(x, y, CURLUPART_SCHEME) && part_same(x, y, CURLUPART_HOST) && part_same(x, y, CURLUPART_PORT);
}

static bool has_part(CURLU *url, CURLUPart part)
{
	CLEANUP(text_free) char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

/* Why it cannot be a base, or NULL. */
static const char *base_fault(const char *base)
{
	CLEANUP(url_free) CURLU *url = curl_url();
	CLEANUP(text_free) char *scheme = NULL;

	if (curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK)
		return "is no URL";
	curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
	if (!scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return "begins neither with http:// nor with https://";
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return "holds a name or a password; these have keys of their own";
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return "holds a query";
	return NULL;
}

int http_new(const struct http_options *options, struct http **out, struct err *err)
{
	const char *fault = base_fault(options->base);
	struct http *h;

	if (fault)
		return err_user(err, "%s %s", options->base, fault);
	/* A header cannot hold the end of a line: it would begin another. */
	for (const char *c = options->token ? options->token : ""; *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_user(err, "the token holds what no token has: blanks, or bytes beyond ASCII");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h = mem_alloc(sizeof(*h));
	h->curl = curl_easy_init();
	h->multi = curl_multi_init();
	if (!h->curl || !h->multi)
		abort(); /* out of memory, as elsewhere */
	h->base = str_with_slash(options->base);
	h->token = options->token ? mem_strdup(options->token) : NULL;
	h->ca = options->ca ? mem_strdup(options->ca) : NULL;
	h->connect_ms = options->connect_ms ? options->connect_ms : CONNECT_MS;
	h->answer_ms = options->answer_ms ? options->answer_ms : ANSWER_MS;
	h->max = options->max ? options->max : ANSWER_MAX;
	*out = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_multi_cleanup(h->multi);
	free(h->base);
	if (h->token)
		explicit_bzero(h->token, strlen(h->token));
	free(h->token);
	free(h->ca);
	free(h);
}

void http_reply_free(struct http_reply *reply)
{
	buf_free(&reply->body);
	*reply = (struct http_reply){ 0 };
}

void http_stop(struct http *h)
{
	atomic_store(&h->stopped, true);
	curl_multi_wakeup(h->multi);
}

void http_go_on(struct http *h, int64_t ms)
{
	h->until = clock_ms() + ms;
	atomic_store(&h->stopped, false);
}

int64_t http_count(const struct http *h)
{
	return h->count;
}

static size_t on_data(char *data, size_t one, size_t n, void *arg)
{
	struct arriving *a = arg;

	a->too_much = a->body->n + n > a->max;
	if (a->too_much)
		return 0;
	buf_add(a->body, data, n);
	return n;
}

/* curl keeps what it is given but the list. */
static struct curl_slist *headers_set(struct http *h, const struct http_request *request)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
	autofree char *type = mem_printf("Content-Type: %s", request->type ? request->type : "application/json");
	autofree char *token = h->token ? mem_printf("Authorization: Token %s", h->token) : NULL;

	if (request->body)
		headers = curl_slist_append(headers, type);
	if (token && !request->user)
		headers = curl_slist_append(headers, token);
	if (token && request->user) {
		curl_easy_setopt(h->curl, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(h->curl, CURLOPT_PASSWORD, h->token);
	}
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	return headers;
}

/* 0 where no time is left, which curl would take for any time. */
static int64_t answer_ms(const struct http *h)
{
	int64_t left = h->until ? h->until - clock_ms() : h->answer_ms;

	return left < 0 ? 0 : left < h->answer_ms ? left : h->answer_ms;
}

static void options_set(struct http *h, const struct http_request *request, const char *url, struct arriving *a)
{
	CURL *c = h->curl;

	curl_easy_reset(c); /* connections stay open */
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->message);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "kiln");
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)answer_ms(h));
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	if (h->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->ca);
	/* On a connection that was used before, curl would send it once more when nothing is answered; but it may have
	 * been done. */
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, request->body && !request->harmless ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_MAXCONNECTS, 1L);
	if (request->body)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->body);
	if (request->method)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request->method);
}

static void range_set(struct http *h, const struct http_request *request)
{
	char range[64];

	if (request->to <= request->from)
		return;
	snprintf(range, sizeof(range), "%lld-%lld", (long long)request->from, (long long)request->to - 1);
	curl_easy_setopt(h->curl, CURLOPT_RANGE, range);
}

static int no_answer(struct http *h, CURLcode code, const struct arriving *a, struct err *err)
{
	const char *why = *h->message ? h->message : curl_easy_strerror(code);

	if (a->too_much)
		return err_infra(err, EFBIG, "the answer has more than %zu bytes", a->max);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_infra(err, 0, "%s; is it the right server, and the host's date right?", why);
	return err_infra(err, 0, "%s", why);
}

static void facts_read(struct http *h, struct http_reply *reply)
{
	const char *type = NULL;
	struct curl_header *date;
	curl_off_t after = 0;
	time_t theirs;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type);
	reply->json = type && strncasecmp(type, "application/json", 16) == 0;
	if (curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK)
		reply->retry_ms = after * 1000;
	if (curl_easy_header(h->curl, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK)
		return;
	theirs = curl_getdate(date->value, NULL);
	if (theirs != (time_t)-1)
		reply->clock_offset_ms = ((int64_t)theirs - (int64_t)time(NULL)) * 1000;
}

/* Like curl_easy_perform, but can be stopped. */
static CURLcode perform(struct http *h)
{
	CURLcode code = CURLE_ABORTED_BY_CALLBACK;
	int running = 1, left;
	CURLMsg *message;

	if (curl_multi_add_handle(h->multi, h->curl) != CURLM_OK)
		return CURLE_FAILED_INIT;
	while (running && !atomic_load(&h->stopped)) {
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			break;
		if (running)
			curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
	}
	while ((message = curl_multi_info_read(h->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			code = message->data.result;
	curl_multi_remove_handle(h->multi, h->curl);
	return code;
}

/* One request to one URL. */
static int ask_once(struct http *h, const struct http_request *request, const char *url, struct http_reply *reply,
		    struct err *err)
{
	struct arriving a = { .body = &reply->body, .max = h->max };
	struct curl_slist *headers;
	CURLcode code;

	http_reply_free(reply);
	if (atomic_load(&h->stopped) || !answer_ms(h))
		return err_infra(err, ECANCELED, "no more is asked");
	*h->message = '\0';
	options_set(h, request, url, &a);
	range_set(h, request);
	headers = headers_set(h, request);
	h->count++;
	code = perform(h);
	curl_slist_free_all(headers);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_infra(err, ECANCELED, "the question was given up");
	if (code != CURLE_OK)
		return no_answer(h, code, &a, err);
	facts_read(h, reply);
	return 0;
}

/* Where a redirect leads, or NULL when it is none; curl's. */
static const char *redirect_of(struct http *h, const struct http_reply *reply)
{
	char *url = NULL;

	if (reply->status < 300 || reply->status >= 400)
		return NULL;
	curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &url);
	return url;
}

int http_ask(struct http *h, const struct http_request *request, struct http_reply *reply, struct err *err)
{
	autofree char *url = mem_printf("%s%s", h->base, request->path);

	*reply = (struct http_reply){ 0 };
	for (int i = 0; i <= REDIRECTS; i++) {
		const char *to;

		if (ask_once(h, request, url, reply, err) < 0)
			goto failed;
		to = redirect_of(h, reply);
		if (!to)
			return 0;
		if (!server_same(h->base, to)) {
			err_infra(err, 0, "it redirects to %s, another server: nothing is sent there", to);
			goto failed;
		}
		if (request->body) {
			err_infra(err, 0,
				  "it redirects a POST to %s; is the URL the one that the server calls its own?", to);
			goto failed;
		}
		free(url);
		url = mem_strdup(to);
	}
	err_infra(err, 0, "it redirects more than %d times", REDIRECTS);
failed:
	http_reply_free(reply);
	return -1;
}

void http_escape(const char *text, struct buf *out)
{
	static const char free_ones[] = "-._~";

	for (const char *c = text; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			     strchr(free_ones, *c);

		if (plain)
			buf_addc(out, *c);
		else
			buf_printf(out, "%%%02X", (unsigned char)*c);
	}
}
