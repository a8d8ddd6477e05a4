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

struct node;

/* What all steps of an engine are started with, and whom their ends are told. */
struct node_world {
	uv_loop_t *loop;
	struct engine_options options;
	struct jobserver jobserver;
	/* Its process has ended, or could not be started, and all of its handles are closed. */
	void (*ended)(struct node *node, void *data);
	void *data;
};

/* One running or waiting step. */
struct node {
	struct node *next;
	const struct node_world *world;
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

/* Starts the process. On failure ended is called, too. */
int node_start(struct node *node, struct err *err);
void node_free(struct node *node);

#endif
