/* From what a judge knows to the verdict. */
#include "judge/state.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

void judge_add_splat(struct judge *j, const struct finding *f)
{
	autobuf struct buf signature = { 0 };
	size_t at = json_array_size(j->splats);

	if (j->n_splats++ >= SPLATS_MAX)
		return;
	finding_signature(f, &signature);
	while (at && json_int_or(json_array_get(j->splats, at - 1), "line", 0) > f->line)
		at--;
	json_array_insert_new(j->splats, at,
			      json_pack("{s:s, s:I, s:o, s:o}", "pattern", f->pattern->name, "line",
					(json_int_t)f->line, "text",
					json_text((struct view){ f->text.data, f->text.n }), "signature",
					json_text((struct view){ signature.data, signature.n })));
}

static void conclude(struct judge *j, enum verdict verdict, int64_t line)
{
	j->result.verdict = verdict;
	j->result.line = line;
}

static void conclude_cause(struct judge *j)
{
	const struct finding *f = &j->cause;

	conclude(j, f->pattern->verdict, f->line);
	j->result.pattern = f->pattern->name;
	j->result.excerpt = f->excerpt.data;
	buf_addv(&j->reason, (struct view){ f->text.data, f->text.n });
	if (j->after.n)
		buf_printf(&j->reason, "; then: %s", j->after.data);
	finding_signature(f, &j->signature);
}

static int64_t count_tests(const struct judge *j, enum ktap_result result)
{
	int64_t n = 0;

	for (size_t i = 0; i < j->ktap.tests.n; i++)
		n += j->ktap.tests.data[i].result == result;
	return n;
}

static void conclude_failed_test(struct judge *j)
{
	const struct ktap_test *t = j->ktap.tests.data;

	while (t->result != KTAP_FAIL)
		t++;
	conclude(j, VERDICT_FAIL, t->line);
	buf_printf(&j->reason, "test failed: %s", t->name);
	if (j->ktap.failed > 1)
		buf_printf(&j->reason, " (and %lld more)", (long long)j->ktap.failed - 1);
	buf_printf(&j->signature, "test: %s", t->name);
}

static void conclude_splat(struct judge *j)
{
	const json_t *first = json_array_get(j->splats, 0);

	conclude(j, VERDICT_WARN, json_int_or(first, "line", 0));
	buf_printf(&j->reason, "%s", json_str_or(first, "text", ""));
	if (j->n_splats > 1)
		buf_printf(&j->reason, " (and %lld more)", (long long)j->n_splats - 1);
	buf_adds(&j->signature, json_str_or(first, "signature", ""));
}

static void conclude_good(struct judge *j)
{
	int64_t passed = count_tests(j, KTAP_PASS), skipped = count_tests(j, KTAP_SKIP);

	conclude(j, !passed && skipped ? VERDICT_SKIP : VERDICT_PASS, j->done_line);
	if (!passed && skipped)
		buf_printf(&j->reason, "booted, but all %lld tests were skipped", (long long)skipped);
	else if (passed)
		buf_printf(&j->reason, "%lld tests passed", (long long)passed);
	else
		buf_adds(&j->reason, j->done ? "booted" : "no failure found");
	if (passed && skipped)
		buf_printf(&j->reason, ", %lld skipped", (long long)skipped);
}

/* The guest came to its end as it should: what did it report? */
static void conclude_complete(struct judge *j)
{
	ktap_end(&j->ktap, j->done ? j->done_line : j->line);
	if (j->ktap.failed) {
		conclude_failed_test(j);
	} else if (j->done && j->status > 0) {
		conclude(j, VERDICT_FAIL, j->done_line);
		buf_printf(&j->reason, "the guest's init ended with status %lld", (long long)j->status);
		buf_adds(&j->signature, "status");
	} else if (j->options.cpus > 0 && j->started && j->cpus >= 0 && j->cpus < j->options.cpus) {
		conclude(j, VERDICT_FAIL, j->done_line);
		buf_printf(&j->reason, "%lld of %lld CPUs came up", (long long)j->cpus, (long long)j->options.cpus);
		buf_printf(&j->signature, "cpus: %lld of %lld", (long long)j->cpus, (long long)j->options.cpus);
	} else if (j->n_splats) {
		conclude_splat(j);
	} else {
		conclude_good(j);
	}
}

static void fail_with(struct judge *j, const char *signature, bool last)
{
	conclude(j, VERDICT_FAIL, 0);
	buf_adds(&j->signature, signature);
	if (!last || !j->last.n)
		return;
	buf_printf(&j->reason, ": %s", j->last.data);
	j->result.excerpt = j->last.data;
}

static void conclude_silent(struct judge *j)
{
	buf_printf(&j->reason, "silent from the start: %s (a console option may be missing)",
		   j->output ? "the firmware spoke, the kernel did not" : "no console output");
	fail_with(j, "silent", false);
}

