/* ELF files that nobody vouches for, taken apart in memory: sections and symbols, of any class and byte order. */
#ifndef ELF_ELF_H
#define ELF_ELF_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum elf_kind {
	ELF_CODE,     /* executable */
	ELF_WRITABLE, /* data that is written */
	ELF_CONSTANT, /* read-only data */
	ELF_UNLOADED, /* not in memory when it runs: debug information, symbol table */
};

struct elf_section {
	struct view name;
	enum elf_kind kind;
	uint32_t type; /* SHT_... */
	bool texts;    /* strings that the linker may merge */
	uint64_t address, size;
	size_t applies_to; /* of relocations (SHT_REL, SHT_RELA): the section that they are for, else 0 */
	struct view bytes; /* empty where the file holds none of them (SHT_NOBITS) */
};

/* Those with a name and a section; not those of files and sections. */
struct elf_symbol {
	struct view name;
	bool sized; /* a function or an object whose size is known */
	size_t section;
	uint64_t offset, size; /* in the section */
	struct view bytes;     /* those of its section, empty where it has none */
};

/* A relocation, by what it refers to. Numbers of symbols, and places in a section, change with every symbol that comes
 * or goes; names do not. */
struct elf_reference {
	uint64_t offset, type;
	struct view name; /* of a symbol, or of the section where no symbol is known there */
	uint64_t place;   /* in it: with the addend */
	struct view text; /* the text of a section of texts, then without place; else { NULL, 0 } */
	bool in_place;    /* the four bytes at offset are only the addend, which place or text says */
};
typedef VEC(struct elf_reference) elf_references;

struct elf_file {
	int bits;         /* 32 or 64 */
	bool little;      /* byte order */
	unsigned machine; /* EM_... */
	VEC(struct elf_section) sections;
	VEC(struct elf_symbol) symbols; /* in the file's order */
	VEC(size_t) by_place;           /* the sized symbols, by section and offset */
	void *handle;                   /* libelf's, behind the names */
};

/* Views go into bytes and into *f, which is freed by elf_free also after a failure. ERR_USER says what is wrong: no
 * ELF, cut short, without sections. */
int elf_parse(struct view bytes, struct elf_file *f, struct err *err);
void elf_free(struct elf_file *f);

/* Adds what is in a section of relocations, in the order of the offsets. */
void elf_relocations(const struct elf_file *f, size_t section, elf_references *out);

#endif
