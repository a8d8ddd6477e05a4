/* Whether two compilers that should be one are one. */
#define _GNU_SOURCE
#include "kernel/kernel.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "elf/elf.h"
#include "kernel/answers.h"
#include "kernel/make.h"
#include "kernel/sample.h"
#include "kernel/spec.h"
#include "kernel/toolchain.h"

#include <fcntl.h>
#include <string.h>

/* Put behind the kernel's own flags, in turn. */
static const char *const variants[] = { "", "-Os", "-O1 -g", "-O3" };

enum { MORE = 2 /* of so many times the sample is tried, since some need what the config leaves out */ };

struct proving {
	struct step *step;
	struct spec_arch arch;
	const json_t *toolchain, *reference, *allowed;
	int64_t sample;
	char *src, *out, *dir; /* dir: OUT/kiln-proof */
	const char *prefix, *compiler;
	struct buildlog log;
	string_vec objects; /* those that were compiled */
	double cpu, reference_cpu;
};

static void proving_free(struct proving *p)
{
	free(p->src);
	free(p->out);
	free(p->dir);
	string_vec_free(&p->objects);
	buildlog_free(&p->log);
}

static int proving_read(struct step *step, struct proving *p, struct err *err)
{
	json_t *toolchain = NULL, *reference = NULL;

	p->step = step;
	if (spec_arch(step->spec, &p->arch, err) < 0 || spec_source(step, &p->src, err) < 0 ||
	    json_field_obj(step->spec, "toolchain", &toolchain, err) < 0 ||
	    json_field_obj(step->spec, "reference", &reference, err) < 0 ||
	    json_field_int(step->spec, "sample", &p->sample, err) < 0 ||
	    json_field_str(toolchain, "prefix", &p->prefix, err) < 0 ||
	    json_field_str(toolchain, "compiler", &p->compiler, err) < 0)
		return -1;
	if (p->sample < 1 || p->sample > 1000)
		return err_user(err, "sample: from 1 to 1000 files");
	p->toolchain = toolchain;
	p->reference = reference;
	p->allowed = json_object_get(step->spec, "allowed");
	p->out = fs_join(step->work, "out");
	p->dir = fs_join(p->out, "kiln-proof");
	return fs_mkdirs(AT_FDCWD, p->dir, 0755, err);
}

static int kernel_make(struct proving *p, const char *const *targets, bool *passed, struct err *err)
{
	const struct make make = {
		.src = p->src,
		.out = p->out,
		.arch = p->arch.kernel,
		.toolchain = p->toolchain,
		.targets = targets,
	};

	return make_run(p->step, &make, &p->log, passed, &p->cpu, err);
}

static char *object_path(const struct proving *p, const char *object)
{
	return fs_join(p->out, object);
}

/* Compiles twice the sample by the toolchain, as the kernel's own make does, and keeps as many as were asked for. Of
 * the smallest config, whose headers are the shortest: an emulated compiler takes its time. */
static int objects_make(struct proving *p, struct err *err)
{
	const char *const smallest[] = { "allnoconfig", NULL };
	autofree const char **targets = NULL;
	bool passed = false;
	size_t kept = 0;

	if (sample_draw(p->src, (size_t)p->sample * MORE, &p->objects, err) < 0 ||
	    kernel_make(p, smallest, &passed, err) < 0)
		return -1;
	targets = mem_alloc((p->objects.n + 2) * sizeof(*targets));
	targets[0] = "-k";
	for (size_t i = 0; i < p->objects.n; i++)
		targets[i + 1] = p->objects.data[i];
	if (passed && kernel_make(p, targets, &passed, err) < 0)
		return -1;
	for (size_t i = 0; i < p->objects.n; i++) {
		autofree char *path = object_path(p, p->objects.data[i]);

		if (kept < (size_t)p->sample && fs_exists(AT_FDCWD, path))
			p->objects.data[kept++] = p->objects.data[i];
		else
			free(p->objects.data[i]);
	}
	p->objects.n = kept;
	return kept ? 0 : err_user(err, "none of the sample compiles: %s", buildlog_reason(&p->log));
}

