#define _GNU_SOURCE
#include "elf/elf.h"

#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Lives as long as the handle. */
static struct view name_at(Elf *elf, size_t table, size_t offset)
{
	const char *name = elf_strptr(elf, table, offset);

	return name ? view_of(name) : VIEW("");
}

static enum elf_kind kind_of(const GElf_Shdr *header)
{
	if (!(header->sh_flags & SHF_ALLOC))
		return ELF_UNLOADED;
	if (header->sh_flags & SHF_EXECINSTR)
		return ELF_CODE;
	return header->sh_flags & SHF_WRITE ? ELF_WRITABLE : ELF_CONSTANT;
}

static bool inside(uint64_t offset, uint64_t size, size_t whole)
{
	return offset <= whole && size <= whole - offset;
}

/* sum: the bytes of all so far, which bounds what is to be read of a file that was made to take long. */
static int section_add(struct elf_file *f, Elf *elf, size_t names, const GElf_Shdr *header, struct view file,
		       uint64_t *sum, struct err *err)
{
	struct elf_section s = {
		.name = name_at(elf, names, header->sh_name),
		.kind = kind_of(header),
		.type = header->sh_type,
		.texts = (header->sh_flags & (SHF_STRINGS | SHF_ALLOC)) == (SHF_STRINGS | SHF_ALLOC),
		.address = header->sh_addr,
		.size = header->sh_size,
		.applies_to = header->sh_type == SHT_REL || header->sh_type == SHT_RELA ? header->sh_info : 0,
		.bytes = VIEW(""),
	};
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, s.name);
	if (header->sh_type != SHT_NOBITS && header->sh_type != SHT_NULL) {
		if (!inside(header->sh_offset, header->sh_size, file.n))
			return err_user(err, "the section %s ends behind the end of the file: it was cut short",
					shown.data ? shown.data : "");
		s.bytes = (struct view){ file.p + header->sh_offset, (size_t)header->sh_size };
		*sum += header->sh_size;
		if (*sum / 2 > file.n)
			return err_user(err, "its sections lie over each other: no compiler made it");
	}
	*vec_push(&f->sections) = s;
	return 0;
}

/* Their indices in f are those in the file: the first is the null section. */
static int sections_read(struct elf_file *f, Elf *elf, struct view file, struct err *err)
{
	size_t names = 0, n = 0;
	uint64_t sum = 0;

	if (elf_getshdrnum(elf, &n) < 0 || elf_getshdrstrndx(elf, &names) < 0 || n < 2)
		return err_user(err, "it has no sections: it was cut short, or stripped of them");
	for (size_t i = 0; i < n; i++) {
		GElf_Shdr header;

		if (!gelf_getshdr(elf_getscn(elf, i), &header))
			return err_user(err, "its table of sections is damaged");
		if (section_add(f, elf, names, &header, file, &sum, err) < 0)
			return -1;
	}
	return 0;
}

/* Where a symbol's value is an address and not yet an offset. */
static uint64_t offset_of(const GElf_Sym *sym, const struct elf_section *section, bool relocatable)
{
	return relocatable ? sym->st_value : sym->st_value - section->address;
}

/* room: how many bytes may still stand in symbols; those that lie over each other have an end, too. */
static void symbol_add(struct elf_file *f, Elf *elf, size_t names, const GElf_Sym *sym, size_t index, bool relocatable,
		       uint64_t *room)
{
	int type = GELF_ST_TYPE(sym->st_info);
	const struct elf_section *section = index < f->sections.n ? &f->sections.data[index] : NULL;
	struct elf_symbol s = { .section = index, .size = sym->st_size, .bytes = VIEW("") };

	if (!index || !section || type == STT_FILE || type == STT_SECTION)
		return;
	s.name = name_at(elf, names, sym->st_name);
	s.offset = offset_of(sym, section, relocatable);
	if (!s.name.n || !inside(s.offset, s.size, (size_t)section->size))
		return;
	s.sized = s.size && s.size <= *room && (type == STT_FUNC || type == STT_OBJECT);
	*room -= s.sized && section->bytes.n ? s.size : 0;
	if (section->bytes.n)
		s.bytes = (struct view){ section->bytes.p + s.offset, (size_t)s.size };
	*vec_push(&f->symbols) = s;
}

/* The index of a symbol's section where there are more than its 16 bits can say. */
static size_t section_index(Elf_Data *extended, Elf_Data *data, size_t i, GElf_Sym *sym)
{
	Elf32_Word index = 0;

	if (extended && gelf_getsymshndx(data, extended, (int)i, sym, &index) && sym->st_shndx == SHN_XINDEX)
		return index;
	return sym->st_shndx >= SHN_LORESERVE ? 0 : sym->st_shndx;
}

