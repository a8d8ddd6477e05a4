#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/private.h"

#include <signal.h>
#include <string.h>

struct queue {
	struct node *head, **tail;
};

struct engine {
	struct node_world world;
	struct queue waiting[ENGINE_PRIORITIES];
	struct node *running;
	size_t n_waiting, n_running;
	int64_t memory_used;
	int held; /* tokens taken for the next job, not yet enough */
	bool cancelled;
	uv_poll_t token; /* watches the jobserver while a job waits for a token */
	uv_idle_t pump;  /* starts what was submitted */
	int handles_open;
};

size_t engine_waiting(const struct engine *e)
{
	return e->n_waiting;
}

size_t engine_running(const struct engine *e)
{
	return e->n_running;
}

static void schedule(struct engine *e);
static void node_ended(struct node *node, void *data);

static void on_token(uv_poll_t *poll, int status, int events)
{
	schedule(poll->data);
}

static void on_pump(uv_idle_t *idle)
{
	schedule(idle->data);
}

int engine_new(uv_loop_t *loop, const struct engine_options *options, struct engine **out, struct err *err)
{
	struct engine *e = mem_alloc(sizeof(*e));

	e->world.loop = loop;
	e->world.options = *options;
	e->world.ended = node_ended;
	e->world.data = e;
	for (int i = 0; i < ENGINE_PRIORITIES; i++)
		e->waiting[i].tail = &e->waiting[i].head;
	if (jobserver_open(&e->world.jobserver, options->jobs, err) < 0) {
		free(e);
		return -1;
	}
	uv_poll_init(loop, &e->token, e->world.jobserver.own);
	uv_idle_init(loop, &e->pump);
	e->token.data = e->pump.data = e;
	*out = e;
	return 0;
}

void engine_submit(struct engine *e, const struct engine_job *job)
{
	struct node *node = mem_alloc(sizeof(*node));
	struct queue *q = &e->waiting[job->priority];

	node->world = &e->world;
	node->job = *job;
	json_incref(node->job.spec);
	*q->tail = node;
	q->tail = &node->next;
	e->n_waiting++;
	uv_idle_start(&e->pump, on_pump);
}

static struct node *queue_pop(struct queue *q)
{
	struct node *node = q->head;

	if (!node)
		return NULL;
	q->head = node->next;
	if (!q->head)
		q->tail = &q->head;
	node->next = NULL;
	return node;
}

static struct queue *first_queue(struct engine *e)
{
	for (int i = 0; i < ENGINE_PRIORITIES; i++)
		if (e->waiting[i].head)
			return &e->waiting[i];
	return NULL;
}

static int tokens_for(const struct engine *e, const struct engine_job *job)
{
	int cpus = job->cpus > 0 ? job->cpus : 1;

	return cpus < e->world.options.jobs ? cpus : e->world.options.jobs;
}

/* Whether the next job may start now; else what is awaited is being watched. */
static bool admit(struct engine *e, const struct engine_job *job)
{
	if (e->n_running && e->memory_used + job->memory_mb > e->world.options.memory_mb)
		return false;
	if (!e->n_running)
		jobserver_refill(&e->world.jobserver, e->held);
	while (e->held < tokens_for(e, job)) {
		if (!jobserver_take(&e->world.jobserver)) {
			uv_poll_start(&e->token, UV_READABLE, on_token);
			return false;
		}
		e->held++;
	}
	return true;
}

static void start(struct engine *e, struct node *node)
{
	struct err err = { 0 };

	e->n_waiting--;
	e->n_running++;
	e->memory_used += node->job.memory_mb;
	e->held -= tokens_for(e, &node->job);
	node->next = e->running;
	e->running = node;
	if (node_start(node, &err) < 0)
		buf_adds(&node->errs, err.msg);
	e->world.options.started(&node->job, e->world.options.data);
}

static void schedule(struct engine *e)
{
	struct queue *q;

	uv_idle_stop(&e->pump);
	uv_poll_stop(&e->token);
	while ((q = first_queue(e)) && admit(e, &q->head->job))
		start(e, queue_pop(q));
	if (!q && e->held) {
		jobserver_give(&e->world.jobserver, e->held);
		e->held = 0;
	}
}

static void unlink_running(struct engine *e, struct node *node)
{
	struct node **at = &e->running;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
}

/* The last thing a step said on stderr, without the program's name in front; NULL when it said nothing. */
static const char *last_words(struct buf *errs)
{
	char *nl;

	while (errs->n && errs->data[errs->n - 1] == '\n')
		errs->data[--errs->n] = '\0';
	if (!errs->n)
		return NULL;
	nl = strrchr(errs->data, '\n');
	nl = nl ? nl + 1 : errs->data;
	return str_starts(nl, "kiln: ") ? nl + 6 : nl;
}

static void ended_error(struct engine *e, struct node *node, struct err *err)
{
	const char *words = last_words(&node->errs);

	if (e->cancelled)
		err_infra(err, 0, "cancelled");
	else if (node->signal)
		err_infra(err, 0, "the step was killed by signal %d", node->signal);
	else if (node->status == 2)
		err_user(err, "%s", words ? words : "the step refused its spec");
	else
		err_infra(err, 0, "%s", words ? words : "the step ended without a record");
}

static void node_ended(struct node *node, void *data)
{
	struct engine *e = data;
	autojson json_t *record = NULL;
	struct err err = { 0 };

	unlink_running(e, node);
	e->n_running--;
	e->memory_used -= node->job.memory_mb;
	jobserver_give(&e->world.jobserver, tokens_for(e, &node->job));
	if (node->status == 0 && !node->signal && node->out.n)
		record = json_loadb(node->out.data, node->out.n, 0, NULL);
	if (!record)
		ended_error(e, node, &err);
	e->world.options.ended(&node->job, record, &err, e->world.options.data);
	node_free(node);
	if (e->n_waiting)
		uv_idle_start(&e->pump, on_pump);
}

void engine_cancel(struct engine *e)
{
	struct err err = { 0 };
	struct queue *q;

	e->cancelled = true;
	err_infra(&err, 0, "cancelled");
	while ((q = first_queue(e))) {
		struct node *node = queue_pop(q);

		e->n_waiting--;
		e->world.options.ended(&node->job, NULL, &err, e->world.options.data);
		node_free(node);
	}
	/* One that could not start or has ended has no process: pid 0 would be our own group. */
	for (struct node *n = e->running; n; n = n->next)
		if (uv_is_active((uv_handle_t *)&n->process) && uv_process_get_pid(&n->process) > 0)
			uv_process_kill(&n->process, SIGKILL);
}

static void engine_closed(uv_handle_t *handle)
{
	struct engine *e = handle->data;

	if (--e->handles_open)
		return;
	jobserver_close(&e->world.jobserver);
	free(e);
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	e->handles_open = 2;
	uv_close((uv_handle_t *)&e->token, engine_closed);
	uv_close((uv_handle_t *)&e->pump, engine_closed);
}
