#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"

#include <errno.h>
#include <string.h>

static const struct option *option_find(const struct option *options, size_t n, struct view name)
{
	for (size_t i = 0; i < n; i++)
		if (view_is(name, options[i].name))
			return &options[i];
	return NULL;
}

static void list_add(struct option_list *list, char *text)
{
	for (char *item = strtok(text, ","); item; item = strtok(NULL, ","))
		*vec_push(list) = item;
}

static int option_set(const struct option *o, char *text, struct err *err)
{
	char *end;

	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)o->value = true;
		return 0;
	case OPTION_STRING:
		*(const char **)o->value = text;
		return 0;
	case OPTION_INT:
		errno = 0;
		*(int64_t *)o->value = strtoll(text, &end, 10);
		if (errno || end == text || *end || text[0] == '-')
			return err_user(err, "--%s takes a whole number, not \"%s\"", o->name, text);
		return 0;
	case OPTION_DURATION:
		if (str_to_ms(text, o->value) < 0)
			return err_user(err, "--%s takes a duration such as 90, 90s, 2m or 500ms, not \"%s\"", o->name,
					text);
		return 0;
	case OPTION_LIST:
		list_add(o->value, text);
		return 0;
	}
	return 0;
}

/* Takes the option at argv[i]; returns how many words it used, -1 on error. */
static int option_take(const struct option *options, size_t n, char **argv, int i, int argc, struct err *err)
{
	char *equals = strchr(argv[i], '=');
	struct view name = { argv[i] + 2, equals ? (size_t)(equals - argv[i] - 2) : strlen(argv[i] + 2) };
	const struct option *o = str_starts(argv[i], "--") ? option_find(options, n, name) : NULL;

	if (!o)
		return err_user(err, "%s: no such option; see kiln %s --help", argv[i], argv[0]);
	if (o->type == OPTION_FLAG) {
		if (equals)
			return err_user(err, "--%s takes no value", o->name);
		return option_set(o, NULL, err) < 0 ? -1 : 1;
	}
	if (equals)
		return option_set(o, equals + 1, err) < 0 ? -1 : 1;
	if (i + 1 >= argc)
		return err_user(err, "--%s needs a value; see kiln %s --help", o->name, argv[0]);
	return option_set(o, argv[i + 1], err) < 0 ? -1 : 2;
}

int options_parse(const struct option *options, size_t n, int *argc, char **argv, struct err *err)
{
	int operands = 1;

	for (int i = 1; i < *argc;) {
		int used;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < *argc)
				argv[operands++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[operands++] = argv[i++];
			continue;
		}
		used = option_take(options, n, argv, i, *argc, err);
		if (used < 0)
			return -1;
		i += used;
	}
	argv[operands] = NULL;
	*argc = operands;
	return 0;
}

void option_list_free(struct option_list *list)
{
	vec_free(list);
}
