#include "suites.h"

#include "child.h"
#include "lib/divide.h"
#include "lib/ktap.h"
#include "lib/sys.h"
#include "lib/text.h"

enum { SUITES_MAX = 64 };

/* Names of directory entries, sorted. */
struct names {
	char text[4096];
	size_t used;
	const char *name[SUITES_MAX];
	int n;
	int lost; /* for which there was no room */
};

static void names_add(struct names *names, const char *name)
{
	const size_t size = text_length(name) + 1;
	int at = names->n;

	if (*name == '.')
		return;
	if (names->n == SUITES_MAX || names->used + size > sizeof(names->text)) {
		names->lost++;
		return;
	}
	for (size_t i = 0; i < size; i++)
		names->text[names->used + i] = name[i];
	for (; at > 0 && text_compare(names->name[at - 1], name) > 0; at--)
		names->name[at] = names->name[at - 1];
	names->name[at] = names->text + names->used;
	names->used += size;
	names->n++;
}

static void names_read(struct names *names, const char *dir)
{
	_Alignas(8) char entries[2048];
	const long fd = sys_open(dir, SYS_RDONLY);
	long n;

	if (fd < 0)
		return;
	while ((n = sys_getdents((int)fd, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n;) {
			const struct sys_dirent *entry = (const void *)(entries + at);

			names_add(names, entry->name);
			at += entry->reclen;
		}
	sys_close((int)fd);
}

static void add_outcome(struct text *line, const struct child_end *end, uint32_t limit)
{
	uint32_t rest;

	if (end->error) {
		text_add(line, " # not started, error ");
		text_add_number(line, end->error);
	} else if (end->timeout) {
		text_add(line, " # TIMEOUT after ");
		text_add_number(line, (long)divide(limit, 1000, &rest));
		text_add(line, " s");
	} else if (end->signal) {
		text_add(line, " # killed by signal ");
		text_add_number(line, end->signal);
	} else if (end->status == KTAP_EXIT_SKIP) {
		text_add(line, " # SKIP");
	} else if (end->status) {
		text_add(line, " # exit status ");
		text_add_number(line, end->status);
	}
}

/* Whether it passed or was skipped. */
static bool run_one(int number, const char *name, uint32_t limit)
{
	struct text path = { .n = 0 }, line = { .n = 0 };
	struct child_end end;
	bool good;

	text_add(&path, "/suite/");
	text_add(&path, name);
	path.data[path.n] = '\0';
	child_run(path.data, limit, &end);
	good = !end.error && !end.timeout && !end.signal &&
	       (end.status == KTAP_EXIT_PASS || end.status == KTAP_EXIT_SKIP);
	text_add(&line, good ? "ok " : "not ok ");
	text_add_number(&line, number);
	text_add(&line, " ");
	text_add(&line, name);
	add_outcome(&line, &end, limit);
	text_write(&line, 1);
	return good;
}

int suites_run(uint32_t limit)
{
	struct names names = { .n = 0 };
	struct text line = { .n = 0 };
	int bad;

	names_read(&names, "/suite");
	if (!names.n)
		return 0;
	text_add(&line, "KTAP version 1\n1..");
	text_add_number(&line, names.n + names.lost);
	text_write(&line, 1);
	bad = names.lost; /* missing below, so the plan tells */
	for (int i = 0; i < names.n; i++)
		bad += !run_one(i + 1, names.name[i], limit);
	return bad;
}
