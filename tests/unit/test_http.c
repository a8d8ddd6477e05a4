/* A client against a server that answers as it is told: one canned answer a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SEEN_MAX = 16384 };

struct server {
	int fd, port;
	pthread_t thread;
	const char *answers[4]; /* of one connection each; NULL: it is closed */
	int n;
	int stay_ms;  /* before what comes is answered */
	bool keep;    /* the connection stays for one more request, which is not answered */
	size_t flood; /* bytes behind the answer */
	char seen[SEEN_MAX];
	int connections;
};

/* A request is its head, and behind it what Content-Length says: a test's bodies are one word. */
static void take_request(struct server *s, int fd)
{
	size_t n = strlen(s->seen), from = n;

	while (n + 1 < SEEN_MAX) {
		ssize_t got = read(fd, s->seen + n, SEEN_MAX - 1 - n);

		if (got <= 0)
			return;
		n += (size_t)got;
		s->seen[n] = '\0';
		if (strstr(s->seen + from, "\r\n\r\n") &&
		    (!strstr(s->seen + from, "Content-Length: 4") || str_ends(s->seen, "body")))
			return;
	}
}

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

static void answer(struct server *s, int fd, const char *text)
{
	static const char much[4096];

	if (s->stay_ms)
		usleep((useconds_t)s->stay_ms * 1000);
	if (text)
		send_all(fd, text, strlen(text));
	for (size_t i = 0; i < s->flood; i += sizeof(much))
		send_all(fd, much, sizeof(much));
}

static void *serve(void *data)
{
	struct server *s = data;

	for (int i = 0; i < s->n; i++) {
		int fd = accept(s->fd, NULL, NULL);

		if (fd < 0)
			return NULL;
		s->connections++;
		take_request(s, fd);
		answer(s, fd, s->answers[i]);
		if (s->keep) {
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_usec = 100000 },
				   sizeof(struct timeval));
			take_request(s, fd);
		}
		close(fd);
	}
	return NULL;
}

static void server_start(struct server *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* Asks once. The reply is the caller's; the token is "secret". */
static int ask(struct server *s, const struct http_request *request, struct http_reply *reply, struct err *err)
{
	autofree char *base = mem_printf("http://127.0.0.1:%d", s->port);
	const struct http_options options = {
		.base = base, .token = "secret", .connect_ms = 1000, .answer_ms = 300, .max = 4096
	};
	struct http *h;
	int status;

	assert_int_equal(http_new(&options, &h, err), 0);
	status = http_ask(h, request, reply, err);
	http_free(h);
	return status;
}

/* Asks a server that answers so with GET, and wants an error with this text. */
static void assert_fails(struct server *s, const struct http_request *request, const char *want)
{
	struct http_reply reply;
	struct err err = { 0 };

	server_start(s);
	assert_int_equal(ask(s, request, &reply, &err), -1);
	server_stop(s);
	assert_int_equal(err.class, ERR_INFRA);
	assert_int_equal(reply.status, 0);
	if (!strstr(err.msg, want))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, want);
	assert_null(strstr(err.msg, "secret"));
}

static const struct http_request get = { .path = "api/x/?a=b" }, post = { .path = "api/x/", .body = "body" };

static void an_answer_with_its_facts(void **state)
{
	struct server s = {
		.n = 1,
		.answers = { "HTTP/1.1 429 Slow\r\nContent-Type: application/json; charset=x\r\n"
			     "Retry-After: 7\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\n{}" }
	};
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	struct err err = { 0 };
	int64_t ago = ((int64_t)time(NULL) - 784111777) * 1000;

	server_start(&s);
	assert_int_equal(ask(&s, &get, &reply, &err), 0);
	server_stop(&s);
	assert_int_equal(reply.status, 429);
	assert_int_equal(reply.retry_ms, 7000);
	assert_true(reply.json);
	assert_int_equal(reply.body.n, 2);
	assert_true(llabs(reply.clock_offset_ms + ago) <= 2000);
	assert_non_null(strstr(s.seen, "GET /api/x/?a=b HTTP/1.1\r\n"));
	assert_non_null(strstr(s.seen, "Authorization: Token secret\r\n"));
}