static void conclude_hang(struct judge *j)
{
	buf_adds(&j->reason, "hangs after");
	fail_with(j, "hang: ", true);
	if (j->last.n)
		signature_message((struct view){ j->last.data, j->last.n }, &j->signature);
}

static void conclude_limit(struct judge *j)
{
	buf_adds(&j->reason, "outlived its limit");
	if (j->options.limit_ms) {
		buf_adds(&j->reason, " of ");
		buf_add_duration(&j->reason, (double)j->options.limit_ms / 1000);
	}
	buf_adds(&j->reason, "; its last line");
	fail_with(j, "limit", true);
}

static void conclude_restart(struct judge *j)
{
	buf_adds(&j->reason, "rebooted before the done marker: it started twice");
	fail_with(j, "reboot", false);
	j->result.line = j->restart_line;
}

static void conclude_reboot(struct judge *j)
{
	buf_adds(&j->reason, j->options.need_marker || j->started ? "rebooted before the done marker; its last line"
								  : "rebooted by itself; its last line");
	fail_with(j, "reboot", true);
}

static void conclude_end(struct judge *j, enum judge_end end)
{
	bool waited = end == JUDGE_END_SILENCE || end == JUDGE_END_LIMIT;

	if (!j->output || (waited && !j->kernel)) {
		conclude_silent(j);
		return;
	}
	switch (end) {
	case JUDGE_END_REBOOT:
		conclude_reboot(j);
		break;
	case JUDGE_END_LIMIT:
		conclude_limit(j);
		break;
	case JUDGE_END_SILENCE:
		conclude_hang(j);
		break;
	case JUDGE_END_FLOOD:
		buf_adds(&j->reason, "floods the console; its last line");
		fail_with(j, "flood", true);
		break;
	case JUDGE_END_EXIT:
	case JUDGE_END_LOG:
		if (!j->options.need_marker && !j->started) {
			conclude_complete(j);
			break;
		}
		buf_printf(&j->reason, "%s before the done marker; its last line",
			   end == JUDGE_END_EXIT ? "powered off" : "the log ends");
		fail_with(j, "no done marker", true);
		break;
	}
}

static json_t *tests_json(const struct judge *j)
{
	static const char *const texts[] = { [KTAP_PASS] = "pass", [KTAP_FAIL] = "fail", [KTAP_SKIP] = "skip" };
	json_t *array = json_array();

	for (size_t i = 0; i < j->ktap.tests.n; i++) {
		const struct ktap_test *t = &j->ktap.tests.data[i];

		json_array_append_new(array, json_pack("{s:o, s:s, s:I}", "name", json_text(view_of(t->name)), "result",
						       texts[t->result], "line", (json_int_t)t->line));
	}
	return array;
}

void judge_conclude(struct judge *j, enum judge_end end)
{
	if (j->capture == CAPTURE_SPLAT || j->splat.pattern) {
		judge_add_splat(j, &j->splat);
		finding_clear(&j->splat);
	}
	if (j->cause.pattern)
		conclude_cause(j);
	else if (j->restart_line)
		conclude_restart(j);
	else if (j->done)
		conclude_complete(j);
	else
		conclude_end(j, end);
	j->tests = tests_json(j);
	j->result.tests = j->tests;
	j->result.splats = j->splats;
	j->result.reason = j->reason.data;
	j->result.signature = j->signature.n ? j->signature.data : NULL;
	j->result.started = j->started;
	j->result.done = j->done;
	j->result.cpus = j->cpus;
	j->result.machine = j->machine.data;
}

void judge_add_skipped(json_t *tests, const json_t *suites)
{
	json_t *suite;
	size_t i;

	json_array_foreach ((json_t *)suites, i, suite)
		json_array_append_new(tests, json_pack("{s:s, s:s, s:s}", "name", json_str_or(suite, "name", ""),
						       "result", "skip", "reason", json_str_or(suite, "reason", "")));
}

static void set_text(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, text ? json_text(view_of(text)) : json_null());
}

/* The excerpt is the one text of several lines. */
static json_t *lines_json(const char *text)
{
	struct view rest = view_of(text);
	autobuf struct buf b = { 0 };

	while (rest.p) {
		buf_add_printable(&b, view_cut(&rest, '\n'));
		if (rest.p)
			buf_addc(&b, '\n');
	}
	return json_stringn(b.data ? b.data : "", b.n);
}

json_t *judge_result_json(const struct judge_result *r)
{
	json_t *o = json_pack("{s:s, s:I, s:b, s:b, s:I, s:O, s:O}", "verdict", verdict_text(r->verdict), "line",
			      (json_int_t)r->line, "started", r->started, "done", r->done, "cpus", (json_int_t)r->cpus,
			      "tests", r->tests, "splats", r->splats);

	set_text(o, "reason", r->reason);
	set_text(o, "signature", r->signature);
	json_object_set_new(o, "excerpt", r->excerpt ? lines_json(r->excerpt) : json_null());
	set_text(o, "pattern", r->pattern);
	set_text(o, "machine", r->machine);
	return o;
}
