/* Questions to a lab's REST API, and its answers. */
#define _GNU_SOURCE
#include "lab/private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A page is what LAVA gives at once; more pages than any lab has are a lab that errs. */
enum { TRIES = 4, WAIT_MAX_MS = 60000, PAGE = 50, PAGES_MAX = 2000, SAID_MAX = 300 };

int lab_open(const struct catalog_lab *entry, struct lab **out, struct err *err)
{
	struct http_options options = { .base = entry->url, .ca = entry->ca };
	char *token = NULL;
	struct lab *lab;
	int status;

	if (token_read(entry, &token, err) < 0)
		return err_wrap(err, "lab %s", entry->name);
	lab = mem_alloc(sizeof(*lab));
	lab->entry = entry;
	lab->tries = TRIES;
	options.token = token;
	status = http_new(&options, &lab->http, err);
	explicit_bzero(token, strlen(token));
	free(token);
	if (status < 0) {
		free(lab);
		return err_wrap(err, "lab %s", entry->name);
	}
	*out = lab;
	return 0;
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	http_free(lab->http);
	free(lab);
}

int64_t lab_requests(const struct lab *lab)
{
	return http_count(lab->http);
}

static void add_said(struct buf *out, const char *text)
{
	buf_add_printable(out, view_first(view_trim(view_of(text)), SAID_MAX));
}

/* {"detail": ...}, {"message": ...}, or {"field": ["..."]}. */
static bool complaint_of(const json_t *answer, struct buf *out)
{
	const char *said = json_str_or(answer, "detail", json_str_or(answer, "message", NULL)), *key;
	json_t *value;

	if (said) {
		add_said(out, said);
		return true;
	}
	json_object_foreach ((json_t *)answer, key, value) {
		const char *first = json_string_value(json_array_get(value, 0));

		if (first) {
			buf_printf(out, "%s: ", key);
			add_said(out, first);
			return true;
		}
	}
	return false;
}

void client_complaint(const struct http_reply *reply, struct buf *out)
{
	autojson json_t *answer = reply->json ? json_loadb(reply->body.data, reply->body.n, 0, NULL) : NULL;

	buf_printf(out, "HTTP %ld", reply->status);
	if (answer) {
		buf_adds(out, ": ");
		if (!complaint_of(answer, out))
			out->n -= 2;
	} else if (reply->body.n) {
		buf_adds(out, ", with a page that is not JSON");
	}
	if (out->data)
		out->data[out->n] = '\0';
}

int client_ask(struct lab *lab, const struct http_request *request, struct http_reply *reply, struct err *err)
{
	lab->retry_ms = 0;
	if (http_ask(lab->http, request, reply, err) < 0)
		return err_wrap(err, "lab %s: %s", lab->entry->name, request->path);
	lab->clock_offset_ms = reply->clock_offset_ms;
	lab->retry_ms = reply->retry_ms;
	return 0;
}

static bool worth_again(const struct http_reply *reply)
{
	return !reply->status || reply->status == 429 || reply->status >= 500;
}

/* Twice as long each time, and as long as the lab wants where it says so. */
static void wait_before(const struct lab *lab, int n, const struct http_reply *reply)
{
	int64_t ms = lab->entry->poll_ms / 3 << n;

	if (reply->retry_ms > ms)
		ms = reply->retry_ms;
	clock_sleep(ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS);
}

/* Of answers: whatever came last. */
static int ask_patiently(struct lab *lab, const struct http_request *request, struct http_reply *reply, struct err *err)
{
	for (int i = 0;; i++) {
		int status = client_ask(lab, request, reply, err);

		if (i + 1 >= lab->tries || !worth_again(reply))
			return status;
		wait_before(lab, i, reply);
		http_reply_free(reply);
		*err = (struct err){ 0 };
	}
}

static int refused(struct lab *lab, const char *path, const struct http_reply *reply, struct err *err)
{
	autobuf struct buf said = { 0 };
	int num = reply->status == 404 ? ENOENT : reply->status == 401 || reply->status == 403 ? EACCES : EINVAL;

	client_complaint(reply, &said);
	if (worth_again(reply))
		return err_infra(err, 0, "lab %s: %s: %s", lab->entry->name, path, said.data);
	err_user(err, "lab %s: %s: %s", lab->entry->name, path, said.data);
	err->num = num;
	return -1;
}

int client_get(struct lab *lab, const char *path, json_t **answer, struct err *err)
{
	autofree char *whole = mem_printf("api/v0.2/%s", path);
	struct http_request request = { .path = whole };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };

	if (ask_patiently(lab, &request, &reply, err) < 0)
		return -1;
	if (reply.status < 200 || reply.status > 299)
		return refused(lab, whole, &reply, err);
	*answer = reply.json ? json_loadb(reply.body.data, reply.body.n, 0, NULL) : NULL;
	if (!*answer)
		return err_infra(err, 0, "lab %s: %s: the answer is no JSON; is %s a LAVA server?", lab->entry->name,
				 whole, lab->entry->url);
	return 0;
}

/* "next" is a URL that can be wrong behind a proxy: the offset is counted here. */
int client_list(struct lab *lab, const char *path, const char *ordering, json_t **results, struct err *err)
{
	autojson json_t *all = json_array();

	for (size_t page = 0; page < PAGES_MAX; page++) {
		autofree char *query = mem_printf("%s%cordering=%s&limit=%d&offset=%zu", path,
						  strchr(path, '?') ? '&' : '?', ordering, PAGE, json_array_size(all));
		autojson json_t *answer = NULL;
		const json_t *some;

		if (client_get(lab, query, &answer, err) < 0)
			return -1;
		some = json_object_get(answer, "results");
		if (!json_is_array(some))
			return err_infra(err, 0, "lab %s: %s: the answer is no list", lab->entry->name, path);
		json_array_extend(all, (json_t *)some);
		if (!json_array_size(some) ||
		    (int64_t)json_array_size(all) >= json_int_or(answer, "count", (int64_t)json_array_size(all))) {
			*results = json_incref(all);
			return 0;
		}
	}
	return err_infra(err, 0, "lab %s: %s does not end", lab->entry->name, path);
}
