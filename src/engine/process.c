/* One step as a process. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/private.h"

#include <signal.h>
#include <string.h>

/* A record is small; a step that prints more is broken. */
enum { MAX_RECORD = 64 << 20, MAX_STDERR = 64 << 10 };

static void handle_closed(uv_handle_t *handle)
{
	struct node *node = handle->data;

	if (--node->handles_open == 0)
		node->world->ended(node, node->world->data);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, handle_closed);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct node *node = process->data;

	node->status = status;
	node->signal = signal;
	close_handle((uv_handle_t *)process);
	close_handle((uv_handle_t *)&node->pipes[0]);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *b)
{
	struct node *node = handle->data;
	struct buf *buf = handle == (uv_handle_t *)&node->pipes[1] ? &node->out : &node->errs;

	*b = uv_buf_init(buf_reserve(buf, 65536), 65536);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct node *node = stream->data;
	bool is_out = stream == (uv_stream_t *)&node->pipes[1];
	struct buf *buf = is_out ? &node->out : &node->errs;

	if (n < 0) {
		close_handle((uv_handle_t *)stream);
		return;
	}
	buf->n += (size_t)n;
	buf->data[buf->n] = '\0';
	if (!is_out && buf->n > MAX_STDERR)
		buf_clear(buf);
	if (is_out && buf->n > MAX_RECORD && uv_is_active((uv_handle_t *)&node->process))
		uv_process_kill(&node->process, SIGKILL);
}

static void on_written(uv_write_t *write, int status)
{
	struct node *node = write->data;

	close_handle((uv_handle_t *)&node->pipes[0]);
}

static int spawn(struct node *node, char **args)
{
	uv_stdio_container_t stdio[5];
	const struct jobserver *js = &node->world->jobserver;
	uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = node->world->options.program,
		.args = args,
		.flags = UV_PROCESS_DETACHED, /* Ctrl-C reaches the controller only */
		.stdio_count = 5,
		.stdio = stdio,
	};

	for (int i = 0; i < 3; i++) {
		uv_pipe_init(node->world->loop, &node->pipes[i], 0);
		node->pipes[i].data = node;
		stdio[i].flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
		stdio[i].data.stream = (uv_stream_t *)&node->pipes[i];
	}
	stdio[3] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = js->read };
	stdio[4] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = js->write };
	node->process.data = node;
	node->handles_open = 4;
	return uv_spawn(node->world->loop, &node->process, &options);
}

int node_start(struct node *node, struct err *err)
{
	const struct engine_options *o = &node->world->options;
	autofree char *jobs = mem_printf("%d", o->jobs), *parent = mem_printf("%d", (int)getpid());
	char *args[] = { "kiln",   "step", "-",           "--home", (char *)o->home, "--attempt", node->job.attempt,
			 "--jobs", jobs,   "--jobserver", "3,4",    "--parent",      parent,      NULL };
	uv_buf_t b;
	int code;

	node->spec_text = json_canonical(node->job.spec);
	code = spawn(node, args);
	if (code < 0) {
		err_infra(err, 0, "%s: cannot start a step: %s", o->program, uv_strerror(code));
		node->status = 127;
		close_handle((uv_handle_t *)&node->process);
		for (int i = 0; i < 3; i++)
			close_handle((uv_handle_t *)&node->pipes[i]);
		return -1;
	}
	b = uv_buf_init(node->spec_text, (unsigned)strlen(node->spec_text));
	node->write.data = node;
	uv_write(&node->write, (uv_stream_t *)&node->pipes[0], &b, 1, on_written);
	uv_read_start((uv_stream_t *)&node->pipes[1], on_alloc, on_read);
	uv_read_start((uv_stream_t *)&node->pipes[2], on_alloc, on_read);
	return 0;
}

void node_free(struct node *node)
{
	json_decref(node->job.spec);
	buf_free(&node->out);
	buf_free(&node->errs);
	free(node->spec_text);
	free(node);
}
