#define _GNU_SOURCE
#include "lab/boot.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/work.h"
#include "cpio/cpio.h"
#include "lab/verdict.h"

#include <stdlib.h>
#include <string.h>

enum { CONSOLE_MB = 64 };

static const json_t *board_of(const struct boot *b)
{
	return json_object_get(b->step.spec, "board");
}

const json_t *boot_lava(const struct boot *b)
{
	return json_object_get(b->step.spec, "lava");
}

bool boot_is(const struct boot *b, const char *state)
{
	return b->lava.state && strcmp(b->lava.state, state) == 0;
}

static struct judge *judge_of(struct boot *b)
{
	const struct judge_options options = {
		.need_marker = json_bool_or(b->step.spec, "need_marker", 0),
		.cpus = json_int_or(board_of(b), "cpus", 0),
		.limit_ms = json_int_or(board_of(b), "limit_ms", 0),
	};

	if (!b->judge)
		b->judge = judge_new(b->rules, &options);
	return b->judge;
}

static void on_console(struct view text, int64_t at_ms, void *data)
{
	struct boot *b = data;
	size_t room = b->console.n < b->console_max ? b->console_max - b->console.n : 0;

	b->heard_ms = clock_ms();
	if (at_ms && !b->lab_first_ms)
		b->lab_first_ms = at_ms;
	if (at_ms)
		b->lab_last_ms = at_ms;
	if (text.n > room)
		b->flooded = true;
	text = view_first(text, room);
	buf_add(&b->console, text.p, text.n);
	judge_feed(judge_of(b), text.p, text.n, at_ms);
}

static void take(char **field, const char *value)
{
	if (!value)
		return;
	free(*field);
	*field = mem_strdup(value);
}

/* The suite "lava" tells of each action, and its case "job" of the whole. */
static void on_result(const json_t *result, void *data)
{
	struct boot *b = data;
	const char *name = json_str_or(result, "case", "");

	if (strcmp(json_str_or(result, "definition", ""), "lava") != 0)
		return;
	if (strcmp(name, "job") == 0) {
		b->lava.told = true;
		take(&b->lava.error_type, json_str_or(result, "error_type", NULL));
		take(&b->lava.error_msg, json_str_or(result, "error_msg", NULL));
	}
	if (strcmp(name, "http-download") == 0 && strcmp(json_str_or(result, "result", ""), "pass") == 0)
		b->lava.fetched++;
}

int boot_open(const char *home, const json_t *spec, const char *attempt, struct shelf *shelf, struct boot **out,
	      struct err *err)
{
	const char *patterns;
	struct boot *b = mem_alloc(sizeof(*b));

	b->log = (struct lab_log){ .console = on_console, .result = on_result, .data = b };
	b->turn = 1;
	b->console_max = (size_t)json_int_or(json_object_get(spec, "board"), "console_mb", CONSOLE_MB) << 20;
	if (step_open(home, spec, attempt, &b->step, err) < 0 || json_field_str(spec, "patterns", &patterns, err) < 0 ||
	    shelf_rules(shelf, patterns, &b->rules, err) < 0) {
		boot_free(b);
		return -1;
	}
	*out = b;
	return 0;
}

static void word_free(struct lava_word *lava)
{
	free(lava->device);
	free(lava->state);
	free(lava->health);
	free(lava->error_type);
	free(lava->error_msg);
	free(lava->device_health);
	*lava = (struct lava_word){ 0 };
}

void boot_free(struct boot *b)
{
	if (!b)
		return;
	step_close(&b->step);
	lab_log_free(&b->log);
	judge_free(b->judge);
	buf_free(&b->console);
	word_free(&b->lava);
	holds_free(&b->holds);
	free(b->because);
	json_decref(b->avoid);
	json_decref(b->unwanted);
	json_decref(b->artefacts);
	for (size_t i = 0; i < b->n_urls; i++)
		free(b->urls[i]);
	free(b);
}

static int ramdisk_join(struct boot *b, const char *initrd, const char *modules, char digest[static HASH_HEX],
			struct err *err)
{
	autofree char *first = NULL, *second = NULL, *work = NULL, *joined = NULL;
	autoclose int lock = -1;
	int64_t size;
	int status;

	if (depot_checkout(b->step.depot, initrd, &first, err) < 0 ||
	    depot_checkout(b->step.depot, modules, &second, err) < 0 ||
	    work_make(b->step.home, b->step.attempt, &work, &lock, err) < 0)
		return -1;
	joined = fs_join(work, "ramdisk");
	status = cpio_join((const char *const[]){ first, second }, 2, joined, &size, err);
	if (status == 0)
		status = depot_put_file(b->step.depot, joined, digest, &size, err);
	work_remove(b->step.home, b->step.attempt);
	return status;
}

int boot_ramdisk(struct boot *b, char digest[static HASH_HEX], bool *some, struct err *err)
{
	const char *initrd = json_str_or(b->step.spec, "initrd", NULL);
	const char *modules = json_str_or(b->step.spec, "modules", NULL);
	const char *one = initrd ? initrd : modules;

	*some = one != NULL;
	if (initrd && modules)
		return ramdisk_join(b, initrd, modules, digest, err);
	if (one)
		snprintf(digest, HASH_HEX, "%s", one);
	return 0;
}

size_t boot_artefacts(const struct boot *b)
{
	const json_t *spec = b->step.spec;

	return (json_object_get(spec, "image") != NULL) + (json_object_get(spec, "dtb") != NULL) +
	       (json_object_get(spec, "initrd") || json_object_get(spec, "modules"));
}

void boot_log(struct boot *b, const char *p, size_t n)
{
	lab_log_add(&b->log, p, n);
}

