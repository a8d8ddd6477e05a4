/* The sequence: the target, the config that works, both tried, the search, the result. */
#include "minimise/minimise.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "minimise/private.h"
#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void session_free(struct session *s)
{
	depot_free(s->depot);
	arena_free(&s->arena);
	free(s->place);
	free(s->dir);
	free(s->tree);
	json_decref(s->trials);
	json_decref(s->configs);
	buf_free(&s->good);
}

static int good_configure(struct session *s, struct err *err)
{
	const char *good = s->options->good;
	char asked[HASH_HEX];
	int64_t size;

	if (!strchr(good, '/')) {
		if (trial_configure(s, NULL, good, s->good_digest, err) < 0)
			return -1;
	} else if (depot_put_file(s->depot, good, asked, &size, err) < 0 ||
		   trial_configure(s, &(struct plan_file_config){ "good", asked }, NULL, s->good_digest, err) < 0) {
		return -1;
	}
	if (!*s->good_digest)
		return err_user(err, "--good %s: it cannot be configured on %s", good, s->target.arch);
	return depot_get(s->depot, s->good_digest, &s->good, err);
}

/* HOME/minimise/<key>: the same target and the same good config go on where they were. */
static int directory_open(struct session *s, struct err *err)
{
	const struct target *t = &s->target;
	autojson json_t *options = names_json(&t->options);
	autojson json_t *identity =
		json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:O}", "config", t->config, "good", s->good_digest,
			  "board", t->boot, "arch", t->arch, "toolchain", t->toolchain, "source", t->source_id,
			  "signature", t->signature, "options", options);
	autofree char *tree = source_tree(s->options->home, t->source_id);
	char key[HASH_HEX];

	s->tree = realpath(tree, NULL);
	if (!s->tree)
		return err_infra(err, errno, "%s", tree);
	json_digest(identity, key);
	s->place = mem_printf("minimise/%.12s", key);
	s->dir = fs_join(s->options->home, s->place);
	if (fs_mkdirs(AT_FDCWD, s->dir, 0755, err) < 0)
		return -1;
	return trials_load(s, err);
}

static int config_load(struct session *s, const char *digest, struct buf *text, struct kconfig **out, struct err *err)
{
	if (depot_get(s->depot, digest, text, err) < 0)
		return err_wrap(err, "the .config of %s", s->target.build);
	return kconfig_parse((struct view){ text->data ? text->data : "", text->n }, out, err);
}

/* What the failing config leaves out stays out where a trial makes it visible: its default might set it. */
static void defaults_hold_back(struct session *s, const struct kconfig *good, const struct buf *bad)
{
	struct view rest = { bad->data, bad->n };

	buf_addc(&s->good, '\n');
	while (rest.p && rest.n) {
		struct view line = view_cut(&rest, '\n'), symbol;

		if (!view_starts(line, VIEW("# CONFIG_")))
			continue;
		symbol = (struct view){ line.p + 9, line.n - 9 };
		symbol = view_cut(&symbol, ' ');
		if (kconfig_get(good, symbol))
			continue;
		buf_addv(&s->good, line);
		buf_addc(&s->good, '\n');
	}
}

static int difference_take(struct session *s, struct err *err)
{
	const struct catalog_arch *arch = catalog_arch(s->catalog, s->target.arch);
	autobuf struct buf good_text = { 0 }, bad_text = { 0 };
	struct kconfig *good = NULL, *bad = NULL;
	int status = -1;

	if (config_load(s, s->good_digest, &good_text, &good, err) == 0 &&
	    config_load(s, s->target.config, &bad_text, &bad, err) == 0) {
		kconfig_difference(good, bad, s->tree, arch->srcarch ? arch->srcarch : arch->kernel, &s->arena,
				   &s->differing, &s->n);
		defaults_hold_back(s, good, &bad_text);
		status = 0;
	}
	kconfig_free(good);
	kconfig_free(bad);
	if (status == 0 && !s->n)
		return err_user(err, "no option differs between %s and --good %s", s->target.build, s->options->good);
	return status;
}

static int good_try(struct session *s, struct err *err)
{
	const char *reason = NULL;
	enum outcome outcome;

	session_say(s, "trying the config that works, %s", s->options->good);
	if (trial_run(s, s->good_digest, false, &outcome, &reason, err) < 0)
		return -1;
	if (outcome == OUTCOME_WORKS)
		return 0;
	return err_user(err,
			"--good %s does not work itself: %s%s; give another one with --good CONFIG or --good ./FILE",
			s->options->good, outcome == OUTCOME_SAME ? "it fails in the same way: " : "",
			reason ? reason : "it fails");
}

