#define _GNU_SOURCE
#include "kernel/objects.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "elf/elf.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DEPTH_MAX = 16,
	OBJECTS_MAX = 100000, /* an allyesconfig has 30,000 */
	SECTION_DIGITS = 32,
	SYMBOL_DIGITS = 16,
};

#define OBJECT_MAX (512u << 20) /* bytes */

/* Of the host, or hidden: .tmp_vmlinux.kallsyms1.o and the like are made anew at each link. */
static bool is_left_out(const char *name)
{
	static const char *const names[] = { "scripts", "tools", "vmlinux.o" };

	for (size_t i = 0; i < countof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return name[0] == '.';
}

/* Closes fd. No link is followed: a build may leave one to anywhere. */
static void objects_find(int fd, const char *below, int depth, string_vec *found)
{
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		autofree char *path = *below ? fs_join(below, e->d_name) : mem_strdup(e->d_name);
		struct stat st;

		if (is_left_out(e->d_name) || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth > 0)
			objects_find(openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				     path, depth - 1, found);
		else if (S_ISREG(st.st_mode) && str_ends(e->d_name, ".o") && found->n < OBJECTS_MAX)
			*vec_push(found) = steal(&path);
	}
}

/* An object with the relocations of each of its sections. */
struct object {
	struct elf_file file;
	elf_references *references; /* by the section that they apply to */
	size_t room;                /* how many may still be hashed with symbols: those may lie over each other */
};

static void object_free(struct object *o)
{
	for (size_t i = 0; o->references && i < o->file.sections.n; i++)
		vec_free(&o->references[i]);
	free(o->references);
	elf_free(&o->file);
}

/* The section that this one's relocations apply to, where that is loaded; else 0. */
static size_t loaded_target(const struct elf_file *f, size_t i)
{
	size_t target = f->sections.data[i].applies_to;

	return target < f->sections.n && f->sections.data[target].kind != ELF_UNLOADED ? target : 0;
}

static int object_open(struct object *o, struct view bytes, struct err *err)
{
	if (elf_parse(bytes, &o->file, err) < 0)
		return -1;
	o->references = mem_alloc(o->file.sections.n * sizeof(*o->references));
	for (size_t i = 1; i < o->file.sections.n; i++)
		if (loaded_target(&o->file, i))
			elf_relocations(&o->file, i, &o->references[loaded_target(&o->file, i)]);
	for (size_t i = 0; i < o->file.sections.n; i++)
		o->room += 8 * o->references[i].n;
	return 0;
}

/* Digests of a part: of its bytes and of what they refer to, and of the texts among that, if any. */
struct digests {
	struct hash *part, *texts;
};

static void reference_add(struct digests *d, const struct elf_reference *r, uint64_t from)
{
	const uint64_t numbers[] = { htole64(r->offset - from), htole64(r->type), htole64(r->place),
				     htole64(r->name.n) };

	hash_add(d->part, numbers, sizeof(numbers));
	hash_add(d->part, r->name.p, r->name.n);
	if (!r->text.p)
		return;
	if (!d->texts)
		d->texts = hash_new();
	hash_add(d->texts, r->text.p, r->text.n);
	hash_add(d->texts, "", 1);
}

/* The index of the first at or behind that offset. */
static size_t references_from(const elf_references *all, uint64_t from)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->data[middle].offset < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Those of [from, to), counted from there. */
static void references_add(struct digests *d, const elf_references *all, uint64_t from, uint64_t to)
{
	for (size_t i = references_from(all, from); i < all->n && all->data[i].offset < to; i++)
		reference_add(d, &all->data[i], from);
}

/* The bytes that stand at from in their section, without addends. */
static void bytes_add(struct hash *h, struct view bytes, const elf_references *all, uint64_t from)
{
	size_t done = 0;

	for (size_t i = references_from(all, from); i < all->n; i++) {
		const struct elf_reference *r = &all->data[i];
		uint64_t at = r->offset - from;

		if (at >= bytes.n)
			break;
		if (!r->in_place || at < done || bytes.n - at < 4)
			continue;
		hash_add(h, bytes.p + done, (size_t)at - done);
		done = (size_t)at + 4;
	}
	hash_add(h, bytes.p + done, bytes.n - done);
}

static void digest_append(json_t *list, struct hash *h, size_t digits)
{
	char hex[HASH_HEX];

	hash_end(h, hex);
	json_array_append_new(list, json_stringn(hex, digits));
}

static void digests_append(json_t *list, const struct digests *d, size_t digits)
{
	digest_append(list, d->part, digits);
	if (d->texts)
		digest_append(list, d->texts, digits);
}

static json_t *section_json(const struct object *o, size_t i)
{
	static const char *const kinds[] = {
		[ELF_CODE] = "x", [ELF_WRITABLE] = "w", [ELF_CONSTANT] = "r", [ELF_UNLOADED] = "-"
	};
	const struct elf_section *s = &o->file.sections.data[i];
	size_t target = loaded_target(&o->file, i);
	json_t *list = json_pack("[o, s, I]", json_text(s->name), kinds[s->kind], (json_int_t)s->size);
	struct digests d = { hash_new(), NULL };

	if (target)
		references_add(&d, &o->references[target], 0, UINT64_MAX);
	else
		bytes_add(d.part, s->bytes, &o->references[i], 0);
	digests_append(list, &d, s->bytes.n ? SECTION_DIGITS : 0);
	return list;
}

