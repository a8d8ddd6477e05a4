/* What the programs of a toolchain are called, and the version that they say they are. */
#include "kernel/kernel.h"
#include "kernel/toolchain.h"

#include "base/mem.h"

#include <ctype.h>

/* clang compiles for every target and has no prefix; gcc is one program a target, its name behind the prefix.
 * The preprocessor, the compiler proper and the assembler are inside clang. */
bool toolchain_is_for_all(const char *compiler)
{
	return str_starts(compiler, "clang");
}

char *toolchain_driver(const char *compiler, const char *prefix)
{
	return mem_printf("%s%s", toolchain_is_for_all(compiler) ? "" : prefix, compiler);
}

/* The last word of a line that begins with a digit, outside of parentheses; { NULL, 0 } when there is none. */
static struct view version_word(struct view line)
{
	struct view found = { NULL, 0 };
	int depth = 0;

	while (line.p) {
		struct view word = view_cut(&line, ' ');

		if (depth == 0 && word.n && isdigit((unsigned char)word.p[0]))
			found = word;
		for (size_t i = 0; i < word.n; i++)
			depth += (word.p[i] == '(') - (word.p[i] == ')');
	}
	return found;
}

/* "GNU ld (GNU Binutils for Debian) 2.40" -> 2.40. LLVM's tools say it in their second line; what says it in none
 * of the first four has its first line for a version. */
struct view version_find(struct view said)
{
	struct view rest = said, first = view_trim(view_cut(&rest, '\n')), found = version_word(first);

	for (int i = 1; i < 4 && !found.p && rest.p; i++)
		found = version_word(view_trim(view_cut(&rest, '\n')));
	return found.p ? found : first;
}
