/* A server of files, asked by a client of a few lines. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "handout/handout.h"
#include "home.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 100000 };

/* A handout with one file of SIZE bytes, each the low byte of its place. */
struct world {
	char *home, *path, *url, *key;
	struct handout *h;
	int port;
};

static void world_open(struct world *w, const struct handout_options *options)
{
	static unsigned char data[SIZE];
	struct err err = { 0 };

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)i;
	w->path = fs_join(w->home, "file");
	assert_int_equal(fs_write(AT_FDCWD, w->path, data, SIZE, 0600, &err), 0);
	assert_int_equal(handout_new(options, &w->h, &err), 0);
	assert_int_equal(handout_offer(w->h, w->path, "kernel", &w->url, &err), 0);
	assert_int_equal(sscanf(w->url, "http://127.0.0.1:%d", &w->port), 1);
	w->key = strchr(w->url + 7, '/');
}

static int world_make(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	*state = w;
	return home_make((void **)&w->home);
}

static int world_remove(void **state)
{
	struct world *w = *state;

	handout_free(w->h);
	free(w->url);
	free(w->path);
	home_remove((void **)&w->home);
	free(w);
	return 0;
}

static int dial(const struct world *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)w->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { 5, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* One request with one more header ("" for none); its status, 0 for no answer. *all is the answer, *body where its body
 * begins. */
static int ask(const struct world *w, const char *method, const char *path, const char *header, struct buf *all,
	       struct view *body)
{
	autofree char *text = mem_printf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n", method, path,
					 header, *header ? "\r\n" : "");
	int fd = dial(w), status = 0;
	char part[65536], *end;
	ssize_t n;

	buf_clear(all);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(all, part, (size_t)n);
	close(fd);
	end = all->n ? strstr(all->data, "\r\n\r\n") : NULL;
	if (!end)
		return 0;
	*body = (struct view){ end + 4, all->n - (size_t)(end + 4 - all->data) };
	sscanf(all->data, "HTTP/1.1 %d", &status);
	return status;
}

