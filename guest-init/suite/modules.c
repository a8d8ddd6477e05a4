/* Loads every module of the build, each after those that it needs, and reports each as a test. A module that finds
 * no device to serve refuses, which is no fault. */
#include "lib/ktap.h"
#include "lib/sys.h"
#include "lib/text.h"

#include <stdbool.h>

enum { LIST_MAX = 4 << 20, MODULES_MAX = 16384, COMPRESSED_FILE = 4 };

enum state { UNTRIED, LOADED, REFUSED, FAILED };

/* One line of modules.dep(5): PATH: PATH..., of which the last is to be loaded first. */
struct module {
	const char *path, *needs; /* needs: separated by blanks */
	enum state state;
	long error;
	const char *blocked_by; /* what it needs and is not there */
};

static struct module modules[MODULES_MAX];
static int count;
static char dir[256];

static void list_parse(char *s)
{
	while (*s && count < MODULES_MAX) {
		struct module *m = &modules[count];

		m->path = s;
		while (*s && *s != ':' && *s != '\n')
			s++;
		if (*s == ':')
			*s++ = '\0';
		m->needs = s;
		while (*s && *s != '\n')
			s++;
		if (*s)
			*s++ = '\0';
		count += *m->path != '\0';
	}
}

static long list_read(void)
{
	struct text path = { .n = 0 };
	char *list = sys_map(LIST_MAX);
	struct sys_uname u;
	long n;

	if (!list || sys_uname(&u) != 0)
		return -SYS_ENOENT;
	text_add(&path, "/lib/modules/");
	text_add(&path, u.release);
	text_add(&path, "/");
	for (size_t i = 0; i < path.n && i < sizeof(dir) - 1; i++)
		dir[i] = path.data[i];
	text_add(&path, "modules.dep");
	path.data[path.n] = '\0';
	n = text_read_file(path.data, list, LIST_MAX);
	if (n > 0)
		list_parse(list);
	return n;
}

static struct module *module_find(const char *path, size_t n)
{
	for (int i = 0; i < count; i++) {
		const char *p = modules[i].path;
		size_t k = 0;

		while (k < n && p[k] == path[k])
			k++;
		if (k == n && !p[n])
			return &modules[i];
	}
	return NULL;
}

static bool is_compressed(const char *path)
{
	size_t n = text_length(path);

	return n < 3 || !text_is(path + n - 3, ".ko");
}

static void load(struct module *m)
{
	struct text path = { .n = 0 };
	long fd;

	text_add(&path, dir);
	text_add(&path, m->path);
	path.data[path.n] = '\0';
	fd = sys_open(path.data, SYS_RDONLY);
	m->error = fd < 0 ? fd : sys_load_module((int)fd, "", is_compressed(m->path) ? COMPRESSED_FILE : 0);
	if (fd >= 0)
		sys_close((int)fd);
	if (m->error == 0 || m->error == -SYS_EEXIST)
		m->state = LOADED;
	else if (m->error == -SYS_ENODEV || m->error == -SYS_ENXIO)
		m->state = REFUSED;
	else
		m->state = FAILED;
}

static void module_load(struct module *m, int depth);

/* From the last of its line to the first. */
static void needs_load(struct module *m, int depth)
{
	const char *end = m->needs + text_length(m->needs);

	while (end > m->needs) {
		const char *start = end;
		struct module *need;

		while (start > m->needs && start[-1] != ' ')
			start--;
		need = start < end ? module_find(start, (size_t)(end - start)) : NULL;
		if (need && need != m) {
			module_load(need, depth + 1);
			if (need->state != LOADED)
				m->blocked_by = need->path;
		}
		end = start > m->needs ? start - 1 : start;
	}
}

static void module_load(struct module *m, int depth)
{
	if (m->state != UNTRIED || depth > 64)
		return;
	needs_load(m, depth);
	load(m);
	if (m->error == -SYS_ENOENT && m->blocked_by)
		m->state = REFUSED;
}

/* The file's name without what follows the first dot. */
static void name_add(struct text *t, const char *path)
{
	const char *base = path;
	size_t n = 0;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	while (base[n] && base[n] != '.')
		n++;
	text_add_bytes(t, base, n);
}

static void module_report(int number, const struct module *m)
{
	struct text name = { .n = 0 }, outcome = { .n = 0 };

	name_add(&name, m->path);
	if (m->state == REFUSED && m->blocked_by) {
		text_add(&outcome, "SKIP it needs ");
		name_add(&outcome, m->blocked_by);
	} else if (m->state == REFUSED) {
		text_add(&outcome, "SKIP no such device here");
	} else if (m->state == FAILED && is_compressed(m->path)) {
		text_add(&outcome, "SKIP this kernel does not load compressed modules");
	} else if (m->state == FAILED) {
		text_add(&outcome, "error ");
		text_add_number(&outcome, -m->error);
	}
	name.data[name.n] = outcome.data[outcome.n] = '\0';
	ktap_report(number, name.data, outcome.n ? outcome.data : NULL);
}

int main(int argc, char **argv, char **envp)
{
	int failed = 0, loaded = 0;

	if (list_read() <= 0)
		count = 0;
	ktap_begin(count);
	for (int i = 0; i < count; i++) {
		module_load(&modules[i], 0);
		module_report(i + 1, &modules[i]);
		failed += modules[i].state == FAILED && !is_compressed(modules[i].path);
		loaded += modules[i].state == LOADED;
	}
	return failed ? KTAP_EXIT_FAIL : loaded ? KTAP_EXIT_PASS : KTAP_EXIT_SKIP;
}
