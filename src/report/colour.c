#include "base/str.h"
#include "report/private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct {
	const char *verdict, *sequence;
} colour_table[] = {
	{ "pass", "\033[32m" },  { "cached", "\033[32m" }, { "warn", "\033[33m" },    { "fail", "\033[1;31m" },
	{ "known", "\033[33m" }, { "flaky", "\033[35m" },  { "infra", "\033[1;35m" }, { "skip", "\033[2m" },
	{ "build", "\033[36m" }, { "boot", "\033[36m" },
};

const char *colour_of(const char *verdict, bool colours)
{
	for (size_t i = 0; colours && i < sizeof(colour_table) / sizeof(colour_table[0]); i++)
		if (strcmp(colour_table[i].verdict, verdict) == 0)
			return colour_table[i].sequence;
	return "";
}

const char *colour_end(bool colours)
{
	return colours ? "\033[0m" : "";
}

const char *colour_dim(bool colours)
{
	return colours ? "\033[2m" : "";
}

struct report_options report_options_for(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct report_options options = { 0 };
	struct winsize size;

	if (!isatty(fileno(out)))
		return options;
	options.colours = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		options.width = size.ws_col;
	return options;
}
