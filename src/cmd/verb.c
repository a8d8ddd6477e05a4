/* The verbs of a command: kiln root make. */
#include "base/cleanup.h"
#include "base/str.h"
#include "cmd/cmd.h"

#include <string.h>

/* "check, list or show" */
static void names_join(const struct verb *verbs, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", verbs[i].name);
}

static const struct verb *find(const struct verb *verbs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

const struct verb *verb_choose(const struct verb *verbs, size_t n, int argc, char **argv, struct err *err)
{
	const struct verb *verb = argc > 1 ? find(verbs, n, argv[1]) : NULL;
	autobuf struct buf names = { 0 };

	if (verb && argc - 2 >= verb->least && argc - 2 <= verb->most)
		return verb;
	if (verb) {
		err_user(err, "kiln %s %s takes %s; see kiln %s --help", argv[0], verb->name,
			 *verb->operands ? verb->operands : "no name", argv[0]);
		return NULL;
	}
	names_join(verbs, n, &names);
	err_user(err, "kiln %s takes %s; see kiln %s --help", argv[0], names.data, argv[0]);
	return NULL;
}