static int64_t silence_of(const struct boot *b)
{
	return json_int_or(board_of(b), "silence_ms", 0);
}

bool boot_decided(struct boot *b)
{
	int64_t silence = silence_of(b);
	struct judge *judge = judge_of(b);

	if (b->log.last_ms)
		judge_tick(judge, b->log.last_ms);
	if (judge_result(judge))
		return true;
	if (b->flooded)
		judge_end(b->judge, JUDGE_END_FLOOD);
	else if (b->heard_ms && silence && clock_ms() - b->heard_ms >= silence && judge_heard_kernel(b->judge)) {
		b->silent = true;
		judge_end(b->judge, JUDGE_END_SILENCE);
	}
	return judge_result(b->judge);
}

static void set(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, value ? json_text(view_of(value)) : json_null());
}

/* Nothing of the job's log has been read: its device was looked at first. */
void boot_hold(struct boot *b, int slot)
{
	holds_add(&b->holds, b->id, b->lava.device, slot);
	word_free(&b->lava);
	b->state = BOOT_NEW;
	b->turn++;
	b->id = 0;
	b->adopt = false;
	b->missed = 0;
	b->there_ms = b->running_ms = b->grown_ms = b->look_ms = b->unread_ms = b->offline_ms = 0;
}

double boot_device_seconds(const struct boot *b)
{
	int64_t ms = holds_ms(&b->holds);

	if (b->lava.begun_ms && b->lava.ended_ms > b->lava.begun_ms)
		ms += b->lava.ended_ms - b->lava.begun_ms;
	else if (b->running_ms)
		ms += clock_ms() - b->running_ms;
	return (double)ms / 1000;
}

/* Where it was and what LAVA thinks of it. */
static void record_lab(struct boot *b, const char *lab, const char *url)
{
	json_t *o = json_pack("{s:s}", "lab", lab);

	if (b->id) {
		json_object_set_new(o, "job", json_integer(b->id));
		set(o, "url", url);
	}
	set(o, "device", b->lava.device);
	if (b->lava.device_health)
		set(o, "device_health", b->lava.device_health);
	if (b->alone)
		json_object_set_new(o, "alone", json_true());
	if (b->holds.all.n)
		json_object_set_new(o, "held", holds_json(&b->holds));
	json_object_set_new(o, "seconds", json_real(boot_device_seconds(b)));
	set(o, "health", b->lava.health);
	set(o, "error_type", b->lava.error_type);
	set(o, "error_msg", b->lava.error_msg);
	json_object_set_new(b->step.record, "lava", o);
	json_object_set_new(b->step.record, "seconds", json_real((double)(b->lab_last_ms - b->lab_first_ms) / 1000));
}

/* What the console names as the cause stands; only then comes how the job ended. */
static void record_verdict(struct boot *b, const struct judge_result *said, enum verdict otherwise, const char *reason)
{
	autofree char *alone =
		reason && b->alone && b->id ? mem_printf("%s; there is no other device to try it on", reason) : NULL;
	autojson json_t *fields = judge_result_json(said);

	json_object_update_missing(b->step.record, fields);
	judge_add_skipped(json_object_get(b->step.record, "tests"), json_object_get(b->step.spec, "skipped_suites"));
	step_verdict(&b->step, said->verdict, said->reason);
	if (reason) {
		json_object_set_new(b->step.record, "signature", json_null());
		step_verdict(&b->step, otherwise, alone ? alone : reason);
	}
}

static int record_write(struct boot *b, struct err *err)
{
	b->state = BOOT_ENDED;
	if (step_artefact_bytes(&b->step, "console", b->console.data ? b->console.data : "", b->console.n, err) < 0)
		return -1;
	return step_publish(&b->step, err);
}

/* A device that has lost its Good health was none to rely on. Only when LAVA distrusts it for the very end that the
 * kernel's panic was (health Unknown) is that not the device's fault. */
static char *device_lost(const struct boot *b)
{
	const char *health = b->lava.device_health;
	const struct judge_result *said = judge_result(b->judge);

	if (!health || strcmp(health, "Good") == 0 ||
	    (strcmp(health, "Unknown") == 0 && said->verdict == VERDICT_FAIL && said->pattern))
		return NULL;
	return mem_printf("its device %s is %s after the job, and no longer Good%s%s", b->lava.device, health,
			  b->lava.error_msg ? ": " : "", b->lava.error_msg ? b->lava.error_msg : "");
}

int boot_finish(struct boot *b, const char *lab, const char *url, struct err *err)
{
	int64_t silent = b->heard_ms ? b->log.last_ms - b->lab_last_ms : 0;
	autofree char *infra = NULL;

	if (!boot_decided(b)) {
		enum judge_end end = verdict_end(&b->lava, judge_heard_kernel(b->judge), silent, silence_of(b), &infra);

		judge_end(b->judge, end);
		/* A panic that was still being read when the job ended is the kernel's own end. */
		if (judge_result(b->judge)->pattern) {
			free(infra);
			infra = NULL;
		}
	}
	if (!infra && b->silent && !b->lava.told)
		infra = mem_strdup("the job was lost: nothing more came, and no result");
	if (!infra)
		infra = device_lost(b);
	record_lab(b, lab, url);
	record_verdict(b, judge_result(b->judge), VERDICT_INFRA, infra);
	return record_write(b, err);
}

int boot_abandon(struct boot *b, const char *lab, enum verdict verdict, const char *reason, struct err *err)
{
	if (!judge_result(judge_of(b)))
		judge_end(b->judge, JUDGE_END_LOG);
	record_lab(b, lab, NULL);
	record_verdict(b, judge_result(b->judge), verdict, reason);
	return record_write(b, err);
}
