#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include "base/str.h"
#include "engine/engine.h"

#include <stdbool.h>

/* A GNU make jobserver: a pipe that holds a token for each CPU that is free. */
struct jobserver {
	int read, write; /* handed to the steps */
	int own;         /* the same pipe, opened again without blocking: flags belong to the opening */
	int tokens;      /* that there are in all */
};

int jobserver_open(struct jobserver *js, int tokens, struct err *err);
void jobserver_close(struct jobserver *js);
bool jobserver_take(struct jobserver *js);
void jobserver_give(struct jobserver *js, int tokens);
/* Nobody runs: a make that was killed took its tokens with it, put back what is missing. held: by us. */
void jobserver_refill(struct jobserver *js, int held);

/* One running or waiting step. */
struct node {
	struct node *next;
	struct engine *engine;
	struct engine_job job;
	uv_process_t process;
	uv_pipe_t pipes[3]; /* stdin, stdout, stderr */
	struct buf out, errs;
	char *spec_text;
	uv_write_t write;
	int handles_open; /* process and pipes not closed yet */
	int64_t status;
	int signal;
};

/* Starts the process; on failure ended is not called. */
int node_start(struct node *node, struct err *err);
void node_free(struct node *node);
/* The engine's part: all handles of a node are closed. */
void engine_node_ended(struct node *node);

const struct engine_options *engine_options(const struct engine *e);
uv_loop_t *engine_loop(const struct engine *e);
const struct jobserver *engine_jobserver(const struct engine *e);

#endif
