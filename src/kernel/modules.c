#define _GNU_SOURCE
#include "kernel/modules.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "cpio/cpio.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 16 };

struct needed {
	VEC(const char *) names;
};

struct module {
	const char *path; /* below lib/modules/RELEASE */
	struct needed *deps;
	size_t seen; /* in which walk */
};

struct tree {
	const char *stage;
	struct arena arena;
	VEC(struct cpio_entry) entries;
	VEC(struct module) modules;
	struct map by_name; /* -> index + 1 */
	const char *top;    /* lib/modules/RELEASE */
};

static void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->modules.n; i++)
		vec_free(&t->modules.data[i].deps->names);
	vec_free(&t->entries);
	vec_free(&t->modules);
	map_free(&t->by_name);
	arena_free(&t->arena);
}

static void elf_end_at(Elf **elf)
{
	elf_end(*elf);
}

/* Strings "key=value", each with its NUL. */
static char *strings_find(const Elf_Data *data, const char *key)
{
	const char *p = data->d_buf, *end = p + data->d_size;
	size_t n = strlen(key);

	while (p && p < end) {
		size_t len = strnlen(p, (size_t)(end - p));

		if (len > n && p[n] == '=' && memcmp(p, key, n) == 0)
			return mem_strndup(p + n + 1, len - n - 1);
		p += len + 1;
	}
	return NULL;
}

static char *elf_info(Elf *elf, const char *key)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
		Elf_Data *data;

		if (!name || strcmp(name, ".modinfo") != 0)
			continue;
		data = elf_getdata(section, NULL);
		return data ? strings_find(data, key) : NULL;
	}
	return NULL;
}

char *module_info(const char *path, const char *key)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	__attribute__((cleanup(elf_end_at))) Elf *elf = NULL;
	char *value;

	if (fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return NULL;
	value = elf_info(elf, key);
	return value ? value : mem_strdup("");
}

/* A module's name has underscores where its file may have dashes. */
static const char *module_name(struct tree *t, const char *path)
{
	const char *base = strrchr(path, '/');
	char *name = arena_strdup(&t->arena, base ? base + 1 : path);

	name[strcspn(name, ".")] = '\0';
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

static void module_add(struct tree *t, const char *path, const char *file)
{
	struct module *m = vec_push(&t->modules);
	autofree char *depends = module_info(file, "depends");
	struct view rest = view_of(depends ? depends : "");

	*m = (struct module){ .path = path, .deps = arena_alloc(&t->arena, sizeof(*m->deps)) };
	while (rest.p) {
		struct view name = view_trim(view_cut(&rest, ','));
		char *copy = name.n ? arena_strndup(&t->arena, name.p, name.n) : NULL;

		for (char *c = copy; c && *c; c++)
			if (*c == '-')
				*c = '_';
		if (copy)
			*vec_push(&m->deps->names) = copy;
	}
}

static bool is_module(const char *path)
{
	const char *base = strrchr(path, '/');

	return strstr(base ? base : path, ".ko") != NULL;
}

/* The regular files; links (to the source and the build) lead out of the guest. */
static void walk(struct tree *t, const char *dir, int depth)
{
	autofree char *full = fs_join(t->stage, dir);
	autoclosedir DIR *d = opendir(full);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char *path, *file;
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		path = arena_printf(&t->arena, "%s/%s", dir, e->d_name);
		file = arena_printf(&t->arena, "%s/%s", t->stage, path);
		if (S_ISDIR(st.st_mode) && depth > 0)
			walk(t, path, depth - 1);
		else if (S_ISREG(st.st_mode))
			*vec_push(&t->entries) =
				(struct cpio_entry){ .path = path, .mode = S_IFREG | 0644, .file = file };
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct cpio_entry *)a)->path, ((const struct cpio_entry *)b)->path);
}

static void modules_find(struct tree *t)
{
	if (t->entries.n)
		qsort(t->entries.data, t->entries.n, sizeof(*t->entries.data), by_path);
	for (size_t i = 0; i < t->entries.n; i++)
		if (is_module(t->entries.data[i].path))
			module_add(t, t->entries.data[i].path + strlen(t->top) + 1, t->entries.data[i].file);
	for (size_t i = 0; i < t->modules.n; i++)
		map_set(&t->by_name, view_of(module_name(t, t->modules.data[i].path)), (void *)(i + 1));
}

typedef VEC(size_t) order;

/* Appends what a module needs, then itself. */
static void visit(struct tree *t, size_t i, size_t turn, order *out)
{
	struct module *m = &t->modules.data[i];

	if (m->seen == turn)
		return;
	m->seen = turn;
	for (size_t k = 0; k < m->deps->names.n; k++) {
		size_t at = (size_t)map_get(&t->by_name, view_of(m->deps->names.data[k]));

		if (at)
			visit(t, at - 1, turn, out);
	}
	*vec_push(out) = i;
}

/* As depmod(8) writes it: what has to be loaded first stands last in a line. */
static void line_add(struct tree *t, size_t i, size_t turn, struct buf *text)
{
	order needs = { 0 };

	visit(t, i, turn, &needs);
	buf_printf(text, "%s:", t->modules.data[i].path);
	for (size_t k = needs.n - 1; k-- > 0;)
		buf_printf(text, " %s", t->modules.data[needs.data[k]].path);
	buf_addc(text, '\n');
	vec_free(&needs);
}

static void dep_make(struct tree *t, struct buf *text)
{
	order all = { 0 };

	for (size_t i = 0; i < t->modules.n; i++)
		visit(t, i, 1, &all);
	for (size_t i = 0; i < all.n; i++)
		line_add(t, all.data[i], i + 2, text);
	vec_free(&all);
}

/* The one directory below lib/modules, or NULL. */
static const char *release_dir(struct tree *t)
{
	autofree char *full = fs_join(t->stage, "lib/modules");
	autoclosedir DIR *d = opendir(full);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			return arena_printf(&t->arena, "lib/modules/%s", e->d_name);
	return NULL;
}

int modules_collect(struct step *step, const char *stage, struct err *err)
{
	CLEANUP(tree_free) struct tree t = { .stage = stage };
	autofree char *archive = fs_join(step->work, "modules");
	autobuf struct buf dep = { 0 };

	t.top = release_dir(&t);
	if (!t.top)
		return err_infra(err, 0, "modules_install left no lib/modules");
	walk(&t, t.top, DEPTH);
	modules_find(&t);
	dep_make(&t, &dep);
	*vec_push(&t.entries) = (struct cpio_entry){
		.path = arena_printf(&t.arena, "%s/modules.dep", t.top),
		.mode = S_IFREG | 0644,
		.data = dep.data ? dep.data : "",
		.size = dep.n,
	};
	json_object_set_new(step->record, "modules", json_integer((json_int_t)t.modules.n));
	if (cpio_initramfs_write(t.entries.data, t.entries.n, archive, err) < 0)
		return -1;
	return step_artefact(step, "modules", archive, err);
}
