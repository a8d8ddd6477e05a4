#include "cmd/follow.h"

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "report/report.h"

#include <errno.h>
#include <stdio.h>

/* This very program for the steps, also when its file has been replaced meanwhile (proc(5)). */
static const char own_program[] = "/proc/self/exe";

enum { STATUS_INTERRUPTED = 130 };

/* Events of one run. */
struct following {
	struct progress *progress; /* NULL: JSON is printed, and nothing else */
	char id[32];               /* of the run, once it has one */
	struct buf left;           /* lines of what became of its jobs in labs */
};

static void on_event(const struct run_event *event, void *data)
{
	struct following *f = data;

	if (event->run)
		snprintf(f->id, sizeof(f->id), "%s", event->run);
	if (event->kind == RUN_LEFT)
		buf_printf(&f->left, "kiln: %s%s%s: %s\n", event->build, event->board ? " on " : "",
			   event->board ? event->board : "", event->text);
	if (f->progress)
		progress_event(event, f->progress);
}

int follow_finished(const json_t *document, const struct run_options *run, bool json, const char *home)
{
	struct report_options options = report_options_for(stdout);

	if (json) {
		json_print(document);
		return run_exit_status(document);
	}
	report_matrix(document, &options, stdout);
	if (!run->plan_only)
		printf("artefacts and logs: %s/builds/; a log: kiln log BUILD or BUILD@BOARD%s%s\n", run->home,
		       home ? " --home " : "", home ? home : "");
	return run_exit_status(document);
}

/* It can be come back to, which kiln minimise's trials cannot: so it is said here. */
static int failed(const struct following *f, const char *home, const struct err *err)
{
	if (f->left.n)
		fwrite(f->left.data, 1, f->left.n, stderr);
	if (err->num != EINTR || !*f->id)
		return err->num == EINTR ? (fail(err), STATUS_INTERRUPTED) : fail(err);
	fprintf(stderr, "kiln: %s, as does, from anywhere: kiln attach %s%s%s\n", err->msg, f->id,
		home ? " --home " : "", home ? home : "");
	return STATUS_INTERRUPTED;
}

int follow(struct run_options *run, bool json, const char *home)
{
	struct following f = { 0 };
	const struct catalog *catalog = NULL;
	autojson json_t *document = NULL;
	struct err err = { 0 };
	int status = command_catalog(&catalog);

	if (status)
		return status;
	f.progress = json ? NULL : progress_new(stdout);
	run->program = own_program;
	run->ticks = f.progress && progress_is_live(f.progress);
	run->event = on_event;
	run->data_for_event = &f;
	status = run_execute(catalog, run, &document, &err);
	progress_free(f.progress);
	catalog_free(catalog);
	status = status < 0 ? failed(&f, home, &err) : follow_finished(document, run, json, home);
	buf_free(&f.left);
	return status;
}
