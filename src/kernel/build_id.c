#include "kernel/kernel.h"

#include "base/cleanup.h"
#include "base/mem.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>

static void elf_end_at(Elf **elf)
{
	elf_end(*elf);
}

/* The descriptor of the note NT_GNU_BUILD_ID of owner "GNU", as hex. */
static char *notes_build_id(Elf_Data *data)
{
	size_t at = 0, name, desc, next;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const unsigned char *bytes = (const unsigned char *)data->d_buf + desc;
		struct buf hex = { 0 };

		at = next;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(ELF_NOTE_GNU) ||
		    memcmp((const char *)data->d_buf + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			buf_printf(&hex, "%02x", bytes[i]);
		return buf_steal(&hex);
	}
	return NULL;
}

/* Sections first: on some architectures vmlinux has notes but no PT_NOTE. */
static char *sections_build_id(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		char *id;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		id = notes_build_id(elf_getdata(section, NULL));
		if (id)
			return id;
	}
	return NULL;
}

static char *segments_build_id(Elf *elf)
{
	GElf_Phdr header;
	size_t n = 0;

	if (elf_getphdrnum(elf, &n) < 0)
		return NULL;
	for (size_t i = 0; i < n && i < 65536; i++) {
		char *id;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_NOTE)
			continue;
		id = notes_build_id(elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz,
							 header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR));
		if (id)
			return id;
	}
	return NULL;
}

char *build_id_read(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	__attribute__((cleanup(elf_end_at))) Elf *elf = NULL;
	char *id;

	if (fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return NULL;
	id = sections_build_id(elf);
	return id ? id : segments_build_id(elf);
}
