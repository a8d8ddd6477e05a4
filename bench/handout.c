/* How fast files leave: a server of artefacts and a client on loopback, which throws away what it gets. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "handout/handout.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILE_MB = 256, ROUNDS = 8, PART = 1 << 20 };

static int dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	perror("connect");
	exit(3);
}

/* The bytes of an answer, its head among them. */
static int64_t fetch(int port, const char *path)
{
	autofree char *text = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	autofree char *part = mem_alloc(PART);
	int fd = dial(port);
	int64_t all = 0;
	ssize_t n;

	if (send(fd, text, strlen(text), 0) < 0)
		exit(3);
	while ((n = read(fd, part, PART)) > 0)
		all += n;
	close(fd);
	return all;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int file_make(void)
{
	int fd = memfd_create("artefact", MFD_CLOEXEC);
	char *part = mem_alloc(PART);

	memset(part, 'k', PART);
	for (int i = 0; i < FILE_MB; i++)
		if (write(fd, part, PART) != PART)
			exit(3);
	free(part);
	return fd;
}

int main(void)
{
	autofree char *path = mem_printf("/proc/self/fd/%d", file_make()), *url = NULL;
	const struct handout_options options = { .listen = "127.0.0.1:0" };
	struct handout *h;
	struct err err = { 0 };
	int64_t best = INT64_MAX;
	double cpu;
	int port;

	if (handout_new(&options, &h, &err) < 0 || handout_offer(h, path, "kernel", &url, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 3;
	}
	sscanf(url, "http://127.0.0.1:%d", &port);
	fetch(port, strchr(url + 7, '/')); /* warms up */
	cpu = cpu_s();
	for (int i = 0; i < ROUNDS; i++) {
		int64_t begin = clock_ms(), took;

		if (fetch(port, strchr(url + 7, '/')) < (int64_t)FILE_MB << 20)
			return 3;
		took = clock_ms() - begin;
		best = took < best ? took : best;
	}
	cpu = cpu_s() - cpu;
	printf("handout: %.2f GB/s, %.2f s of CPU a GB\n", (double)(FILE_MB << 20) / 1e6 / (double)(best ? best : 1),
	       cpu / ((double)ROUNDS * (FILE_MB << 20) / 1e9));
	handout_free(h);
	return 0;
}