static json_t *symbol_json(struct object *o, const struct elf_symbol *s)
{
	json_t *list = json_pack("[o, I, I]", json_text(s->name), (json_int_t)s->section - 1, (json_int_t)s->size);
	const elf_references *all = &o->references[s->section];
	size_t n = references_from(all, s->offset + s->size) - references_from(all, s->offset);
	struct digests d = { hash_new(), NULL };
	bool hashed = s->bytes.n && n <= o->room;

	if (hashed) {
		o->room -= n;
		bytes_add(d.part, s->bytes, all, s->offset);
		references_add(&d, all, s->offset, s->offset + s->size);
	}
	digests_append(list, &d, hashed ? SYMBOL_DIGITS : 0);
	return list;
}

/* The sections of an ELF file that is in this one. */
static void embedded_note(struct view name, struct view bytes, json_t *sections)
{
	CLEANUP(object_free) struct object inner = { 0 };
	struct err ignored = { 0 };

	if (object_open(&inner, bytes, &ignored) < 0)
		return;
	for (size_t i = 1; i < inner.file.sections.n; i++) {
		autobuf struct buf both = { 0 };
		json_t *entry = section_json(&inner, i);

		buf_addv(&both, name);
		buf_addc(&both, ':');
		buf_addv(&both, inner.file.sections.data[i].name);
		json_array_set_new(entry, 0, json_text((struct view){ both.data, both.n }));
		json_array_append_new(sections, entry);
	}
}

static void embedded_find(const struct elf_section *s, json_t *sections)
{
	const char *at = s->kind == ELF_CODE || s->kind == ELF_UNLOADED || !s->bytes.n
				 ? NULL
				 : memmem(s->bytes.p, s->bytes.n, "\177ELF", 4);

	if (at)
		embedded_note(s->name, (struct view){ at, s->bytes.n - (size_t)(at - s->bytes.p) }, sections);
}

static void parts_note(struct object *o, json_t *object)
{
	json_t *sections = json_array(), *symbols = json_array();

	for (size_t i = 1; i < o->file.sections.n; i++)
		json_array_append_new(sections, section_json(o, i));
	for (size_t i = 1; i < o->file.sections.n; i++)
		embedded_find(&o->file.sections.data[i], sections);
	for (size_t i = 0; i < o->file.symbols.n; i++)
		if (o->file.symbols.data[i].sized)
			json_array_append_new(symbols, symbol_json(o, &o->file.symbols.data[i]));
	json_object_set_new(object, "sections", sections);
	json_object_set_new(object, "symbols", symbols);
}

json_t *object_json(const char *path, struct view bytes)
{
	CLEANUP(object_free) struct object parts = { 0 };
	struct err ignored = { 0 };
	char hex[HASH_HEX];
	json_t *object = json_object();

	hash_bytes(bytes.p, bytes.n, hex);
	json_object_set_new(object, "path", json_text(view_of(path)));
	json_object_set_new(object, "sha256", json_string(hex));
	json_object_set_new(object, "size", json_integer((json_int_t)bytes.n));
	if (object_open(&parts, bytes, &ignored) == 0)
		parts_note(&parts, object);
	return object;
}

/* Printed one by one, since all of them as values would take ten times the memory of the text. */
static int object_print(int out, const char *path, struct buf *bytes, struct buf *text, struct err *err)
{
	autoclose int fd = openat(out, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree char *self = mem_printf("/proc/self/fd/%d", fd), *printed = NULL;
	autojson json_t *object = NULL;

	buf_clear(bytes);
	if (fd < 0 || fs_read(AT_FDCWD, self, OBJECT_MAX, bytes, err) < 0)
		return err_infra(err, 0, "%s: cannot be read", path);
	object = object_json(path, (struct view){ bytes->data ? bytes->data : "", bytes->n });
	printed = json_canonical(object);
	buf_adds(text, printed);
	return 0;
}

int objects_collect(struct step *step, const char *out, struct err *err)
{
	CLEANUP(string_vec_free) string_vec found = { 0 };
	autoclose int dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autobuf struct buf bytes = { 0 }, text = { 0 };

	objects_find(dup(dir), "", DEPTH_MAX, &found);
	if (found.n)
		qsort(found.data, found.n, sizeof(*found.data), string_cmp);
	buf_adds(&text, "{\"format\":1,\"objects\":[");
	for (size_t i = 0; i < found.n; i++) {
		if (i)
			buf_addc(&text, ',');
		if (object_print(dir, found.data[i], &bytes, &text, err) < 0)
			return -1;
	}
	buf_adds(&text, "]}");
	return step_artefact_bytes(step, "objects", text.data, text.n, err);
}