static Elf_Data *extended_of(Elf *elf, size_t table)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB_SHNDX && header.sh_link == table)
			return elf_getdata(section, NULL);
	return NULL;
}

static void symbols_read(struct elf_file *f, Elf *elf, bool relocatable, size_t size)
{
	uint64_t room = 8 * (uint64_t)size;

	for (size_t t = 1; t < f->sections.n; t++) {
		Elf_Scn *section = elf_getscn(elf, t);
		Elf_Data *data = f->sections.data[t].type == SHT_SYMTAB ? elf_getdata(section, NULL) : NULL;
		Elf_Data *extended = data ? extended_of(elf, t) : NULL;
		GElf_Shdr header;
		GElf_Sym sym;

		for (size_t i = 1; data && gelf_getshdr(section, &header) && gelf_getsym(data, (int)i, &sym); i++)
			symbol_add(f, elf, header.sh_link, &sym, section_index(extended, data, i, &sym), relocatable,
				   &room);
	}
}

static int by_place(const void *a, const void *b, void *data)
{
	const struct elf_file *f = data;
	const struct elf_symbol *x = &f->symbols.data[*(const size_t *)a], *y = &f->symbols.data[*(const size_t *)b];

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(y->name.p, x->name.p); /* of several names of one place the first by the alphabet comes last */
}

static void places_sort(struct elf_file *f)
{
	for (size_t i = 0; i < f->symbols.n; i++)
		if (f->symbols.data[i].sized)
			*vec_push(&f->by_place) = i;
	if (f->by_place.n)
		qsort_r(f->by_place.data, f->by_place.n, sizeof(size_t), by_place, f);
}

