/* A trial: a .config, built and booted as any other, and whether it fails in the same way. */
#include "base/cleanup.h"
#include "base/fs.h"
#include "minimise/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRIALS_MAX (16u << 20) /* bytes of the file of trials; one has 200 */

static const char *const outcome_texts[] = { "works", "same", "other", "skipped" };

void session_say(struct session *s, const char *format, ...)
{
	va_list args;
	char line[512];

	if (!s->options->say)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	s->options->say(line, s->options->data_for_say);
}

static void on_event(const struct run_event *event, void *data)
{
	struct session *s = data;

	s->builds += event->kind == RUN_STARTED && strcmp(event->step, "build") == 0;
	if (s->options->event)
		s->options->event(event, s->options->data_for_event);
}

enum how {
	CONFIGURED, /* no more than that */
	WARM,       /* out of the objects of earlier trials */
	CLEAN,      /* as a build is that people look at, and booted whatever is known of it */
};

/* One build of the target's kind, of a config of the catalogue or a file. */
static int execute(struct session *s, const struct plan_file_config *file, const char *config, enum how how,
		   json_t **document, struct err *err)
{
	autofree char *objects = how == WARM ? mem_printf("%s/objects", s->place) : NULL;
	const char *name = file ? file->name : config;
	struct run_options run = {
		.home = s->options->home,
		.data = s->options->data,
		.program = s->options->program,
		.source = s->target.source,
		.source_id = s->target.source_id,
		.plan = { .archs = { &s->target.arch, 1 },
			  .configs = { &name, 1 },
			  .toolchains = { &s->target.toolchain, 1 },
			  .boards = { &s->target.board, s->target.board ? 1 : 0 },
			  .files = file,
			  .n_files = file ? 1 : 0,
			  .options = s->target.options,
			  .machine = s->target.machine,
			  .builds_only = !s->target.board,
			  .warm = how == WARM ? s->tree : NULL,
			  .objects = objects },
		.plan_only = how == CONFIGURED,
		.trial = true,
		.reuse_boots = how != CLEAN,
		.jobs = s->options->jobs,
		.event = how == CONFIGURED ? NULL : on_event,
		.data_for_event = s,
	};

	return run_execute(s->catalog, &run, document, err);
}

int trial_configure(struct session *s, const struct plan_file_config *file, const char *config,
		    char final[static HASH_HEX], struct err *err)
{
	autojson json_t *document = NULL;
	const json_t *build;
	const char *digest;

	if (execute(s, file, config, CONFIGURED, &document, err) < 0)
		return -1;
	build = json_array_get(json_object_get(document, "builds"), 0);
	digest = json_str_or(build, "config", NULL);
	if (!digest && strcmp(json_str_or(build, "verdict", ""), "infra") == 0)
		return err_infra(err, 0, "cannot configure: %s", json_str_or(build, "reason", "no reason was given"));
	snprintf(final, HASH_HEX, "%s", digest ? digest : "");
	return 0;
}

int trial_configure_set(struct session *s, const bool *set, char final[static HASH_HEX], struct err *err)
{
	autobuf struct buf text = { 0 };
	char asked[HASH_HEX];
	const char *known;

	buf_add(&text, s->good.data, s->good.n);
	buf_addc(&text, '\n');
	for (size_t i = 0; i < s->n; i++)
		if (set[i])
			buf_printf(&text, "%s\n", s->differing[i].line);
	if (depot_put_bytes(s->depot, text.data, text.n, asked, err) < 0)
		return -1;
	known = json_str_or(s->configs, asked, NULL);
	if (known) {
		snprintf(final, HASH_HEX, "%s", known);
		return 0;
	}
	if (trial_configure(s, &(struct plan_file_config){ "minimise", asked }, NULL, final, err) < 0)
		return -1;
	json_object_set_new(s->configs, asked, json_string(final));
	return 0;
}

int trials_load(struct session *s, struct err *err)
{
	autofree char *path = fs_join(s->dir, "trials.jsonl");
	autobuf struct buf text = { 0 };
	struct view rest;

	if (!fs_exists(AT_FDCWD, path))
		return 0;
	if (fs_read(AT_FDCWD, path, TRIALS_MAX, &text, err) < 0)
		return -1;
	rest = (struct view){ text.data, text.n };
	while (rest.p && rest.n) {
		struct view line = view_cut(&rest, '\n');
		json_t *trial = json_loadb(line.p, line.n, 0, NULL); /* the last one may be cut short */
		const char *config = json_str_or(trial, "config", NULL);

		s->builds += (size_t)json_int_or(trial, "builds", 0);
		s->clean |= json_bool_or(trial, "clean", false);
		if (config)
			json_object_set(s->trials, config, trial);
		json_decref(trial);
	}
	return 0;
}

