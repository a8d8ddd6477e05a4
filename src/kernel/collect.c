#define _GNU_SOURCE
#include "kernel/collect.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The regular file OUT/PATH with its links resolved, owned; NULL when it is none or leads out of OUT: what a
 * build leaves behind may be a link to any file of the host. */
static char *file_inside(const char *out, const char *path)
{
	autofree char *full = fs_join(out, path);
	autofree char *top = realpath(out, NULL), *real = realpath(full, NULL);
	size_t n = top ? strlen(top) : 0;
	struct stat st;

	if (!top || !real || strncmp(real, top, n) != 0 || real[n] != '/')
		return NULL;
	return stat(real, &st) == 0 && S_ISREG(st.st_mode) ? steal(&real) : NULL;
}

/* Paths of the *.dtb below OUT/DIR, relative to OUT; depth bounds what a tree may nest. */
static void dtbs_find(const char *out, const char *dir, int depth, string_vec *found)
{
	autofree char *full = fs_join(out, dir);
	autoclosedir DIR *d = opendir(full);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		autofree char *path = NULL;
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		path = fs_join(dir, e->d_name);
		if (S_ISDIR(st.st_mode) && depth > 0)
			dtbs_find(out, path, depth - 1, found);
		else if (S_ISREG(st.st_mode) && str_ends(e->d_name, ".dtb"))
			*vec_push(found) = steal(&path);
	}
}

static int file_collect(struct step *step, const char *out, const char *path, const char *name, bool *there,
			struct err *err)
{
	autofree char *file = file_inside(out, path);

	*there = file != NULL;
	return file ? step_artefact(step, name, file, err) : 0;
}

/* dtb/FILE; where two directories hold the same file name, the later one keeps its directory: dtb/VENDOR/FILE. */
static int dtbs_collect(struct step *step, const char *out, const char *srcarch, struct err *err)
{
	__attribute__((cleanup(string_vec_free))) string_vec found = { 0 };
	autofree char *dir = mem_printf("arch/%s/boot/dts", srcarch);
	bool there;

	dtbs_find(out, dir, 4, &found);
	if (found.n)
		qsort(found.data, found.n, sizeof(*found.data), string_cmp);
	for (size_t i = 0; i < found.n; i++) {
		autofree char *name = mem_printf("dtb/%s", strrchr(found.data[i], '/') + 1);

		if (record_artefact(step->record, name)) {
			free(name);
			name = mem_printf("dtb/%s", found.data[i] + strlen(dir) + 1);
		}
		if (file_collect(step, out, found.data[i], name, &there, err) < 0)
			return -1;
	}
	return 0;
}

static void release_note(struct step *step, const char *out)
{
	autofree char *path = file_inside(out, "include/config/kernel.release");
	autobuf struct buf text = { 0 };
	struct err ignored = { 0 };

	if (path && fs_read(AT_FDCWD, path, 4096, &text, &ignored) == 0 && text.n)
		json_object_set_new(step->record, "release", json_text(view_trim((struct view){ text.data, text.n })));
}

int collect_config(struct step *step, const char *out, struct err *err)
{
	bool there;

	release_note(step, out);
	return file_collect(step, out, ".config", "config", &there, err);
}

int collect(struct step *step, const char *out, const char *image_path, const char *srcarch, bool dtbs, struct err *err)
{
	autofree char *vmlinux = file_inside(out, "vmlinux"), *id = NULL;
	bool image, elf, map;

	if (collect_config(step, out, err) < 0 || file_collect(step, out, image_path, "image", &image, err) < 0 ||
	    file_collect(step, out, "vmlinux", "vmlinux", &elf, err) < 0 ||
	    file_collect(step, out, "System.map", "System.map", &map, err) < 0 || objects_collect(step, out, err) < 0 ||
	    (dtbs && dtbs_collect(step, out, srcarch, err) < 0))
		return -1;
	id = elf ? build_id_read(vmlinux) : NULL;
	if (id)
		json_object_set_new(step->record, "build_id", json_string(id));
	if (image && elf) {
		step_verdict(step, VERDICT_PASS, NULL);
	} else {
		autofree char *reason = mem_printf("make succeeded and made no %s", image ? "vmlinux" : image_path);

		step_verdict(step, VERDICT_FAIL, reason);
	}
	return 0;
}
