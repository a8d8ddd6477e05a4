#define _GNU_SOURCE
#include "qemu/program.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/proc.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

struct view program_version(struct view text)
{
	static const char before[] = "version ";
	const char *at = text.n ? memmem(text.p, text.n, before, sizeof(before) - 1) : NULL;
	struct view version = { "", 0 };

	if (!at)
		return version;
	version.p = at + sizeof(before) - 1;
	while (version.p + version.n < text.p + text.n &&
	       (isdigit((unsigned char)version.p[version.n]) || version.p[version.n] == '.'))
		version.n++;
	return version;
}

/* One a line, its name first; the heading ends in a colon. */
json_t *program_machines(struct view text)
{
	json_t *list = json_array();

	while (text.p) {
		struct view line = view_trim(view_cut(&text, '\n'));

		if (line.n == 0 || line.p[line.n - 1] == ':')
			continue;
		json_array_append_new(list, json_text(view_cut(&line, ' ')));
	}
	return list;
}

/* One directory a line; those that are there, by their plain paths. */
static json_t *data_directories(struct view text)
{
	json_t *list = json_array();

	while (text.p) {
		struct view line = view_trim(view_cut(&text, '\n'));
		autofree char *path = mem_strndup(line.p ? line.p : "", line.n);
		autofree char *real = *path == '/' ? realpath(path, NULL) : NULL;

		if (real)
			json_array_append_new(list, json_text(view_of(real)));
	}
	return list;
}

static int ask(const char *path, const char *option, const char *value, struct buf *out, struct err *err)
{
	const char *argv[] = { path, option, value, NULL };

	return proc_run(&(struct proc){ .argv = argv, .max_output = 1 << 20 }, out, err);
}

static int ask_all(const char *path, json_t **facts, struct err *err)
{
	autobuf struct buf version = { 0 }, machines = { 0 }, data = { 0 };
	struct view number;

	if (ask(path, "--version", NULL, &version, err) < 0 || ask(path, "-machine", "help", &machines, err) < 0 ||
	    ask(path, "-L", "help", &data, err) < 0)
		return -1;
	number = program_version((struct view){ version.data, version.n });
	if (number.n == 0)
		return err_infra(err, 0, "%s: does not say which version of QEMU it is", path);
	*facts = json_pack("{s:o, s:o, s:o}", "version", json_text(number), "machines",
			   program_machines((struct view){ machines.data, machines.n }), "data",
			   data_directories((struct view){ data.data, data.n }));
	return 0;
}

static bool well_formed(const json_t *facts)
{
	return json_is_string(json_object_get(facts, "version")) && json_is_array(json_object_get(facts, "machines")) &&
	       json_is_array(json_object_get(facts, "data"));
}

/* The data directories depend on where the program is, so its path is part of the name. */
static char *cache_name(const char *home, const char *path, const char *digest)
{
	autofree char *key = mem_printf("%s %s", digest, path);
	char hex[HASH_HEX];

	hash_bytes(key, strlen(key), hex);
	return mem_printf("%s/cache/qemu/%s.json", home, hex);
}

/* A cache that cannot be written costs time and nothing else. */
static void remember(const char *home, const char *name, const json_t *facts)
{
	autofree char *dir = fs_join(home, "cache/qemu");
	struct err ignored = { 0 };

	if (fs_mkdirs(AT_FDCWD, dir, 0777, &ignored) == 0)
		json_write(AT_FDCWD, name, facts, &ignored);
}

int program_facts(const char *home, const char *path, const char *digest, json_t **facts, struct err *err)
{
	autofree char *name = cache_name(home, path, digest);
	autojson json_t *kept = NULL;
	struct err ignored = { 0 };

	if (json_read(AT_FDCWD, name, &kept, &ignored) < 0 || !well_formed(kept)) {
		json_decref(kept);
		kept = NULL;
		if (ask_all(path, &kept, err) < 0)
			return -1;
		remember(home, name, kept);
	}
	*facts = steal(&kept);
	return 0;
}

static unsigned long number(const char **s)
{
	char *end;
	unsigned long n = strtoul(*s, &end, 10);

	*s = *end == '.' ? end + 1 : end;
	return n;
}

bool program_at_least(const char *version, const char *minimum)
{
	while (*minimum && isdigit((unsigned char)*minimum)) {
		unsigned long have = number(&version), want = number(&minimum);

		if (have != want)
			return have > want;
	}
	return true;
}

bool program_has_machine(const json_t *facts, const char *machine)
{
	size_t n = strcspn(machine, ",");
	const json_t *known;
	size_t i;

	json_array_foreach (json_object_get(facts, "machines"), i, known) {
		const char *name = json_string_value(known);

		if (name && strlen(name) == n && memcmp(name, machine, n) == 0)
			return true;
	}
	return false;
}
