#define _GNU_SOURCE
#include "kernel/sample.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *const dirs[] = {
	"kernel",       "kernel/sched", "kernel/locking", "kernel/irq",
	"kernel/rcu",   "kernel/time",  "kernel/printk",  "mm",
	"fs",           "lib",          "init",           "drivers/base",
	"drivers/char",
};

/* "obj-y", "lib-y" with = := or += behind; the rest of the line. { NULL, 0 } when it is another. */
static struct view list_of(struct view line)
{
	static const char *const names[] = { "obj-y", "lib-y" };
	const struct view none = { NULL, 0 };
	struct view rest;

	for (size_t i = 0; i < countof(names); i++) {
		if (!view_starts(line, view_of(names[i])))
			continue;
		rest = view_trim((struct view){ line.p + 5, line.n - 5 });
		while (rest.n && strchr(":+", rest.p[0])) {
			rest.p++;
			rest.n--;
		}
		if (rest.n && rest.p[0] == '=')
			return (struct view){ rest.p + 1, rest.n - 1 };
	}
	return none;
}

static void add_words(struct view line, const char *dir, string_vec *objects)
{
	while (line.p) {
		struct view word = view_trim(view_cut(&line, ' '));

		if (word.n > 2 && memcmp(word.p + word.n - 2, ".o", 2) == 0 && !memchr(word.p, '$', word.n) &&
		    !memchr(word.p, '/', word.n))
			*vec_push(objects) = mem_printf("%s/" VIEW_FMT, dir, VIEW_ARG(word));
	}
}

/* Lines that end in a backslash go on in the next; tabs are blanks. */
void sample_parse(struct view makefile, const char *dir, string_vec *objects)
{
	bool on = false;

	while (makefile.p) {
		struct view raw = view_cut(&makefile, '\n');
		autofree char *text = mem_strndup(raw.p, raw.n);
		struct view line = view_of(text), list;
		bool goes_on = raw.n && raw.p[raw.n - 1] == '\\';

		for (char *p = text; *p; p++)
			*p = *p == '\t' || (goes_on && !p[1]) ? ' ' : *p;
		list = on ? line : list_of(line);
		if (list.p)
			add_words(list, dir, objects);
		on = list.p && goes_on;
	}
}

/* An emulated compiler takes half a minute for the largest files. */
enum { LARGEST = 24 << 10 };

static bool is_fit(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LARGEST;
}

/* Only those that stand for one file of C. */
static void read_dir(const char *src, const char *dir, string_vec *objects)
{
	autofree char *path = mem_printf("%s/%s/Makefile", src, dir);
	autobuf struct buf text = { 0 };
	struct err ignored = { 0 };
	size_t kept = objects->n;

	if (fs_read(AT_FDCWD, path, 1 << 20, &text, &ignored) < 0)
		return;
	sample_parse((struct view){ text.data ? text.data : "", text.n }, dir, objects);
	for (size_t i = kept; i < objects->n; i++) {
		autofree char *c = mem_printf("%s/%.*sc", src, (int)strlen(objects->data[i]) - 1, objects->data[i]);

		if (is_fit(c))
			objects->data[kept++] = objects->data[i];
		else
			free(objects->data[i]);
	}
	objects->n = kept;
}

int sample_draw(const char *src, size_t n, string_vec *objects, struct err *err)
{
	string_vec all[countof(dirs)] = { 0 };
	bool any = true;

	for (size_t i = 0; i < countof(dirs); i++)
		read_dir(src, dirs[i], &all[i]);
	/* One of each directory in turn; 7 steps apart, so that they are not only its first. */
	for (size_t round = 0; any && objects->n < n; round++) {
		any = false;
		for (size_t i = 0; i < countof(dirs) && objects->n < n; i++) {
			size_t at = all[i].n ? (round * 7) % all[i].n : 0;

			for (size_t k = 0; k < all[i].n && !all[i].data[at]; k++)
				at = (at + 1) % all[i].n;
			if (!all[i].n || !all[i].data[at])
				continue;
			*vec_push(objects) = steal(&all[i].data[at]);
			any = true;
		}
	}
	for (size_t i = 0; i < countof(dirs); i++)
		string_vec_free(&all[i]);
	return objects->n ? 0 : err_user(err, "%s: is no kernel source that files could be drawn from", src);
}
