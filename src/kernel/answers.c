#define _GNU_SOURCE
#include "kernel/answers.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/toolchain.h"

#include <string.h>

/* To gcc, and to one that compiles for all targets and has no such lists: what it predefines follows from its
 * options. */
static const struct {
	const char *name, *gcc, *for_all;
} questions[] = {
	{ "version", "-v", "-v" },
	{ "options", "-Q --help=target", "-O0 -dM -E -x c /dev/null" },
	{ "optimizers", "-Q -O2 --help=optimizers", "-O2 -dM -E -x c /dev/null" },
};

enum { VERSION /* is compared by what its lines are about */ };

size_t answers_count(void)
{
	return countof(questions);
}

const char *answers_name(size_t i)
{
	return questions[i].name;
}

/* The target of one that compiles for all of them is the prefix, as Kbuild has it (scripts/Makefile.clang). */
void answers_command(size_t i, const char *compiler, const char *prefix, struct buf *command)
{
	autofree char *driver = toolchain_driver(compiler, prefix);
	bool for_all = toolchain_is_for_all(compiler);
	size_t n = strlen(prefix);

	buf_adds(command, driver);
	if (for_all && n)
		buf_printf(command, " --target=%.*s", (int)n - 1, prefix);
	buf_printf(command, " %s", for_all ? questions[i].for_all : questions[i].gcc);
}

bool answers_allowed(const json_t *allowed, const char *what)
{
	json_t *name;
	size_t i;

	json_array_foreach (allowed, i, name)
		if (json_is_string(name) && strcmp(json_string_value(name), what) == 0)
			return true;
	return false;
}

static size_t difference_add(const char *what, struct view a, struct view b, const json_t *allowed, json_t *differences)
{
	bool may = answers_allowed(allowed, what);

	if (view_eq(a, b))
		return 0;
	json_array_append_new(differences, json_pack("{s:s, s:o, s:o, s:b}", "what", what, "toolchain", json_text(a),
						     "reference", json_text(b), "allowed", may));
	return !may;
}

/* The first line that has these words: { NULL, 0 } when there is none. */
static struct view line_of(struct view text, const char *words)
{
	while (text.p) {
		struct view line = view_cut(&text, '\n');

		if (memmem(line.p, line.n, words, strlen(words)))
			return line;
	}
	return (struct view){ NULL, 0 };
}

/* Where they lie differs by design, and gcc's list of what it offers, too. */
static size_t versions_compare(struct view a, struct view b, const json_t *allowed, json_t *differences)
{
	static const struct {
		const char *what, *words;
	} lines[] = {
		{ "version", "gcc version" },   { "version", "clang version" },
		{ "target", "Target:" },        { "configuration", "Configured with:" },
		{ "threads", "Thread model:" },
	};
	size_t forbidden = 0;

	for (size_t i = 0; i < countof(lines); i++)
		forbidden += difference_add(lines[i].what, line_of(a, lines[i].words), line_of(b, lines[i].words),
					    allowed, differences);
	return forbidden;
}

size_t answers_compare(size_t i, struct view toolchain, struct view reference, const json_t *allowed,
		       json_t *differences)
{
	size_t forbidden = 0;

	if (i == VERSION)
		return versions_compare(toolchain, reference, allowed, differences);
	while (toolchain.p || reference.p) {
		struct view none = { NULL, 0 };
		struct view a = toolchain.p ? view_cut(&toolchain, '\n') : none;
		struct view b = reference.p ? view_cut(&reference, '\n') : none;

		forbidden += difference_add(questions[i].name, a, b, allowed, differences);
	}
	return forbidden;
}