static int trial_keep(struct session *s, const char *final, enum outcome outcome, const char *reason, size_t builds,
		      struct err *err)
{
	autofree char *path = fs_join(s->dir, "trials.jsonl"), *line = NULL, *text = NULL;
	json_t *trial = json_pack("{s:s, s:s, s:s?, s:I}", "config", final, "outcome", outcome_texts[outcome], "reason",
				  reason, "builds", (json_int_t)builds);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	json_object_set_new(s->trials, final, trial);
	if (fd < 0)
		return err_infra(err, errno, "%s", path);
	text = json_canonical(trial);
	line = mem_printf("%s\n", text);
	return fs_write_all(fd, line, strlen(line), err);
}

int trials_forget(struct session *s, struct err *err)
{
	autofree char *path = fs_join(s->dir, "trials.jsonl");
	autofree char *line = mem_printf("{\"clean\":true,\"builds\":%zu}\n", s->builds);

	s->clean = true;
	json_object_clear(s->trials);
	return fs_write(AT_FDCWD, path, line, strlen(line), 0644, err);
}

static bool known_outcome(const json_t *trial, enum outcome *outcome)
{
	for (size_t i = 0; i < countof(outcome_texts); i++)
		if (strcmp(json_str_or(trial, "outcome", ""), outcome_texts[i]) == 0) {
			*outcome = (enum outcome)i;
			return true;
		}
	return false;
}

static bool is_failure(const json_t *cell)
{
	enum verdict v = verdict_from_text(json_str_or(cell, "verdict", ""));

	return v == VERDICT_FAIL || v == VERDICT_KNOWN;
}

/* Of a build that failed the signature is in the document; a boot that has none is known by its reason. */
static enum outcome outcome_of(const struct session *s, const json_t *build, const json_t *boot)
{
	const json_t *cell = s->target.board ? boot : build;
	autobuf struct buf signature = { 0 };

	if (is_failure(build) && s->target.board)
		return OUTCOME_OTHER;
	if (boot && strcmp(json_str_or(boot, "verdict", ""), "skip") == 0)
		return OUTCOME_SKIPPED;
	if (!is_failure(cell))
		return strcmp(json_str_or(cell, "verdict", ""), "flaky") == 0 ? OUTCOME_OTHER : OUTCOME_WORKS;
	plan_signature(cell, &signature);
	return signature.data && strcmp(signature.data, s->target.signature) == 0 ? OUTCOME_SAME : OUTCOME_OTHER;
}

static const char *reason_of(const json_t *build, const json_t *boot)
{
	const char *reason =
		is_failure(build) || !boot ? json_str_or(build, "reason", NULL) : json_str_or(boot, "reason", NULL);

	return reason;
}

static bool is_infra(const json_t *cell)
{
	return cell && strcmp(json_str_or(cell, "verdict", "infra"), "infra") == 0;
}

int trial_run(struct session *s, const char *final, bool again, enum outcome *outcome, const char **reason,
	      struct err *err)
{
	autofree char *name = mem_printf("minimise-%.12s", final);
	const struct plan_file_config file = { name, final };
	autojson json_t *document = NULL;
	const json_t *build, *boot, *known = json_object_get(s->trials, final);
	size_t before = s->builds;

	if (!again && known_outcome(known, outcome)) {
		*reason = json_str_or(known, "reason", NULL);
		return 0;
	}
	if (execute(s, &file, NULL, again || s->clean ? CLEAN : WARM, &document, err) < 0)
		return -1;
	build = json_array_get(json_object_get(document, "builds"), 0);
	boot = json_array_get(json_object_get(document, "boots"), 0);
	if (is_infra(build) || is_infra(boot))
		return err_infra(err, 0, "the machine failed, not the kernel: %s; the same command goes on",
				 json_str_or(is_infra(build) ? build : boot, "reason", "no reason was given"));
	*outcome = outcome_of(s, build, boot);
	if (trial_keep(s, final, *outcome, reason_of(build, boot), s->builds - before, err) < 0)
		return -1;
	*reason = json_str_or(json_object_get(s->trials, final), "reason", NULL);
	return 0;
}