static void retry_after_as_a_date(void **state)
{
	char date[64], text[200];
	time_t later = time(NULL) + 60;
	struct server s = { .n = 1, .answers = { text } };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	struct err err = { 0 };
	struct tm tm;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&later, &tm));
	snprintf(text, sizeof(text), "HTTP/1.1 503 Busy\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
	server_start(&s);
	assert_int_equal(ask(&s, &get, &reply, &err), 0);
	server_stop(&s);
	assert_true(reply.retry_ms > 50000 && reply.retry_ms <= 60000);
	assert_false(reply.json);
	assert_int_equal(reply.clock_offset_ms, 0);
}

static void a_users_name_goes_with_the_token(void **state)
{
	struct server s = { .n = 1, .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" } };
	const struct http_request request = { .path = "RPC2", .body = "body", .type = "text/xml", .user = "alice" };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	struct err err = { 0 };

	server_start(&s);
	assert_int_equal(ask(&s, &request, &reply, &err), 0);
	server_stop(&s);
	assert_non_null(strstr(s.seen, "Authorization: Basic YWxpY2U6c2VjcmV0\r\n"));
	assert_non_null(strstr(s.seen, "Content-Type: text/xml\r\n"));
	assert_null(strstr(s.seen, "Token"));
}

/* The token leaves for no other server, be it only another port. */
static void a_redirect_to_another_server(void **state)
{
	struct server other = { .n = 1 }, s = { .n = 1 };
	char text[200], want[100];

	server_start(&other);
	snprintf(text, sizeof(text),
		 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n", other.port);
	snprintf(want, sizeof(want), "http://127.0.0.1:%d/, another server", other.port);
	s.answers[0] = text;
	assert_fails(&s, &get, want);
	server_stop(&other);
	assert_int_equal(other.connections, 0);
	s = (struct server){ .n = 1, .answers = { "HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1/\r\n\r\n" } };
	assert_fails(&s, &get, "another server");
	s = (struct server){ .n = 1, .answers = { "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n" } };
	assert_fails(&s, &get, "another server");
}

static void a_redirect_to_the_same_server(void **state)
{
	struct server s = { .n = 2,
			    .answers = { "HTTP/1.1 301 Moved\r\nLocation: /api/y/\r\nContent-Length: 0\r\nConnection: "
					 "close\r\n\r\n",
					 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" } };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	struct err err = { 0 };

	server_start(&s);
	assert_int_equal(ask(&s, &get, &reply, &err), 0);
	server_stop(&s);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(s.seen, "GET /api/y/ "));
}

static void a_redirect_without_end(void **state)
{
	static const char to[] = "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	struct server s = { .n = 4, .answers = { to, to, to, to } };

	assert_fails(&s, &get, "more than 3 times");
}

static void a_post_is_not_redirected(void **state)
{
	struct server s = { .n = 1, .answers = { "HTTP/1.1 301 Moved\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n" } };

	assert_fails(&s, &post, "redirects a POST");
}

static const char empty[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static struct http *client(struct server *s, int64_t answer_ms)
{
	autofree char *base = mem_printf("http://127.0.0.1:%d", s->port);
	const struct http_options options = { .base = base, .answer_ms = answer_ms };
	struct err err = { 0 };
	struct http *h;

	assert_int_equal(http_new(&options, &h, &err), 0);
	return h;
}

/* Posts on a connection that has been of use before, and which the server then closes without an answer. Says what came
 * of it. */
static int post_again(struct server *s, const struct http_request *request, int64_t *count)
{
	CLEANUP(http_reply_free) struct http_reply before = { 0 }, reply = { 0 };
	struct err err = { 0 };
	struct http *h;
	int status;

	server_start(s);
	h = client(s, 500);
	assert_int_equal(http_ask(h, &get, &before, &err), 0);
	status = http_ask(h, request, &reply, &err);
	assert_int_equal(reply.status, status == 0 ? 200 : 0);
	*count = http_count(h);
	http_free(h);
	server_stop(s);
	assert_int_equal(s->connections, 2);
	return status;
}

/* What may have been done is not asked for again. */
static void a_post_is_sent_once(void **state)
{
	struct server s = { .n = 3, .keep = true, .answers = { empty, NULL, NULL } };
	int64_t count;

	assert_int_equal(post_again(&s, &post, &count), -1);
	assert_int_equal(count, 2);
	assert_null(strstr(strstr(s.seen, "POST") + 1, "POST"));
}

static void a_harmless_post_may_be_sent_twice(void **state)
{
	static const struct http_request harmless = { .path = "there", .body = "body", .harmless = true };
	struct server s = { .n = 2, .keep = true, .answers = { empty, empty } };
	int64_t count;

	assert_int_equal(post_again(&s, &harmless, &count), 0);
	assert_non_null(strstr(strstr(s.seen, "POST") + 1, "POST"));
}

static void answers_that_are_none(void **state)
{
	struct server cut = { .n = 1, .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" } };
	struct server garbage = { .n = 1, .answers = { "SSH-2.0-OpenSSH_9.2\r\n" } };
	struct server nothing = { .n = 1 };
	struct server slow = { .n = 1, .stay_ms = 400 };
	struct server big = { .n = 1, .flood = 1 << 20, .answers = { "HTTP/1.1 200 OK\r\n\r\n" } };

	assert_fails(&cut, &get, "");
	assert_fails(&garbage, &get, "");
	assert_fails(&nothing, &get, "");
	assert_fails(&slow, &get, "timed out");
	assert_fails(&big, &get, "more than 4096 bytes");
}

static void nobody_listens(void **state)
{
	struct server s = { .n = 0 };
	struct http_reply reply;
	struct err err = { 0 };

	server_start(&s);
	server_stop(&s);
	assert_int_equal(ask(&s, &get, &reply, &err), -1);
	assert_int_equal(err.class, ERR_INFRA);
}

static void *stop_soon(void *data)
{
	usleep(100000);
	http_stop(data);
	return NULL;
}

static void a_question_is_given_up(void **state)
{
	struct server s = { .answers = { empty }, .n = 1, .stay_ms = 2000 };
	const struct http_request request = { .path = "x" };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	int64_t begun = clock_ms();
	struct err err = { 0 };
	pthread_t thread;
	struct http *h;

	server_start(&s);
	h = client(&s, 0);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, h), 0);
	assert_int_equal(http_ask(h, &request, &reply, &err), -1);
	pthread_join(thread, NULL);
	assert_int_equal(err.num, ECANCELED);
	assert_true(clock_ms() - begun < 1500);
	assert_int_equal(http_ask(h, &request, &reply, &err), -1);
	assert_int_equal(err.num, ECANCELED);
	assert_int_equal(http_count(h), 1);
	http_free(h);
	server_stop(&s);
}

static void after_a_stop_time_is_short(void **state)
{
	struct server s = { .answers = { empty, empty }, .n = 2, .stay_ms = 200 };
	const struct http_request request = { .path = "x" };
	CLEANUP(http_reply_free) struct http_reply reply = { 0 };
	struct err err = { 0 };
	struct http *h;

	server_start(&s);
	h = client(&s, 0);
	http_stop(h);
	http_go_on(h, 300);
	assert_int_equal(http_ask(h, &request, &reply, &err), 0);
	assert_int_equal(reply.status, 200);
	http_reply_free(&reply);
	assert_int_equal(http_ask(h, &request, &reply, &err), -1);
	usleep(200000);
	assert_int_equal(http_ask(h, &request, &reply, &err), -1);
	assert_int_equal(err.num, ECANCELED);
	http_free(h);
	server_stop(&s);
}

static void bases_that_are_none(void **state)
{
	static const char *const bases[] = {
		"", "lab", "ftp://lab/", "file:///etc", "http://a:b@lab/", "http://lab/?x", "http://lab/#x"
	};
	struct err err = { 0 };
	struct http *h;

	for (size_t i = 0; i < countof(bases); i++) {
		const struct http_options options = { .base = bases[i] };

		assert_int_equal(http_new(&options, &h, &err), -1);
		assert_int_equal(err.class, ERR_USER);
	}
}

static void escaping(void **state)
{
	autobuf struct buf b = { 0 };

	http_escape("a-._~/b c&\303\251", &b);
	assert_string_equal(b.data, "a-._~%2Fb%20c%26%C3%A9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_with_its_facts),
		cmocka_unit_test(retry_after_as_a_date),
		cmocka_unit_test(a_users_name_goes_with_the_token),
		cmocka_unit_test(a_redirect_to_another_server),
		cmocka_unit_test(a_redirect_to_the_same_server),
		cmocka_unit_test(a_redirect_without_end),
		cmocka_unit_test(a_post_is_not_redirected),
		cmocka_unit_test(a_post_is_sent_once),
		cmocka_unit_test(a_harmless_post_may_be_sent_twice),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(a_question_is_given_up),
		cmocka_unit_test(after_a_stop_time_is_short),
		cmocka_unit_test(bases_that_are_none),
		cmocka_unit_test(escaping),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