/* The symbol that this place is in, or NULL. */
static const struct elf_symbol *symbol_at(const struct elf_file *f, size_t section, uint64_t offset)
{
	const struct elf_symbol *s;
	size_t low = 0, high = f->by_place.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		s = &f->symbols.data[f->by_place.data[middle]];
		if (s->section < section || (s->section == section && s->offset <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	s = low ? &f->symbols.data[f->by_place.data[low - 1]] : NULL;
	return s && s->section == section && offset - s->offset < s->size ? s : NULL;
}

int elf_parse(struct view bytes, struct elf_file *f, struct err *err)
{
	GElf_Ehdr header;
	Elf *elf;

	*f = (struct elf_file){ 0 };
	if (bytes.n < EI_NIDENT || memcmp(bytes.p, ELFMAG, SELFMAG) != 0)
		return err_user(err, "it is no ELF file");
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_infra(err, 0, "libelf: %s", elf_errmsg(-1));
	f->handle = elf = elf_memory((char *)bytes.p, bytes.n); /* which only reads it */
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return err_user(err, "its ELF header is damaged");
	if (header.e_shoff > bytes.n)
		return err_user(err, "its table of sections is behind the end of the file: it was cut short");
	f->bits = gelf_getclass(elf) == ELFCLASS64 ? 64 : 32;
	f->little = header.e_ident[EI_DATA] == ELFDATA2LSB;
	f->machine = header.e_machine;
	if (sections_read(f, elf, bytes, err) < 0)
		return -1;
	symbols_read(f, elf, header.e_type == ET_REL, bytes.n);
	places_sort(f);
	return 0;
}

/* A place in a section, by the text or the symbol that is there. */
static void place_name(const struct elf_file *f, size_t section, uint64_t place, struct elf_reference *r)
{
	const struct elf_section *s = &f->sections.data[section];
	const struct elf_symbol *symbol = symbol_at(f, section, place);

	r->name = symbol ? symbol->name : s->name;
	r->place = symbol ? place - symbol->offset : place;
	if (!s->texts || place >= s->bytes.n)
		return;
	r->text = (struct view){ s->bytes.p + place, strnlen(s->bytes.p + place, s->bytes.n - place) };
	r->place = 0;
}

/* A label that the assembler numbered, as .LC0 of a text: its number changes with those before it. */
static bool is_label(const GElf_Sym *sym, struct view name)
{
	return GELF_ST_BIND(sym->st_info) == STB_LOCAL && GELF_ST_TYPE(sym->st_info) == STT_NOTYPE &&
	       view_starts(name, VIEW(".L"));
}

/* What the symbol of that number is; false where there is none. */
static bool reference_name(const struct elf_file *f, Elf_Data *symbols, size_t names, uint64_t number, int64_t addend,
			   struct elf_reference *r)
{
	struct view name;
	GElf_Sym sym;

	if (number > INT_MAX || !symbols || !gelf_getsym(symbols, (int)number, &sym))
		return false;
	name = name_at(f->handle, names, sym.st_name);
	if (GELF_ST_TYPE(sym.st_info) == STT_SECTION && sym.st_shndx < f->sections.n) {
		place_name(f, sym.st_shndx, sym.st_value + (uint64_t)addend, r);
	} else if (is_label(&sym, name) && sym.st_shndx < f->sections.n) {
		place_name(f, sym.st_shndx, sym.st_value, r);
		r->place += (uint64_t)addend;
	} else {
		r->name = name;
		r->place = (name.n ? 0 : sym.st_value) + (uint64_t)addend;
	}
	return true;
}

/* The 32 bits there, as an addend that stands in place (SHT_REL), where they are one: a place in the section that is
 * referred to. What else stands there, as parts of an instruction, lies far behind its end. */
static bool addend_in_place(const struct elf_file *f, size_t section, Elf_Data *symbols, const GElf_Rela *rela,
			    int64_t *addend)
{
	const struct elf_section *s = &f->sections.data[section];
	const unsigned char *p = (const unsigned char *)s->bytes.p + rela->r_offset;
	GElf_Sym sym;
	uint32_t word;

	if (!inside(rela->r_offset, 4, s->bytes.n) || !gelf_getsym(symbols, (int)GELF_R_SYM(rela->r_info), &sym) ||
	    GELF_ST_TYPE(sym.st_info) != STT_SECTION || sym.st_shndx >= f->sections.n)
		return false;
	word = f->little ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]
			 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (word >= f->sections.data[sym.st_shndx].size)
		return false;
	*addend = word;
	return true;
}

/* 64-bit little-endian MIPS has the number in the lower half and the types behind it. */
static uint64_t info_in_order(const struct elf_file *f, uint64_t info)
{
	return f->machine == EM_MIPS && f->bits == 64 && f->little ? info << 32 | info >> 32 : info;
}

static bool relocation_read(Elf_Data *data, size_t i, bool with_addend, GElf_Rela *out)
{
	GElf_Rel rel;

	if (with_addend)
		return gelf_getrela(data, (int)i, out) != NULL;
	if (!gelf_getrel(data, (int)i, &rel))
		return false;
	*out = (GElf_Rela){ rel.r_offset, rel.r_info, 0 };
	return true;
}

static int by_offset(const void *a, const void *b)
{
	const struct elf_reference *x = a, *y = b;
	int order = (x->offset > y->offset) - (x->offset < y->offset);

	return order ? order : (x->type > y->type) - (x->type < y->type);
}

void elf_relocations(const struct elf_file *f, size_t section, elf_references *out)
{
	Elf_Scn *scn = elf_getscn(f->handle, section);
	Elf_Data *data = elf_getdata(scn, NULL), *symbols;
	size_t target = f->sections.data[section].applies_to;
	GElf_Shdr header, table;
	GElf_Rela rela;

	if (!data || !gelf_getshdr(scn, &header) || header.sh_link >= f->sections.n || target >= f->sections.n)
		return;
	symbols = elf_getdata(elf_getscn(f->handle, header.sh_link), NULL);
	if (!gelf_getshdr(elf_getscn(f->handle, header.sh_link), &table) ||
	    (table.sh_type != SHT_SYMTAB && table.sh_type != SHT_DYNSYM))
		return;
	for (size_t i = 0; relocation_read(data, i, header.sh_type == SHT_RELA, &rela); i++) {
		struct elf_reference r = { .offset = rela.r_offset, .name = VIEW("") };

		rela.r_info = info_in_order(f, rela.r_info);
		r.type = GELF_R_TYPE(rela.r_info);
		if (header.sh_type == SHT_REL)
			r.in_place = addend_in_place(f, target, symbols, &rela, &rela.r_addend);
		if (!reference_name(f, symbols, table.sh_link, GELF_R_SYM(rela.r_info), rela.r_addend, &r)) {
			r.type = rela.r_info;
			r.place = (uint64_t)rela.r_addend;
		}
		*vec_push(out) = r;
	}
	if (out->n)
		qsort(out->data, out->n, sizeof(*out->data), by_offset);
}

void elf_free(struct elf_file *f)
{
	vec_free(&f->sections);
	vec_free(&f->symbols);
	vec_free(&f->by_place);
	elf_end(f->handle);
	f->handle = NULL;
}