/* The bytes that a Range header gets: from and how many, -1 for what is not satisfiable. */
static void assert_range(const struct world *w, const char *header, int want_status, size_t from, size_t n)
{
	autobuf struct buf all = { 0 };
	struct view body;
	int status = ask(w, "GET", w->key, header, &all, &body);

	if (status != want_status || body.n != n)
		fail_msg("%s: status %d with %zu bytes", header, status, body.n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal((unsigned char)body.p[i], (unsigned char)(from + i));
}

static void ranges(void **state)
{
	struct world *w = *state;
	autobuf struct buf all = { 0 };
	struct view body;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0" });
	assert_range(w, "", 200, 0, SIZE);
	assert_range(w, "Range: bytes=0-0", 206, 0, 1);
	assert_range(w, "Range: bytes=10-19", 206, 10, 10);
	assert_range(w, "Range: bytes=99990-", 206, 99990, 10);
	assert_range(w, "Range: bytes=99990-999999999", 206, 99990, 10);
	assert_range(w, "Range: bytes=-7", 206, SIZE - 7, 7);
	assert_range(w, "Range: bytes=-999999", 206, 0, SIZE);
	assert_range(w, "Range: bytes=100000-", 416, 0, 0);
	assert_range(w, "Range: bytes=-0", 416, 0, 0);
	assert_range(w, "Range: bytes=20-10", 200, 0, SIZE);
	assert_range(w, "Range: bytes=0-1,5-6", 200, 0, SIZE);
	assert_range(w, "Range: bytes=x-y", 200, 0, SIZE);
	assert_range(w, "Range: bytes=--5", 200, 0, SIZE);
	assert_range(w, "Range: bytes=99999999999999999999999-", 416, 0, 0);
	assert_range(w, "Range: lines=1-2", 200, 0, SIZE);
	ask(w, "GET", w->key, "Range: bytes=10-19", &all, &body);
	assert_non_null(strcasestr(all.data, "Content-Range: bytes 10-19/100000\r\n"));
	ask(w, "GET", w->key, "Range: bytes=100000-", &all, &body);
	assert_non_null(strcasestr(all.data, "Content-Range: bytes */100000\r\n"));
}

static void a_head_has_no_body(void **state)
{
	struct world *w = *state;
	autobuf struct buf all = { 0 };
	struct view body;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0" });
	assert_int_equal(ask(w, "HEAD", w->key, "", &all, &body), 200);
	assert_int_equal(body.n, 0);
	assert_non_null(strcasestr(all.data, "Content-Length: 100000\r\n"));
	assert_int_equal(handout_counts(w->h).bytes, 0);
	assert_int_equal(ask(w, "POST", w->key, "Content-Length: 0", &all, &body), 405);
	assert_int_equal(ask(w, "DELETE", w->key, "", &all, &body), 405);
}

static void nothing_else_is_there(void **state)
{
	struct world *w = *state;
	autofree char *other = NULL, *long_path = mem_alloc(20001), *second = NULL;
	const char *const paths[] = {
		"/", "/kernel", "/../../../etc/passwd", "//etc/passwd", "/%2e%2e/etc/passwd", "*"
	};
	autobuf struct buf all = { 0 };
	struct err err = { 0 };
	struct view body;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0" });
	for (size_t i = 0; i < countof(paths); i++) {
		int status = ask(w, "GET", paths[i], "", &all, &body);

		if (status != 404 && status != 400)
			fail_msg("%s: %d", paths[i], status);
	}
	other = mem_strdup(w->key);
	other[1] = other[1] == '0' ? '1' : '0';
	assert_int_equal(ask(w, "GET", other, "", &all, &body), 404);
	memset(long_path, '/', 20000);
	assert_true(ask(w, "GET", long_path, "", &all, &body) >= 400);
	/* 16 bytes of chance, others for each offer. */
	assert_int_equal(strspn(w->key + 1, "0123456789abcdef"), 32);
	assert_int_equal(handout_offer(w->h, w->path, "kernel", &second, &err), 0);
	assert_string_not_equal(w->url, second);
}

static void what_is_withdrawn_is_gone(void **state)
{
	struct world *w = *state;
	autobuf struct buf all = { 0 };
	struct view body;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0" });
	handout_withdraw(w->h, w->url);
	handout_withdraw(w->h, w->url);
	assert_int_equal(ask(w, "GET", w->key, "", &all, &body), 404);
}

static void a_file_that_vanishes(void **state)
{
	struct world *w = *state;
	autobuf struct buf all = { 0 };
	struct view body;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0" });
	unlink(w->path);
	assert_int_equal(ask(w, "GET", w->key, "", &all, &body), 404);
	assert_int_equal(handout_counts(w->h).refused, 1);
	mkdir(w->path, 0700);
	assert_int_equal(ask(w, "GET", w->key, "", &all, &body), 404);
	rmdir(w->path);
	close(open(w->path, O_CREAT | O_WRONLY, 0600));
	assert_range(w, "", 200, 0, 0);
	/* Nobody waits for one who writes into it. */
	unlink(w->path);
	mkfifo(w->path, 0600);
	assert_int_equal(ask(w, "GET", w->key, "", &all, &body), 404);
}

static void too_many_requests(void **state)
{
	struct world *w = *state;
	int good = 0, refused = 0;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0", .requests_per_s = 5 });
	for (int i = 0; i < 20; i++) {
		autobuf struct buf all = { 0 };
		struct view body;
		int status = ask(w, "HEAD", w->key, "", &all, &body);

		good += status == 200;
		refused += status == 429;
	}
	assert_int_equal(good + refused, 20);
	assert_true(refused && good >= 5);
}

/* Of eight connections one address may have two; what is beyond them is closed at once. */
static void too_many_connections(void **state)
{
	struct world *w = *state;
	autobuf struct buf all = { 0 };
	struct view body;
	int fds[2];

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0", .connections = 8 });
	for (int i = 0; i < 2; i++)
		fds[i] = dial(w);
	usleep(50000);
	assert_int_equal(ask(w, "GET", w->key, "", &all, &body), 0);
	close(fds[0]);
	close(fds[1]);
	usleep(50000);
	assert_int_equal(ask(w, "GET", w->key, "", &all, &body), 200);
}

static void addresses_that_are_none(void **state)
{
	static const char *const texts[] = { "",
					     "127.0.0.1",
					     "localhost:80",
					     "127.0.0.1:",
					     "127.0.0.1:x",
					     "127.0.0.1:65536",
					     "127.0.0.1:-1",
					     "::1:80",
					     "[127.0.0.1]:80",
					     ":80",
					     "192.0.2.1:0" };
	struct err err = { 0 };
	struct handout *h;

	for (size_t i = 0; i < countof(texts); i++) {
		if (handout_new(&(struct handout_options){ .listen = texts[i] }, &h, &err) == 0)
			fail_msg("%s is taken", texts[i]);
		assert_int_equal(err.class, ERR_USER);
	}
}

static void an_address_in_use(void **state)
{
	struct world *w = *state;
	autofree char *same = NULL;
	struct err err = { 0 };
	struct handout *h;

	world_open(w, &(struct handout_options){ .listen = "127.0.0.1:0" });
	same = mem_printf("127.0.0.1:%d", w->port);
	assert_int_equal(handout_new(&(struct handout_options){ .listen = same }, &h, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, same));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ranges),
		TEST(a_head_has_no_body),
		TEST(nothing_else_is_there),
		TEST(what_is_withdrawn_is_gone),
		TEST(a_file_that_vanishes),
		TEST(too_many_requests),
		TEST(too_many_connections),
		TEST(an_address_in_use),
		cmocka_unit_test(addresses_that_are_none),
	};

	return cmocka_run_group_tests_name("handout", tests, NULL, NULL);
}
