#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/private.h"

#include <string.h>

enum { SHOWN = 8, DEFAULT_WIDTH = 80 };

struct active {
	char *task, *label;
	int64_t since;
};

struct progress {
	FILE *out;
	struct report_options options;
	bool live; /* a terminal that can be redrawn */
	int drawn; /* lines of the block that stand on the terminal */
	VEC(struct active) active;
	char *importing;
};

struct progress *progress_new(FILE *out)
{
	struct progress *p = mem_alloc(sizeof(*p));

	p->out = out;
	p->options = report_options_for(out);
	p->live = isatty(fileno(out)) && p->options.width > 0;
	return p;
}

static void erase(struct progress *p)
{
	if (p->drawn)
		fprintf(p->out, "\033[%dA\r\033[J", p->drawn);
	p->drawn = 0;
}

/* One line of the block, cut to the terminal's width. */
static void block_line(struct progress *p, const struct buf *line)
{
	int width = p->options.width > 1 ? p->options.width - 1 : DEFAULT_WIDTH;
	int n = line->n < (size_t)width ? (int)line->n : width;

	fprintf(p->out, "%s%.*s%s\n", colour_dim(p->options.colours), n, line->data, colour_end(p->options.colours));
	p->drawn++;
}

static void draw(struct progress *p, const struct run_event *e)
{
	int64_t now = clock_ms();
	autobuf struct buf line = { 0 };

	erase(p);
	for (size_t i = 0; i < p->active.n && i < SHOWN; i++) {
		buf_clear(&line);
		buf_printf(&line, "  %-60s ", p->active.data[i].label);
		buf_add_duration(&line, (double)(now - p->active.data[i].since) / 1000);
		block_line(p, &line);
	}
	buf_clear(&line);
	if (p->importing)
		buf_printf(&line, "  %s", p->importing);
	else
		buf_printf(&line, "  %zu running, %zu waiting, %zu done", e->running, e->waiting, e->finished);
	block_line(p, &line);
	fflush(p->out);
}

/* arch/config/toolchain: the source is the same on all lines. */
static const char *short_build(const char *build)
{
	const char *slash = strchr(build, '/');

	return slash ? slash + 1 : build;
}

static char *label_of(const struct run_event *e)
{
	if (strcmp(e->step, "init") == 0) {
		const char *arch = short_build(e->build), *end = strchr(arch, '/');

		return mem_printf("init %.*s", end ? (int)(end - arch) : (int)strlen(arch), arch);
	}
	return mem_printf("%s %s%s%s", e->step, short_build(e->build), e->board ? " on " : "",
			  e->board ? e->board : "");
}

static void active_add(struct progress *p, const struct run_event *e)
{
	*vec_push(&p->active) = (struct active){ mem_strdup(e->task), label_of(e), clock_ms() };
}

static void active_remove(struct progress *p, const char *task)
{
	for (size_t i = 0; i < p->active.n; i++) {
		struct active *a = &p->active.data[i];

		if (strcmp(a->task, task) != 0)
			continue;
		free(a->task);
		free(a->label);
		memmove(a, a + 1, (p->active.n - i - 1) * sizeof(*a));
		p->active.n--;
		return;
	}
}

static void ended_line(struct progress *p, const struct run_event *e)
{
	const char *verdict = verdict_text(e->verdict);
	autofree char *label = label_of(e);
	autobuf struct buf time = { 0 };
	bool good = e->verdict == VERDICT_PASS || !e->reason;

	buf_add_duration(&time, e->seconds);
	fprintf(p->out, "%s%-5s%s %-48s %s%s%s%s\n", colour_of(verdict, p->options.colours), verdict,
		colour_end(p->options.colours), label, time.data, good ? "" : "  ", good ? "" : e->reason,
		e->again ? " (tried again)" : "");
}

static void import_line(struct progress *p, const struct run_event *e)
{
	char *text =
		e->bytes > 0 ? mem_printf("%s: %lld MB", e->text, (long long)(e->bytes >> 20)) : mem_strdup(e->text);
	bool changed = !p->importing || strncmp(p->importing, e->text, strlen(e->text)) != 0;

	free(p->importing);
	p->importing = text;
	if (p->live) {
		draw(p, e);
	} else if (changed) {
		fprintf(p->out, "%s\n", e->text);
		fflush(p->out);
	}
}

void progress_event(const struct run_event *e, void *data)
{
	struct progress *p = data;

	switch (e->kind) {
	case RUN_IMPORT:
		import_line(p, e);
		return;
	case RUN_BEGIN:
		erase(p);
		free(steal(&p->importing));
		if (*e->run)
			fprintf(p->out, "run %s%s\n", e->run, e->resumed ? " goes on where it was interrupted" : "");
		fflush(p->out);
		return;
	case RUN_STARTED:
		active_add(p, e);
		if (!p->live) {
			autofree char *label = label_of(e);

			fprintf(p->out, "start %s\n", label);
		}
		break;
	case RUN_ENDED:
		erase(p);
		active_remove(p, e->task);
		ended_line(p, e);
		break;
	case RUN_NOTE:
		erase(p);
		if (e->kvm)
			active_remove(p, e->task);
		fprintf(p->out, "note  %s%s%s\n", e->kvm ? "" : short_build(e->build), e->kvm ? "" : ": ", e->text);
		break;
	case RUN_LEAVING:
		erase(p);
		fprintf(p->out, "interrupted: takes leave of the labs; Ctrl-C once more ends at once\n");
		fflush(p->out);
		return;
	case RUN_LEFT:
		active_remove(p, e->task);
		break;
	case RUN_TICK:
		break;
	case RUN_DONE:
		erase(p);
		fflush(p->out);
		return;
	}
	if (p->live)
		draw(p, e);
	else if (e->kind != RUN_TICK)
		fflush(p->out);
}

bool progress_is_live(const struct progress *p)
{
	return p->live;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	if (p->live)
		erase(p);
	fflush(p->out);
	while (p->active.n)
		active_remove(p, p->active.data[0].task);
	vec_free(&p->active);
	free(p->importing);
	free(p);
}
