#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/build.h"
#include "cmd/cmd.h"
#include "step/step.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* On a terminal what a guest or a build said must not steer it; into a file or a pipe go the bytes as they are. */
static void print_log(const struct buf *log)
{
	struct view rest = { log->data, log->n };
	autobuf struct buf line = { 0 };

	if (!isatty(STDOUT_FILENO)) {
		fwrite(log->data, 1, log->n, stdout);
		return;
	}
	while (rest.p && rest.n) {
		struct view v = view_cut(&rest, '\n');

		if (v.n && v.p[v.n - 1] == '\r')
			v.n--;
		buf_clear(&line);
		buf_add_printable(&line, v);
		puts(line.data);
	}
}

static int log_print(const char *home, const char *name, struct err *err)
{
	autojson json_t *record = NULL;
	autobuf struct buf log = { 0 };
	const char *digest;

	if (build_find(home, name, &record, NULL, err) < 0)
		return -1;
	digest = record_artefact(record, "console");
	if (!digest)
		digest = record_artefact(record, "log");
	if (!digest)
		return err_user(err, "%s kept no log: %s", name, json_str_or(record, "reason", "no reason was given"));
	if (build_artefact(home, digest, &log, err) < 0)
		return -1;
	print_log(&log);
	return 0;
}

int cmd_log(int argc, char **argv)
{
	const char *home_option = NULL;
	const struct option options[] = { { "home", OPTION_STRING, &home_option } };
	autofree char *home = NULL;
	struct err err = { 0 };

	if (options_parse(options, countof(options), &argc, argv, &err) < 0)
		return fail(&err);
	if (argc != 2) {
		err_user(&err, "name one build (SOURCE/ARCH/CONFIG/TOOLCHAIN or its end) or one boot (BUILD@BOARD)");
		return fail(&err);
	}
	home = home_path(home_option);
	return log_print(home, argv[1], &err) < 0 ? fail(&err) : 0;
}
