/* What is started as kiln. Loading the libraries of all commands takes longer than entering a root may: this has only
 * what it takes to enter one whose way is known, and becomes kiln-commands for all else, errors among it. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/into.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int way_find(const struct way_key *key, struct way *way, struct err *err)
{
	return way_read(key, way) ? 0 : err_user(err, "not known yet");
}

int way_explain(const char *program, struct err *err)
{
	return -1;
}

static int root_quickly(int argc, char **argv, struct err *err)
{
	const char *home_option = NULL;
	struct into into = { 0 };
	const struct option options[] = {
		{ "home", OPTION_STRING, &home_option },
		{ "superuser", OPTION_FLAG, &into.superuser },
		{ "network", OPTION_FLAG, &into.network },
	};
	autofree char *home = NULL;

	if (options_parse(options, countof(options), &argc, argv, err) < 0 || argc < 2 ||
	    (strcmp(argv[1], "run") != 0 && strcmp(argv[1], "shell") != 0))
		return -1;
	home = home_path(home_option);
	return root_into(home, strcmp(argv[1], "shell") == 0, argc - 2, argv + 2, &into, err);
}

/* -1 with nothing done: not here, or not yet, or not so. */
static int quickly(int argc, char **argv)
{
	char *copy[argc + 1]; /* options are taken out of it */
	struct err err = { 0 };

	memcpy(copy, argv, ((size_t)argc + 1) * sizeof(*copy));
	if (argc > 0 && is_go_name(argv[0]))
		return go_into(argc, copy, &err);
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return -1;
	if (argc > 2 && strcmp(argv[1], "exec") == 0)
		return exec_into(argc - 1, copy + 1, &err);
	if (argc > 2 && strcmp(argv[1], "root") == 0)
		return root_quickly(argc - 1, copy + 1, &err);
	return -1;
}

/* Beside this file, as it is built, or where it is installed. */
static void become_commands(char **argv)
{
	static const char *const places[] = { "kiln-commands", "../libexec/kiln/kiln-commands" };

	for (size_t i = 0; i < countof(places); i++) {
		autofree char *path = fs_beside(places[i]);

		if (path)
			execv(path, argv);
	}
	fprintf(stderr, "kiln: kiln-commands, which belongs to it, cannot be run: %s; install Kiln as a whole\n",
		strerror(errno));
}

int main(int argc, char **argv)
{
	int status = quickly(argc, argv);

	if (status >= 0)
		return status;
	become_commands(argv);
	return 3;
}
