#define _GNU_SOURCE
#include "handout/handout.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS = 64, REQUESTS_PER_S = 200, IDLE_S = 30, SECRET_BYTES = 16 };

struct offer {
	char *key; /* SECRET/NAME */
	char *path;
};

struct handout {
	struct MHD_Daemon *daemon;
	char *url; /* ends with a slash */
	pthread_mutex_t mutex;
	VEC(struct offer) offers;
	struct handout_counts counts;
	int per_second, in_this_second;
	int64_t second;
};

/* "address:port", "[address]:port" */
static int listen_parse(const char *text, struct sockaddr_storage *out, struct err *err)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[' && colon && colon > text && colon[-1] == ']';
	autofree char *address = colon ? mem_strndup(text + brackets, (size_t)(colon - text) - 2 * brackets) : NULL;
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : -1;

	memset(out, 0, sizeof(*out));
	if (!colon || end == colon + 1 || *end || port < 0 || port > 65535)
		return err_user(err, "%s: an address and a port are needed, such as 127.0.0.1:8080", text);
	if (!brackets && inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
	} else if (brackets && inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
	} else {
		return err_user(err, "%s: %s is no address; 127.0.0.1 is one, and [::1]", text, address);
	}
	return 0;
}

static char *url_of(const struct handout_options *options, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	int host = (int)(strrchr(options->listen, ':') - options->listen);

	if (options->url)
		return str_with_slash(options->url);
	return mem_printf("http://%.*s:%u/", host, options->listen, info->port);
}

/* Whether one more request is within the rate. With the mutex held. */
static bool in_rate(struct handout *h)
{
	int64_t now = clock_ms() / 1000;

	if (now != h->second) {
		h->second = now;
		h->in_this_second = 0;
	}
	return h->in_this_second++ < h->per_second;
}

/* An open file of the offer that path names, -1 for none. With the mutex held. */
static int offer_open(const struct handout *h, const char *path)
{
	for (size_t i = 0; i < h->offers.n; i++)
		if (strcmp(h->offers.data[i].key, path) == 0)
			return open(h->offers.data[i].path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return -1;
}

static enum MHD_Result answer_empty(struct MHD_Connection *c, unsigned status)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_queue_response(c, status, response);

	MHD_destroy_response(response);
	return result;
}

/* "bytes=5-", "bytes=5-9" or "bytes=-5" (RFC 9110, 14.1.2) of a file of size bytes; any other range is as none. Returns
 * the status: 200, 206, or 416 for one that begins behind the end. */
static unsigned range_parse(const char *text, int64_t size, int64_t *from, int64_t *to)
{
	long long first, last;
	int at = 0;

	*from = 0;
	*to = size;
	if (!text || !str_starts(text, "bytes=") || strchr(text, ','))
		return MHD_HTTP_OK;
	text += 6;
	if (sscanf(text, "-%lld%n", &last, &at) == 1 && !text[at] && last >= 0) {
		*from = last < size ? size - last : 0;
		return last ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_RANGE_NOT_SATISFIABLE;
	}
	if (sscanf(text, "%lld-%lld%n", &first, &last, &at) == 2 && !text[at] && first >= 0 && last >= first)
		*to = last < size ? last + 1 : size;
	else if (!(sscanf(text, "%lld-%n", &first, &at) == 1 && at && !text[at] && first >= 0))
		return MHD_HTTP_OK;
	*from = first;
	return first < size ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_RANGE_NOT_SATISFIABLE;
}

/* Whoever goes on with a file that is complete learns its size so. */
static enum MHD_Result answer_no_range(struct MHD_Connection *c, int64_t size)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	autofree char *text = mem_printf("bytes */%lld", (long long)size);
	enum MHD_Result result;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	result = MHD_queue_response(c, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
	MHD_destroy_response(response);
	return result;
}

static void header_range(struct MHD_Response *response, int64_t from, int64_t to, int64_t size)
{
	autofree char *text = mem_printf("bytes %lld-%lld/%lld", (long long)from, (long long)to - 1, (long long)size);

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
}

