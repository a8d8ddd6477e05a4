/* Parses and matches many configs against many boards: bench-match [--configs N] [--boards N] FILE.config...
 * The configs are the given ones with some lines changed, one at a time; making them is not counted. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "kconfig/kconfig.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { REQUIREMENTS = 12, MUTATIONS = 40 };

struct board {
	char arch[32]; /* as the head of the config it was made from has it */
	const struct requirement *reqs[REQUIREMENTS];
};

struct tally {
	double seconds; /* of CPU */
	size_t matched, reasons;
};

struct bench {
	struct buf *texts;
	size_t n_texts, n_configs, n_boards;
	struct board *boards;
	struct arena arena;
	uint64_t seed;
	double parse; /* seconds of CPU */
	size_t bytes;
	struct tally plain; /* as a plan does it: another architecture is reason enough */
	struct tally every; /* each requirement of each board */
};

/* xorshift64: the same configs each time. */
static uint64_t next_random(struct bench *b)
{
	b->seed ^= b->seed << 13;
	b->seed ^= b->seed >> 7;
	b->seed ^= b->seed << 17;
	return b->seed;
}

/* Seconds of CPU, so that a busy machine does not blur the figures. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int rc, const struct err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench-match: %s\n", err->msg);
	exit(err_exit_status(err));
}

/* A line somewhere in the text. */
static struct view random_line(struct bench *b, const struct buf *text)
{
	size_t at = next_random(b) % text->n;
	struct view rest;

	while (at && text->data[at - 1] != '\n')
		at--;
	rest = (struct view){ text->data + at, text->n - at };
	return view_cut(&rest, '\n');
}

static void random_symbol(struct bench *b, const struct buf *text, struct view tail, struct buf *out)
{
	for (int tries = 0; tries < 10000; tries++) {
		struct view line = random_line(b, text);
		const char *name = line.n ? memmem(line.p, line.n, "CONFIG_", 7) : NULL;

		if (!name || line.n < tail.n + 8 || memcmp(line.p + line.n - tail.n, tail.p, tail.n) != 0)
			continue;
		name += 7;
		buf_add(out, name, (size_t)(line.p + line.n - tail.n - name));
		return;
	}
	buf_adds(out, "NONE");
}

static const struct requirement *make_requirement(struct bench *b, const struct buf *text, int kind)
{
	static const char *const forms[] = { "=y", "=y|m", " || NO_SUCH_SYMBOL=y", " @ 5.10..6.6" };
	autobuf struct buf line = { 0 };
	struct requirement *r;
	struct err err = { 0 };
	int column;

	if (kind == 0) {
		buf_adds(&line, "!");
		random_symbol(b, text, VIEW(" is not set"), &line);
	} else if (kind == 1) {
		buf_adds(&line, "LOG_BUF_SHIFT>=12");
	} else {
		random_symbol(b, text, VIEW("=y"), &line);
		buf_adds(&line, forms[kind % 4]);
	}
	must(requirement_parse(&b->arena, (struct view){ line.data, line.n }, REQUIRE, "set it with the fragment x", &r,
			       &column, &err),
	     &err);
	return r;
}

static void arch_copy(const struct kconfig *config, char arch[static 32])
{
	struct kversion version;
	struct view name = VIEW("?");

	kconfig_origin(config, &name, &version);
	snprintf(arch, 32, VIEW_FMT, VIEW_ARG(name));
}

static void make_boards(struct bench *b)
{
	b->boards = mem_alloc(b->n_boards * sizeof(*b->boards));
	for (size_t i = 0; i < b->n_boards; i++) {
		const struct buf *text = &b->texts[i % b->n_texts];
		struct kconfig *config;
		struct err err = { 0 };

		must(kconfig_parse((struct view){ text->data, text->n }, &config, &err), &err);
		arch_copy(config, b->boards[i].arch);
		kconfig_free(config);
		for (int k = 0; k < REQUIREMENTS; k++)
			b->boards[i].reqs[k] = make_requirement(b, text, k);
	}
}

