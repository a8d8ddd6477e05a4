#define _GNU_SOURCE
#include "layer/loading.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>

static void end(Elf **elf)
{
	elf_end(*elf);
}

static int damaged(const char *path, struct err *err)
{
	return err_user(err, "%s: is a damaged program (%s)", path, elf_errmsg(-1));
}

/* A text that ends within a segment's bytes. */
static int interpreter_read(Elf *elf, const GElf_Phdr *p, struct loading *out)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)p->p_offset, p->p_filesz, ELF_T_BYTE);

	if (!data || !data->d_size || ((const char *)data->d_buf)[data->d_size - 1])
		return -1;
	free(out->interpreter);
	out->interpreter = mem_strdup(data->d_buf);
	return 0;
}

static int entry_read(Elf *elf, const GElf_Dyn *d, size_t names, struct loading *out)
{
	const char *name = d->d_tag == DT_NEEDED || d->d_tag == DT_RUNPATH ? elf_strptr(elf, names, d->d_un.d_val) : "";

	if (!name)
		return -1;
	if (d->d_tag == DT_NEEDED)
		*vec_push(&out->needed) = mem_strdup(name);
	else if (d->d_tag == DT_RUNPATH && !out->runpath)
		out->runpath = mem_strdup(name);
	return 0;
}

/* By way of the section, whose link is the table of its names; without sections there are none. */
static int dynamic_read(Elf *elf, struct loading *out)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Dyn d;

		if (!gelf_getshdr(section, &header))
			return -1;
		if (header.sh_type != SHT_DYNAMIC)
			continue;
		out->dynamic = true;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++)
			if (entry_read(elf, &d, header.sh_link, out) < 0)
				return -1;
	}
	return 0;
}

static int segments_read(Elf *elf, struct loading *out)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p) || (p.p_type == PT_INTERP && interpreter_read(elf, &p, out) < 0))
			return -1;
	}
	return dynamic_read(elf, out);
}

int loading_read(const char *path, struct loading *out, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(end) Elf *elf = NULL;

	*out = (struct loading){ 0 };
	if (fd < 0)
		return err_infra(err, errno, "%s", path);
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_infra(err, 0, "libelf is too old");
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return 0;
	if (segments_read(elf, out) < 0) {
		loading_free(out);
		return damaged(path, err);
	}
	return 1;
}

void loading_free(struct loading *e)
{
	for (size_t i = 0; i < e->needed.n; i++)
		free(e->needed.data[i]);
	vec_free(&e->needed);
	free(e->interpreter);
	free(e->runpath);
	*e = (struct loading){ 0 };
}
