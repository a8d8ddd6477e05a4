/* One thing that is checked: how it was found, or how to get it. */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "doctor/private.h"

#include <string.h>

struct check *check_add(struct doctor *d, const char *what, bool needed, char *found, const char *why)
{
	struct check *c = vec_push(d->checks);

	c->group = mem_strdup(d->group);
	c->what = mem_strdup(what);
	c->ok = found != NULL;
	c->needed = needed;
	c->found = found;
	c->why = mem_strdup(why);
	return c;
}

/* The first word of the first line that looks like a version number; NULL when there is none. */
static char *version_in(struct view text)
{
	struct view line = view_cut(&text, '\n');

	while (line.p) {
		struct view word = view_cut(&line, ' ');

		if (word.n && word.p[0] >= '0' && word.p[0] <= '9' && memchr(word.p, '.', word.n) &&
		    !memchr(word.p, ')', word.n))
			return mem_strndup(word.p, word.n);
	}
	return NULL;
}

/* Its version, or its path where it prints none; NULL when it is not there or does not run. */
static char *program_version(const char *name)
{
	autofree char *path = fs_which(name);
	autobuf struct buf out = { 0 };
	struct err err = { 0 };
	struct proc proc = { .argv = (const char *const[]){ path, "--version", NULL } };
	char *version;

	if (!path || proc_run(&proc, &out, &err) < 0)
		return NULL;
	version = out.n ? version_in((struct view){ out.data, out.n }) : NULL;
	return version ? version : steal(&path);
}

void check_package(struct check *c, const char *package)
{
	if (c->ok || !package)
		return;
	c->package = mem_strdup(package);
	c->get = mem_printf("apt-get install %s", package);
}

void check_program(struct doctor *d, const char *name, const char *package, bool needed, const char *why)
{
	check_package(check_add(d, name, needed, program_version(name), why), package);
}

void checks_free(check_vec *checks)
{
	for (size_t i = 0; i < checks->n; i++) {
		struct check *c = &checks->data[i];

		free(c->group);
		free(c->what);
		free(c->found);
		free(c->why);
		free(c->get);
		free(c->package);
	}
	vec_free(checks);
}