/* Twice: what comes and goes would lead anywhere. */
static int bad_try(struct session *s, struct err *err)
{
	const char *reason = NULL;
	enum outcome outcome;

	session_say(s, "trying what failed, %s", s->target.build);
	if (json_object_get(s->trials, s->target.config)) {
		if (trial_run(s, s->target.config, false, &outcome, &reason, err) < 0)
			return -1;
		if (outcome == OUTCOME_SAME)
			return 0;
	}
	for (int i = 0; i < (s->target.board ? 2 : 1); i++) {
		if (trial_run(s, s->target.config, true, &outcome, &reason, err) < 0)
			return -1;
		if (outcome == OUTCOME_SAME)
			continue;
		if (i > 0)
			return err_user(err,
					"%s is flaky: the same kernel failed and then did not; what is to be "
					"minimised must fail each time",
					s->target.build);
		return err_user(err, "%s %s: %s; it must fail with \"%s\"", s->target.build,
				outcome == OUTCOME_OTHER ? "fails in another way now" : "does not fail now",
				reason ? reason : "it passes", s->target.signature);
	}
	return 0;
}

static const char *outcome_words(enum outcome outcome)
{
	static const char *const words[] = { "works", "fails in the same way", "fails in another way",
					     "does not fit the board" };

	return words[outcome];
}