static void mutate(struct bench *b, const struct buf *from, struct buf *to)
{
	buf_clear(to);
	buf_add(to, from->data, from->n);
	for (int i = 0; i < MUTATIONS; i++) {
		struct view line = random_line(b, to);

		if (line.n > 9 && line.p[0] == 'C' && line.p[line.n - 2] == '=')
			to->data[line.p + line.n - 1 - to->data] = "nm"[next_random(b) % 2];
	}
}

static void match_all(struct bench *b, const struct kconfig *config, bool every, struct tally *tally)
{
	static const struct kversion kernel = { 6, 1, 192 };
	double start = now();
	reason_vec reasons = { 0 };
	struct arena arena = { 0 };
	char arch[32];

	arch_copy(config, arch);
	for (size_t i = 0; i < b->n_boards; i++) {
		const struct board *board = &b->boards[i];

		if (!every && strcmp(board->arch, arch) != 0)
			*vec_push(&reasons) = (struct reason){ "ARCH", board->arch, arch, REQUIRE, NULL };
		else if (requirements_match(board->reqs, REQUIREMENTS, config, kernel, &arena, &reasons) == 0)
			tally->matched++;
	}
	tally->reasons += reasons.n;
	vec_free(&reasons);
	arena_free(&arena);
	tally->seconds += now() - start;
}

static void run(struct bench *b)
{
	autobuf struct buf text = { 0 };

	for (size_t i = 0; i < b->n_configs; i++) {
		struct kconfig *config;
		struct err err = { 0 };
		double start;

		mutate(b, &b->texts[i % b->n_texts], &text);
		start = now();
		must(kconfig_parse((struct view){ text.data, text.n }, &config, &err), &err);
		b->parse += now() - start;
		b->bytes += text.n;
		match_all(b, config, false, &b->plain);
		match_all(b, config, true, &b->every);
		kconfig_free(config);
	}
}

static void tally_print(const struct bench *b, const char *what, const struct tally *t)
{
	printf("%s: %.3f s, %.1f million boards/s, %zu matched, %zu reasons; with parsing %.3f s\n", what, t->seconds,
	       (double)(b->n_configs * b->n_boards) / t->seconds / 1e6, t->matched, t->reasons, t->seconds + b->parse);
}

static void print(const struct bench *b)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("%zu configs (%.0f bytes on average) x %zu boards x %d requirements, CPU time\n", b->n_configs,
	       (double)b->bytes / (double)b->n_configs, b->n_boards, REQUIREMENTS);
	printf("parse: %.3f s, %.0f MB/s\n", b->parse, (double)b->bytes / b->parse / 1e6);
	tally_print(b, "match", &b->plain);
	tally_print(b, "match, boards of other architectures in full too", &b->every);
	printf("peak %ld MB\n", usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	struct bench b = { .n_configs = 10000, .n_boards = 200, .seed = 42 };
	int first = 1;

	for (; first + 1 < argc && str_starts(argv[first], "--"); first += 2)
		*(strcmp(argv[first], "--boards") == 0 ? &b.n_boards : &b.n_configs) =
			strtoul(argv[first + 1], NULL, 10);
	b.n_texts = (size_t)(argc - first);
	if (!b.n_texts || !b.n_configs || !b.n_boards) {
		fprintf(stderr, "usage: bench-match [--configs N] [--boards N] FILE.config...\n");
		return 2;
	}
	b.texts = mem_alloc(b.n_texts * sizeof(*b.texts));
	for (size_t i = 0; i < b.n_texts; i++) {
		struct err err = { 0 };

		must(fs_read(AT_FDCWD, argv[first + (int)i], 64 << 20, &b.texts[i], &err), &err);
		must(b.texts[i].n ? 0 : err_user(&err, "%s is empty", argv[first + (int)i]), &err);
	}
	make_boards(&b);
	run(&b);
	print(&b);
	for (size_t i = 0; i < b.n_texts; i++)
		buf_free(&b.texts[i]);
	free(b.texts);
	free(b.boards);
	arena_free(&b.arena);
	return b.plain.matched ? 0 : 1; /* nothing matched: the figures would say nothing */
}