/* fd is the response's from here on. */
static enum MHD_Result answer_file(struct handout *h, struct MHD_Connection *c, bool head, int fd, int64_t size)
{
	const char *range = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_RANGE);
	int64_t from, to;
	unsigned status = range_parse(range, size, &from, &to);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (status == MHD_HTTP_RANGE_NOT_SATISFIABLE) {
		close(fd);
		return answer_no_range(c, size);
	}
	response = MHD_create_response_from_fd_at_offset64((uint64_t)(to - from), fd, (uint64_t)from);
	if (!response) {
		close(fd);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
	if (status == MHD_HTTP_PARTIAL_CONTENT)
		header_range(response, from, to, size);
	result = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	pthread_mutex_lock(&h->mutex);
	h->counts.bytes += head ? 0 : to - from;
	pthread_mutex_unlock(&h->mutex);
	return result;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **context)
{
	struct handout *h = data;
	struct stat st;
	bool good;
	int fd;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_empty(c, MHD_HTTP_METHOD_NOT_ALLOWED);
	pthread_mutex_lock(&h->mutex);
	good = in_rate(h);
	fd = good && url[0] == '/' ? offer_open(h, url + 1) : -1;
	h->counts.requests++;
	h->counts.refused += fd < 0;
	pthread_mutex_unlock(&h->mutex);
	if (!good)
		return answer_empty(c, MHD_HTTP_TOO_MANY_REQUESTS);
	if (fd < 0)
		return answer_empty(c, MHD_HTTP_NOT_FOUND);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return answer_empty(c, MHD_HTTP_NOT_FOUND);
	}
	return answer_file(h, c, strcmp(method, MHD_HTTP_METHOD_HEAD) == 0, fd, st.st_size);
}

int handout_new(const struct handout_options *options, struct handout **out, struct err *err)
{
	unsigned connections = options->connections ? (unsigned)options->connections : CONNECTIONS;
	struct sockaddr_storage address;
	struct handout *h;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;

	if (listen_parse(options->listen, &address, err) < 0)
		return -1;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	h = mem_alloc(sizeof(*h));
	pthread_mutex_init(&h->mutex, NULL);
	h->per_second = options->requests_per_s ? options->requests_per_s : REQUESTS_PER_S;
	errno = 0;
	h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, h, MHD_OPTION_SOCK_ADDR,
				     (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, connections,
				     MHD_OPTION_PER_IP_CONNECTION_LIMIT, (connections + 3) / 4,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
	if (!h->daemon) {
		int num = errno;

		handout_free(h);
		err_user(err, "cannot listen on %s: %s", options->listen, num ? strerror(num) : "no reason given");
		err->num = num;
		return -1;
	}
	h->url = url_of(options, h->daemon);
	*out = h;
	return 0;
}

static void offer_free(struct offer *o)
{
	free(o->key);
	free(o->path);
}

void handout_free(struct handout *h)
{
	if (!h)
		return;
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	for (size_t i = 0; i < h->offers.n; i++)
		offer_free(&h->offers.data[i]);
	vec_free(&h->offers);
	pthread_mutex_destroy(&h->mutex);
	free(h->url);
	free(h);
}

int handout_offer(struct handout *h, const char *path, const char *name, char **url, struct err *err)
{
	unsigned char secret[SECRET_BYTES];
	autobuf struct buf key = { 0 };

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return err_infra(err, errno, "no random bytes");
	for (size_t i = 0; i < sizeof(secret); i++)
		buf_printf(&key, "%02x", secret[i]);
	buf_printf(&key, "/%s", name);
	pthread_mutex_lock(&h->mutex);
	*vec_push(&h->offers) = (struct offer){ mem_strdup(key.data), mem_strdup(path) };
	pthread_mutex_unlock(&h->mutex);
	*url = mem_printf("%s%s", h->url, key.data);
	return 0;
}

void handout_withdraw(struct handout *h, const char *url)
{
	const char *key = url + strlen(h->url);

	pthread_mutex_lock(&h->mutex);
	for (size_t i = 0; i < h->offers.n; i++)
		if (strcmp(h->offers.data[i].key, key) == 0) {
			offer_free(&h->offers.data[i]);
			h->offers.data[i] = h->offers.data[--h->offers.n];
			break;
		}
	pthread_mutex_unlock(&h->mutex);
}

struct handout_counts handout_counts(struct handout *h)
{
	struct handout_counts counts;

	pthread_mutex_lock(&h->mutex);
	counts = h->counts;
	pthread_mutex_unlock(&h->mutex);
	return counts;
}
