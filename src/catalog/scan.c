/* Finds and reads the files of a directory of the catalogue. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "catalog/entry.h"
#include "catalog/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20, NAME_MAX_LEN = 80 };

/* Names become parts of paths, of words on a command line and of C strings. */
static bool name_fits(struct view name)
{
	if (!name.n || name.n > NAME_MAX_LEN || !isalnum((unsigned char)name.p[0]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && !strchr("._-+", name.p[i]))
			return false;
	return true;
}

static int names_cmp(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What begins with a dot is an editor's or a version control's. */
static int names_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

struct names_found {
	struct dirent **data;
	int n;
};

static void names_free(struct names_found *names)
{
	for (int i = 0; i < names->n; i++)
		free(names->data[i]);
	free(names->data);
}

static void entry_add(struct entries *entries, struct entry *entry)
{
	struct entry *first = map_get(&entries->by_name[entry->kind], view_of(entry->name));

	if (!first) {
		map_set(&entries->by_name[entry->kind], view_of(entry->name), entry);
		*vec_push(&entries->list[entry->kind]) = entry;
		return;
	}
	while (first->hidden)
		first = first->hidden;
	first->hidden = entry;
}

static void entry_read(struct entries *entries, struct entry *entry, int dir, const char *name)
{
	const struct place start = { entry->file, 1, 1 };
	autobuf struct buf text = { 0 };
	struct err err;
	struct stat st;

	entry->broken = true;
	if (fstatat(dir, name, &st, 0)) {
		fault_add(entries->faults, start, "cannot be read: %s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		fault_add(entries->faults, start, "is %s; a file is expected",
			  S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
	} else if (st.st_size > FILE_MAX) {
		fault_add(entries->faults, start, "is larger than %d bytes", FILE_MAX);
	} else if (fs_read(dir, name, FILE_MAX, &text, &err)) {
		fault_add(entries->faults, start, "%s", err.msg);
	} else if (text_check(entry->file, (struct view){ text.data, text.n }, entries->faults)) {
		entry->broken = false;
		entry->text = arena_strndup(entries->arena, text.data ? text.data : "", text.n);
	}
	if (entry->text && entry->kind != KIND_fragment) {
		entry->own = node_parse(entries->arena, entry->file, view_of(entry->text), entries->faults);
		entry->broken = !entry->own;
	}
}

static void scan_file(struct entries *entries, enum kind kind, int dir, const char *path, const char *name)
{
	const char *suffix = kind_schema(kind)->suffix;
	const char *file = arena_printf(entries->arena, "%s/%s", path, name);
	struct view base = view_of(name);
	struct entry *entry;

	if (str_ends(name, suffix))
		base.n -= strlen(suffix);
	if (base.n == strlen(name) || !name_fits(base)) {
		fault_add(entries->faults, (struct place){ file, 1, 1 },
			  "the name does not fit; NAME%s is allowed, NAME of letters, digits and . _ - +, at most %d",
			  suffix, NAME_MAX_LEN);
		return;
	}
	entry = arena_alloc(entries->arena, sizeof(*entry));
	entry->kind = kind;
	entry->name = arena_strndup(entries->arena, base.p, base.n);
	entry->file = file;
	entry->rank = entries->rank;
	entry_read(entries, entry, dir, name);
	entry_add(entries, entry);
}

static int scan_kind(struct entries *entries, enum kind kind, int root, const char *path, struct err *err)
{
	autoclose int dir = openat(root, kind_schema(kind)->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(names_free) struct names_found names = { 0 };

	if (dir < 0 && errno == ENOTDIR) {
		fault_add(entries->faults, (struct place){ path, 1, 1 }, "is a file; a directory is expected");
		return 0;
	}
	if (dir < 0 || (names.n = scandirat(dir, ".", &names.data, names_visible, names_cmp)) < 0) {
		names.n = 0;
		return err_infra(err, errno, "cannot read %s", path);
	}
	for (int i = 0; i < names.n; i++)
		scan_file(entries, kind, dir, path, names.data[i]->d_name);
	return 0;
}

static void kind_unknown(struct entries *entries, const char *path, const char *name)
{
	const char *words[KIND_COUNT];
	autobuf struct buf text = { 0 };

	for (size_t i = 0; i < KIND_COUNT; i++)
		words[i] = kind_schema(i)->name;
	buf_printf(&text, "no kind of entry is called \"%s\"", name);
	suggest_add(&text, name, words, KIND_COUNT);
	fault_add(entries->faults, (struct place){ path, 1, 1 }, "%s", text.data);
}

int entries_scan(struct entries *entries, const char *dir, bool *found, struct err *err)
{
	autoclose int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(names_free) struct names_found names = { 0 };

	*found = root >= 0;
	if (root < 0)
		return errno == ENOENT ? 0 : err_user(err, "cannot read %s: %s", dir, strerror(errno));
	names.n = scandirat(root, ".", &names.data, names_visible, names_cmp);
	if (names.n < 0) {
		names.n = 0;
		return err_infra(err, errno, "cannot read %s", dir);
	}
	for (int i = 0; i < names.n; i++) {
		const char *name = names.data[i]->d_name;
		const char *path = arena_printf(entries->arena, "%s/%s", dir, name);
		enum kind kind = kind_by_name(name);

		if (kind == KIND_COUNT)
			kind_unknown(entries, path, name);
		else if (scan_kind(entries, kind, root, path, err))
			return -1;
	}
	return 0;
}

void entries_missing(const struct entries *entries, struct place at, enum kind kind, const char *name)
{
	const entry_vec *list = &entries->list[kind];
	autofree const char **words = mem_alloc((list->n + 1) * sizeof(*words));
	autobuf struct buf text = { 0 };

	for (size_t i = 0; i < list->n; i++)
		words[i] = list->data[i]->name;
	buf_printf(&text, "no %s is called \"%s\"", kind_schema(kind)->name, name);
	suggest_add(&text, name, words, list->n);
	if (!list->n)
		buf_printf(&text, "; there is no %s at all", kind_schema(kind)->name);
	fault_add(entries->faults, at, "%s", text.data);
}

void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		vec_free(&entries->list[i]);
		map_free(&entries->by_name[i]);
	}
}