/* The compiler's command in OBJECT's .cmd file (Documentation/kbuild), without what follows it; a view of text. */
static struct view command_of(struct view text)
{
	struct view line = view_cut(&text, '\n');
	const char *is = memmem(line.p, line.n, " := ", 4), *end;

	if (!is)
		return (struct view){ NULL, 0 };
	line.n -= (size_t)(is + 4 - line.p);
	line.p = is + 4;
	end = memmem(line.p, line.n, " ; ", 3);
	if (end)
		line.n = (size_t)(end - line.p);
	return line;
}

/* The same command with another output and no list of dependencies. */
static void rule_add(struct buf *makefile, size_t i, struct view command)
{
	buf_printf(makefile, "$(DIR)/%zu.o:\n\tcd /kiln/out &&", i);
	while (command.p) {
		struct view word = view_cut(&command, ' ');

		if (!word.n || view_starts(word, VIEW("-Wp,-MMD,")))
			continue;
		buf_addc(makefile, ' ');
		buf_addv(makefile, word);
		if (view_is(word, "-o")) {
			view_cut(&command, ' ');
			buf_printf(makefile, " $@ %s", variants[i % countof(variants)]);
		}
	}
	buf_addc(makefile, '\n');
}

static void question_add(const struct proving *p, size_t i, struct buf *makefile)
{
	buf_printf(makefile, "$(DIR)/%s:\n\t", answers_name(i));
	answers_command(i, p->compiler, p->prefix, makefile);
	buf_adds(makefile, " > $@ 2>&1\n");
}

static int makefile_write(struct proving *p, struct err *err)
{
	autofree char *path = fs_join(p->dir, "Makefile");
	autobuf struct buf text = { 0 };

	buf_adds(&text, "all:");
	for (size_t i = 0; i < p->objects.n; i++)
		buf_printf(&text, " $(DIR)/%zu.o", i);
	for (size_t i = 0; i < answers_count(); i++)
		buf_printf(&text, " $(DIR)/%s", answers_name(i));
	buf_addc(&text, '\n');
	for (size_t i = 0; i < answers_count(); i++)
		question_add(p, i, &text);
	for (size_t i = 0; i < p->objects.n; i++) {
		autofree char *object = object_path(p, p->objects.data[i]), *cmd = NULL;
		autobuf struct buf saved = { 0 };
		struct view command;
		const char *leaf = strrchr(object, '/') + 1;

		cmd = mem_printf("%.*s.%s.cmd", (int)(leaf - object), object, leaf);
		if (fs_read(AT_FDCWD, cmd, 1 << 20, &saved, err) < 0)
			return -1;
		command = command_of((struct view){ saved.data ? saved.data : "", saved.n });
		if (!command.p)
			return err_infra(err, 0, "%s: has no command", cmd);
		rule_add(&text, i, command);
	}
	return fs_write(AT_FDCWD, path, text.data, text.n, 0644, err);
}

/* All of the makefile in one of the two worlds. */
static int compile(struct proving *p, const char *name, const json_t *toolchain, double *cpu, struct err *err)
{
	autofree char *dir = fs_join(p->dir, name), *jobs = mem_printf("-j%d", p->step->jobs);
	autofree char *define = mem_printf("DIR=/kiln/out/kiln-proof/%s", name);
	const char *argv[] = { "make", jobs, "-f", "/kiln/out/kiln-proof/Makefile", define, NULL };
	const struct make make = { .src = p->src, .out = p->out, .arch = p->arch.kernel, .toolchain = toolchain };
	bool passed = false;

	if (fs_mkdirs(AT_FDCWD, dir, 0755, err) < 0 ||
	    make_world_run(p->step, &make, argv, &p->log, &passed, cpu, err) < 0)
		return -1;
	return passed ? 0 : err_user(err, "the %s cannot compile the sample: %s", name, buildlog_reason(&p->log));
}

static int read_of(const struct proving *p, const char *world, const char *name, struct buf *out, struct err *err)
{
	autofree char *path = mem_printf("%s/%s/%s", p->dir, world, name);

	return fs_read(AT_FDCWD, path, 64u << 20, out, err);
}

static bool is_comment(const struct elf_section *s)
{
	return view_is(s->name, ".comment");
}

