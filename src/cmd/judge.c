/* kiln judge: the verdict on any console log. */
#include "judge/judge.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int rules_load(const char *home, struct judge_rules **rules, struct err *err)
{
	autofree char *own = config_path(), *data = data_path();
	autofree char *own_catalog = fs_join(own, "catalog"), *catalog = fs_join(data, "catalog");
	autofree char *place = home_path(home), *cache = fs_join(place, "cache");
	const char *const dirs[] = { own_catalog, catalog };
	const struct catalog *c = NULL;
	autobuf struct buf faults = { 0 };
	int status;

	if (catalog_load(dirs, countof(dirs), &c, &faults, err) < 0) {
		if (faults.n)
			fputs(faults.data, stderr);
		return -1;
	}
	status = judge_rules_new(c->patterns, c->n_patterns, cache, rules, err);
	catalog_free(c);
	return status;
}

static int log_open(const char *file, struct err *err)
{
	int fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_user(err, "%s: %s; give the file of a console log, or - for standard input", file,
				strerror(errno));
	return fd;
}

static int log_judge(struct judge *j, int fd, const char *file, struct err *err)
{
	enum { PIECE = 256 << 10 };
	autofree char *piece = mem_alloc(PIECE);
	ssize_t n;

	while ((n = read(fd, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_user(err, "%s: %s", file, strerror(errno));
		if (judge_feed(j, piece, (size_t)n, 0) == JUDGE_DECIDED)
			break;
	}
	judge_end(j, JUDGE_END_LOG);
	return 0;
}

/* The texts of a result are printable, but for the line ends of the excerpt. */
static void print_text(const struct judge_result *r)
{
	printf("%s: %s\n", verdict_text(r->verdict), r->reason);
	if (r->line)
		printf("line: %lld\n", (long long)r->line);
	if (r->signature)
		printf("signature: %s\n", r->signature);
	if (r->excerpt)
		printf("\n%s", r->excerpt);
	if (r->excerpt && *r->excerpt && r->excerpt[strlen(r->excerpt) - 1] != '\n')
		putchar('\n');
}

static void print_json(const struct judge_result *r)
{
	autojson json_t *o = judge_result_json(r);

	json_print(o);
}

static int exit_status(enum verdict v)
{
	return v == VERDICT_FAIL ? 1 : v == VERDICT_INFRA ? 3 : 0;
}

static int judge_file(const char *file, const char *home, bool need_marker, bool json, struct err *err)
{
	const struct judge_options options = { .need_marker = need_marker };
	autoclose int fd = log_open(file, err);
	struct judge_rules *rules = NULL;
	struct judge *j;
	int status = -1;

	if (fd < 0 || rules_load(home, &rules, err) < 0)
		return -1;
	j = judge_new(rules, &options);
	if (log_judge(j, fd, file, err) == 0) {
		(json ? print_json : print_text)(judge_result(j));
		status = exit_status(judge_result(j)->verdict);
	}
	judge_free(j);
	judge_rules_free(rules);
	return status;
}

int cmd_judge(int argc, char **argv)
{
	bool json = false, need_marker = false;
	const char *home = NULL;
	const struct option options[] = {
		{ "json", OPTION_FLAG, &json },
		{ "need-marker", OPTION_FLAG, &need_marker },
		{ "home", OPTION_STRING, &home },
	};
	struct err err = { 0 };
	int status;

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc > 2) {
		err_user(&err, "one log at a time, not also \"%s\"; see kiln judge --help", argv[2]);
		return fail(&err);
	}
	status = judge_file(argc > 1 ? argv[1] : "-", home, need_marker, json, &err);
	return status < 0 ? fail(&err) : status;
}
