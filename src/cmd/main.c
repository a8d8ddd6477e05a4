#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/into.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
#define X(name) { #name, cmd_##name },
	COMMANDS(X)
#undef X
};

static int print_help(const char *name)
{
	for (const struct help *h = help_texts; h->name; h++) {
		if (strcmp(h->name, name) == 0) {
			fputs(h->text, stdout);
			return 0;
		}
	}
	fprintf(stderr, "kiln: there is no command \"%s\"; see kiln --help\n", name);
	return 2;
}

static int command_run(const struct command *c, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return print_help(c->name);
	return c->run(argc, argv);
}

static int go_exec(int argc, char **argv)
{
	struct err err = { 0 };
	int status = go_into(argc, argv, &err);

	return status < 0 ? fail(&err) : status;
}

/* Its threads mostly wait: what one has freed another may use, and what is big goes back at once. */
static void memory_frugal(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

int main(int argc, char **argv)
{
	memory_frugal();
	if (argc > 0 && is_go_name(argv[0]))
		return go_exec(argc, argv);
	if (argc < 2)
		return print_help("kiln"), 2;
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help("kiln");
	if (strcmp(argv[1], "--version") == 0) {
		puts("kiln " VERSION);
		return 0;
	}
	if (strcmp(argv[1], "help") == 0)
		return print_help(argc > 2 ? argv[2] : "kiln");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return command_run(&commands[i], argc - 1, argv + 1);
	fprintf(stderr, "kiln: there is no command \"%s\"; see kiln --help\n", argv[1]);
	return 2;
}