static int fails(const bool *set, bool *same, void *data, struct err *err)
{
	struct session *s = data;
	char final[HASH_HEX];
	const char *reason = NULL;
	enum outcome outcome;
	size_t n = 0;

	if (trial_configure_set(s, set, final, err) < 0)
		return -1;
	*same = false;
	if (!*final)
		return 0;
	if (trial_run(s, final, false, &outcome, &reason, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		n += set[i];
	*same = outcome == OUTCOME_SAME;
	session_say(s, "%zu of %zu options: %s%s%s (%zu build%s so far)", n, s->n, outcome_words(outcome),
		    outcome == OUTCOME_OTHER && reason ? ": " : "", outcome == OUTCOME_OTHER && reason ? reason : "",
		    s->builds, s->builds == 1 ? "" : "s");
	return 0;
}

/* Whether the final config has the line; what is not set has none. */
static bool has_line(const struct kconfig *config, const struct kconfig_option *option)
{
	struct kconfig *line = NULL;
	const struct kconfig_value *want, *have = kconfig_get(config, view_of(option->symbol));
	struct err ignored;
	bool same;

	if (kconfig_parse(view_of(option->line), &line, &ignored) < 0)
		return false;
	want = kconfig_get(line, view_of(option->symbol));
	same = want && have ? want->type == have->type && view_eq(want->text, have->text) : !want == !have;
	kconfig_free(line);
	return same;
}

static int holds(const bool *set, const bool *wanted, bool *all, void *data, struct err *err)
{
	struct session *s = data;
	autobuf struct buf text = { 0 };
	struct kconfig *config = NULL;
	char final[HASH_HEX];

	if (trial_configure_set(s, set, final, err) < 0)
		return -1;
	*all = *final;
	if (!*final)
		return 0;
	if (config_load(s, final, &text, &config, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n && *all; i++)
		*all = !wanted[i] || !set[i] || has_line(config, &s->differing[i]);
	kconfig_free(config);
	return 0;
}

static void tell(size_t left, size_t found, void *data)
{
	struct session *s = data;

	if (left)
		session_say(s, "%zu options are left%s", left, found ? ", besides those found" : "");
}

/* All of them over the good config must fail as the target does; else the cause is nothing that can be set. */
static int all_try(struct session *s, struct err *err)
{
	autofree bool *all = mem_alloc(s->n + 1);
	bool same = false;

	memset(all, 1, s->n);
	if (fails(all, &same, s, err) < 0)
		return -1;
	if (!same)
		return err_user(err,
				"the %zu options that differ do not bring the failure to --good %s; try a config "
				"that is nearer to the one that fails: --good ./FILE",
				s->n, s->options->good);
	return 0;
}

static void fragment_print(const struct session *s, const bool *set, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		if (set[i])
			buf_printf(out, "%s\n", s->differing[i].line);
}

static json_t *commands_json(const struct session *s, const char *config)
{
	const struct target *t = &s->target;
	autobuf struct buf run = { 0 };

	buf_printf(&run, "kiln run --arch %s --config %s --toolchain %s", t->arch, config, t->toolchain);
	if (t->board)
		buf_printf(&run, " --board %s", t->board);
	if (t->machine.cpus)
		buf_printf(&run, " --cpus %lld", (long long)t->machine.cpus);
	if (t->machine.memory_mb)
		buf_printf(&run, " --memory %lld", (long long)t->machine.memory_mb);
	if (t->machine.cpu)
		buf_printf(&run, " --cpu %s", t->machine.cpu);
	if (t->machine.accel)
		buf_printf(&run, " --accel %s", t->machine.accel);
	for (size_t i = 0; i < t->options.n; i++) {
		buf_adds(&run, " --option ");
		buf_add_shell(&run, t->options.data[i]);
	}
	buf_adds(&run, " --source ");
	buf_add_shell(&run, t->source);
	return json_pack("[o]", json_text((struct view){ run.data, run.n }));
}

static json_t *result_make(const struct session *s, const bool *set, bool steady, const char *config,
			   const char *fragment)
{
	const struct target *t = &s->target;
	json_t *options = json_array();

	for (size_t i = 0; i < s->n; i++)
		if (set[i])
			json_array_append_new(options, json_string(s->differing[i].line));
	return json_pack("{s:s, s:s?, s:s, s:s, s:I, s:o, s:I, s:I, s:b, s:s, s:s, s:s, s:o}", "build", t->build,
			 "board", t->boot, "signature", t->signature, "good", s->options->good, "differing",
			 (json_int_t)s->n, "options", options, "trials", (json_int_t)json_object_size(s->trials),
			 "builds", (json_int_t)s->builds, "steady", steady, "directory", s->dir, "config", config,
			 "fragment", fragment, "reproduce", commands_json(s, config));
}

/* The minimal .config and its fragment into the directory. */
static int result_write(struct session *s, const bool *set, bool steady, json_t **result, struct err *err)
{
	autofree char *config = fs_join(s->dir, "minimal.config"), *fragment = fs_join(s->dir, "fragment.config");
	autofree char *path = fs_join(s->dir, "result.json");
	autobuf struct buf text = { 0 }, lines = { 0 };
	autojson json_t *made = NULL;
	char final[HASH_HEX];

	if (trial_configure_set(s, set, final, err) < 0 || depot_get(s->depot, final, &text, err) < 0)
		return -1;
	fragment_print(s, set, &lines);
	if (fs_write(AT_FDCWD, config, text.data, text.n, 0644, err) < 0 ||
	    fs_write(AT_FDCWD, fragment, lines.data, lines.n, 0644, err) < 0)
		return -1;
	made = result_make(s, set, steady, config, fragment);
	if (json_write(AT_FDCWD, path, made, err) < 0)
		return -1;
	*result = json_incref(made);
	return 0;
}

/* Once more from clean: steady when it still fails in the same way. */
static int result_try(struct session *s, const bool *set, bool *steady, struct err *err)
{
	const char *reason = NULL;
	enum outcome outcome;
	char final[HASH_HEX];

	session_say(s, "trying the result once more, built from clean");
	if (trial_configure_set(s, set, final, err) < 0 || trial_run(s, final, true, &outcome, &reason, err) < 0)
		return -1;
	*steady = outcome == OUTCOME_SAME;
	return 0;
}

static int search_run(struct session *s, bool *set, bool *steady, struct err *err)
{
	const struct search search = {
		.options = s->differing, .n = s->n, .fails = fails, .holds = holds, .tell = tell, .data = s
	};

	memset(set, 0, s->n);
	if (all_try(s, err) < 0 || search_minimal(&search, set, err) < 0)
		return -1;
	return result_try(s, set, steady, err);
}

/* They take the room of a whole build, and serve no other search. */
static void objects_remove(struct session *s)
{
	autofree char *objects = fs_join(s->dir, "objects"), *lock = mem_printf("%s.lock", objects);
	struct err ignored = { 0 };

	if (fs_exists(AT_FDCWD, objects))
		fs_remove(AT_FDCWD, objects, &ignored);
	unlink(lock);
}

static int session_run(struct session *s, json_t **result, struct err *err)
{
	autofree bool *set = NULL;
	bool steady = false;
	int status;

	if (target_find(s, err) < 0 || depot_open(s->options->home, &s->depot, err) < 0 || good_configure(s, err) < 0 ||
	    directory_open(s, err) < 0 || difference_take(s, err) < 0)
		return -1;
	session_say(s, "%zu options differ; it is the same failure when it says: %s", s->n, s->target.signature);
	if (good_try(s, err) < 0 || bad_try(s, err) < 0)
		return -1;
	set = mem_alloc(s->n + 1);
	status = search_run(s, set, &steady, err);
	if (!s->clean && (status < 0 ? err->class == ERR_USER : !steady)) {
		session_say(s, "%s: objects of earlier trials may be to blame; all over, each built from clean",
			    status < 0 ? err->msg : "it does not fail so");
		status = trials_forget(s, err) < 0 ? -1 : search_run(s, set, &steady, err);
	}
	if (status < 0)
		return -1;
	objects_remove(s);
	return result_write(s, set, steady, result, err);
}

int minimise(const struct catalog *catalog, const struct minimise_options *options, json_t **result, struct err *err)
{
	struct session s = { .catalog = catalog, .options = options };
	int status;

	s.trials = json_object();
	s.configs = json_object();
	status = session_run(&s, result, err);
	session_free(&s);
	return status;
}
