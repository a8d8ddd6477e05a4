#define _GNU_SOURCE
#include "base/mem.h"
#include "engine/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int jobserver_open(struct jobserver *js, int tokens, struct err *err)
{
	char *path;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_infra(err, errno, "pipe");
	path = mem_printf("/proc/self/fd/%d", fds[0]);
	*js = (struct jobserver){ .read = fds[0], .write = fds[1], .tokens = tokens };
	js->own = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	free(path);
	if (js->own < 0) {
		err_infra(err, errno, "/proc/self/fd: cannot open the jobserver (is /proc mounted?)");
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	jobserver_give(js, tokens);
	return 0;
}

void jobserver_close(struct jobserver *js)
{
	close(js->read);
	close(js->write);
	close(js->own);
}

bool jobserver_take(struct jobserver *js)
{
	char token;

	return read(js->own, &token, 1) == 1;
}

void jobserver_give(struct jobserver *js, int tokens)
{
	for (int i = 0; i < tokens; i++)
		while (write(js->write, "+", 1) < 0 && errno == EINTR)
			;
}

void jobserver_refill(struct jobserver *js, int held)
{
	while (jobserver_take(js))
		;
	jobserver_give(js, js->tokens - held);
}