/* The same but for the text that says which compiler it was. */
static bool same_but_comment(const struct buf *a, const struct buf *b)
{
	struct elf_file x = { 0 }, y = { 0 };
	struct err ignored = { 0 };
	bool equal = elf_parse((struct view){ a->data, a->n }, &x, &ignored) == 0 &&
		     elf_parse((struct view){ b->data, b->n }, &y, &ignored) == 0 && x.sections.n == y.sections.n;

	for (size_t i = 0; equal && i < x.sections.n; i++) {
		const struct elf_section *s = &x.sections.data[i], *t = &y.sections.data[i];

		equal = view_eq(s->name, t->name) && s->type == t->type &&
			(is_comment(s) || view_eq(s->bytes, t->bytes));
	}
	elf_free(&x);
	elf_free(&y);
	return equal;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->n == b->n && (!a->n || memcmp(a->data, b->data, a->n) == 0);
}

static int objects_compare(struct proving *p, size_t *differ, struct err *err)
{
	json_t *files = json_array();

	json_object_set_new(p->step->record, "files", files);
	for (size_t i = 0; i < p->objects.n; i++) {
		autofree char *name = mem_printf("%zu.o", i);
		autobuf struct buf a = { 0 }, b = { 0 };
		bool equal;

		if (read_of(p, "toolchain", name, &a, err) < 0 || read_of(p, "reference", name, &b, err) < 0)
			return -1;
		equal = same(&a, &b) || (answers_allowed(p->allowed, "version") && same_but_comment(&a, &b));
		*differ += !equal;
		json_array_append_new(files, json_pack("{s:s, s:s, s:b}", "file", p->objects.data[i], "flags",
						       variants[i % countof(variants)], "equal", equal));
	}
	return 0;
}

static struct view buf_view(const struct buf *b)
{
	return (struct view){ b->data ? b->data : "", b->n };
}

static int questions_compare(struct proving *p, size_t *forbidden, struct err *err)
{
	json_t *differences = json_array();

	json_object_set_new(p->step->record, "differences", differences);
	for (size_t i = 0; i < answers_count(); i++) {
		autobuf struct buf a = { 0 }, b = { 0 };

		if (read_of(p, "toolchain", answers_name(i), &a, err) < 0 ||
		    read_of(p, "reference", answers_name(i), &b, err) < 0)
			return -1;
		*forbidden += answers_compare(i, buf_view(&a), buf_view(&b), p->allowed, differences);
	}
	return 0;
}

static int judge(struct proving *p, struct err *err)
{
	size_t differ = 0, forbidden = 0;
	autofree char *reason = NULL;

	if (objects_compare(p, &differ, err) < 0 || questions_compare(p, &forbidden, err) < 0)
		return -1;
	json_object_set_new(p->step->record, "cpu_seconds", json_real(p->cpu));
	json_object_set_new(p->step->record, "reference_cpu_seconds", json_real(p->reference_cpu));
	if (differ)
		reason = mem_printf("%zu of %zu objects differ", differ, p->objects.n);
	else if (forbidden)
		reason = mem_printf("the compilers differ in what the layer does not allow (%zu times)", forbidden);
	step_verdict(p->step, reason ? VERDICT_FAIL : VERDICT_PASS, reason);
	return 0;
}

static int prove(struct proving *p, struct err *err)
{
	if (objects_make(p, err) < 0 || makefile_write(p, err) < 0)
		return -1;
	p->cpu = 0;
	if (compile(p, "toolchain", p->toolchain, &p->cpu, err) < 0 ||
	    compile(p, "reference", p->reference, &p->reference_cpu, err) < 0)
		return -1;
	return judge(p, err);
}

int kernel_proof_step(struct step *step, struct err *err)
{
	CLEANUP(proving_free) struct proving p = { .log.fd = -1 };
	struct err ignored = { 0 };
	int status;

	if (proving_read(step, &p, err) < 0 || toolchain_verify(step->home, p.toolchain, err) < 0 ||
	    toolchain_verify(step->home, p.reference, err) < 0 || make_log_open(step, &p.log, err) < 0)
		return -1;
	status = prove(&p, err);
	if (make_log_close(step, &p.log, status < 0 ? &ignored : err) < 0)
		return -1;
	return status;
}
