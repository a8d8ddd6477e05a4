#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "compare/compare.h"
#include "elf/elf.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/mman.h>

/* ---- ELF files from a description ---- */

/* What is being written; libelf keeps pointers into it until the end. */
struct making {
	Elf *elf;
	struct buf names, symbol_names, symbols;
	struct buf contents[16];
	size_t n;
	int bits;
};

static uint32_t name_add(struct buf *table, const char *name)
{
	if (!table->n)
		buf_addc(table, '\0');
	buf_adds(table, name);
	buf_addc(table, '\0');
	return (uint32_t)(table->n - strlen(name) - 1);
}

static Elf_Scn *section_add(struct making *m, const char *name, uint32_t type, uint64_t flags, uint64_t address,
			    struct view bytes)
{
	Elf_Scn *section = elf_newscn(m->elf);
	Elf_Data *data = elf_newdata(section);
	GElf_Shdr header;

	gelf_getshdr(section, &header);
	header.sh_name = name_add(&m->names, name);
	header.sh_type = type;
	header.sh_flags = flags;
	header.sh_addr = address;
	header.sh_addralign = 1;
	gelf_update_shdr(section, &header);
	data->d_buf = (void *)bytes.p;
	data->d_size = bytes.n;
	data->d_type = type == SHT_SYMTAB ? ELF_T_SYM : ELF_T_BYTE;
	data->d_align = 1;
	data->d_version = EV_CURRENT;
	return section;
}

static void symbol_add(struct making *m, const char *name, size_t section, uint64_t value, size_t size)
{
	uint32_t at = name_add(&m->symbol_names, name);

	if (m->bits == 64) {
		Elf64_Sym s = { .st_name = at, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_value = value };

		s.st_size = size;
		s.st_shndx = (uint16_t)section;
		buf_add(&m->symbols, &s, sizeof(s));
	} else {
		Elf32_Sym s = { .st_name = at, .st_info = ELF32_ST_INFO(STB_GLOBAL, STT_OBJECT) };

		s.st_value = (uint32_t)value;
		s.st_size = (uint32_t)size;
		s.st_shndx = (uint16_t)section;
		buf_add(&m->symbols, &s, sizeof(s));
	}
}

/* [name, flags "xwa", address, [symbol or null, bytes]...] */
static void described_section(struct making *m, const json_t *d)
{
	const char *name = json_string_value(json_array_get(d, 0)), *letters = json_string_value(json_array_get(d, 1));
	uint64_t address = (uint64_t)json_integer_value(json_array_get(d, 2));
	struct buf *bytes = &m->contents[m->n++];
	uint64_t flags = 0;

	flags |= strchr(letters, 'a') ? SHF_ALLOC : 0;
	flags |= strchr(letters, 'x') ? SHF_EXECINSTR : 0;
	flags |= strchr(letters, 'w') ? SHF_WRITE : 0;
	for (size_t i = 3; i < json_array_size(d); i++) {
		const json_t *part = json_array_get(d, i), *text = json_array_get(part, 1);
		const char *symbol = json_string_value(json_array_get(part, 0));

		if (symbol)
			symbol_add(m, symbol, m->n, address + bytes->n, json_string_length(text));
		buf_add(bytes, json_string_value(text), json_string_length(text));
	}
	section_add(m, name, SHT_PROGBITS, flags, address, (struct view){ bytes->data, bytes->n });
}

static void tables_add(struct making *m)
{
	Elf_Scn *symbols = section_add(m, ".symtab", SHT_SYMTAB, 0, 0, (struct view){ m->symbols.data, m->symbols.n });
	GElf_Shdr header;
	Elf_Scn *names;

	name_add(&m->symbol_names, "");
	section_add(m, ".strtab", SHT_STRTAB, 0, 0, (struct view){ m->symbol_names.data, m->symbol_names.n });
	gelf_getshdr(symbols, &header);
	header.sh_link = (uint32_t)m->n + 2;
	header.sh_entsize = m->bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	gelf_update_shdr(symbols, &header);
	names = section_add(m, ".shstrtab", SHT_STRTAB, 0, 0, VIEW(""));
	elf_getdata(names, NULL)->d_buf = m->names.data;
	elf_getdata(names, NULL)->d_size = m->names.n;
}

static void header_add(struct making *m, int machine)
{
	GElf_Ehdr header;

	gelf_newehdr(m->elf, m->bits == 64 ? ELFCLASS64 : ELFCLASS32);
	gelf_getehdr(m->elf, &header);
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_type = ET_EXEC;
	header.e_machine = (uint16_t)machine;
	header.e_version = EV_CURRENT;
	gelf_update_ehdr(m->elf, &header);
}

/* {"bits", "machine", "sections"} as the bytes of a file. */
static void elf_make(const json_t *d, struct buf *out)
{
	autoclose int fd = memfd_create("elf", 0);
	autofree char *path = mem_printf("/proc/self/fd/%d", fd);
	struct making m = { .bits = (int)json_int_or(d, "bits", 64) };
	struct err err = { 0 };
	GElf_Ehdr header;
	json_t *section;
	size_t i;

	elf_version(EV_CURRENT);
	m.elf = elf_begin(fd, ELF_C_WRITE, NULL);
	header_add(&m, (int)json_int_or(d, "machine", EM_X86_64));
	buf_reserve(&m.symbols, sizeof(Elf64_Sym));
	memset(m.symbols.data, 0, sizeof(Elf64_Sym));
	m.symbols.n = m.bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	json_array_foreach (json_object_get(d, "sections"), i, section)
		described_section(&m, section);
	tables_add(&m);
	gelf_getehdr(m.elf, &header);
	header.e_shstrndx = (uint16_t)(m.n + 3);
	gelf_update_ehdr(m.elf, &header);
	assert_true(elf_update(m.elf, ELF_C_WRITE) > 0);
	elf_end(m.elf);
	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, out, &err), 0);
	for (i = 0; i < m.n; i++)
		buf_free(&m.contents[i]);
	buf_free(&m.names);
	buf_free(&m.symbol_names);
	buf_free(&m.symbols);
}

/* ---- golden cases ---- */

static void side_make(const json_t *d, const char *name, struct buf *bytes, struct compare_side *side)
{
	elf_make(d, bytes);
	*side = (struct compare_side){
		.name = name,
		.vmlinux = { bytes->data, bytes->n },
		.build_id = json_str_or(d, "build_id", NULL),
		.objects = json_object_get(d, "objects") ? d : NULL,
		.spec = json_object_get(d, "spec"),
	};
	if (json_object_get(d, "config"))
		side->config = view_of(json_str_or(d, "config", ""));
}

static void check_case(int dir, const char *name)
{
	autobuf struct buf text = { 0 }, out = { 0 }, bytes = { 0 }, other = { 0 };
	autojson json_t *doc = NULL, *result = NULL;
	struct compare_side first, second;
	struct err err = { 0 };
	char *split;

	assert_int_equal(fs_read(dir, name, 1 << 20, &text, &err), 0);
	split = strstr(text.data, "=====\n");
	assert_non_null(split);
	*split = '\0';
	doc = json_loads(text.data, JSON_ALLOW_NUL, NULL);
	if (!doc)
		fail_msg("%s: not JSON", name);
	side_make(json_object_get(doc, "first"), "one", &bytes, &first);
	side_make(json_object_get(doc, "second"), "two", &other, &second);
	if (compare(&first, &second, &result, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	compare_print(result, &out);
	/* fail_msg would cut them */
	if (strcmp(out.data, split + 6) != 0) {
		fprintf(stderr, "ERROR: %s:\n%s\nwanted:\n%s", name, out.data, split + 6);
		fail();
	}
}

static void differences_are_named_as_the_golden_files_say(void **state)
{
	const char *tests = getenv("KILN_TESTS");
	autofree char *path = mem_printf("%s/golden/compare", tests ? tests : "tests");
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;
	int cases = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		if (!str_ends(e->d_name, ".case"))
			continue;
		check_case(dirfd(dir), e->d_name);
		cases++;
	}
	assert_true(cases >= 14);
}

/* ---- files that nobody vouches for ---- */

static int parsed(struct view bytes, struct err *err)
{
	struct elf_file f = { 0 };
	int status = elf_parse(bytes, &f, err);

	elf_free(&f);
	return status;
}

static void what_is_no_elf_is_refused(void **state)
{
	static const struct view bad[] = { VIEW(""), VIEW("\177ELF"), VIEW("MZ and so on, longer than a header") };

	for (size_t i = 0; i < countof(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(parsed(bad[i], &err), -1);
		assert_int_equal(err.class, ERR_USER);
	}
}

static void a_file_cut_short_is_refused(void **state)
{
	autobuf struct buf self = { 0 };
	struct err err = { 0 };

	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/exe", 64u << 20, &self, &err), 0);
	assert_int_equal(parsed((struct view){ self.data, self.n }, &err), 0);
	for (size_t n = 1; n < self.n; n += 1 + self.n / 100) {
		autofree char *piece = mem_alloc(n); /* of its own, so that a step behind it is seen */

		memcpy(piece, self.data, n);
		assert_int_equal(parsed((struct view){ piece, n }, &err), -1);
	}
}

static void damage_is_survived(void **state)
{
	autojson json_t *d = json_loads("{\"sections\": [[\".text\", \"ax\", 64, [\"f\", \"abcd\"]], "
					"[\".data\", \"aw\", 128, [\"g\", \"a text of it\\u0000\"]]]}",
					JSON_ALLOW_NUL, NULL);
	autobuf struct buf bytes = { 0 };

	elf_make(d, &bytes);
	for (size_t i = 0; i < bytes.n; i++) {
		for (int bit = 0; bit < 8; bit += 7) {
			autofree char *copy = mem_alloc(bytes.n);
			struct compare_side a = { .name = "a", .vmlinux = { bytes.data, bytes.n } }, b = a;
			autojson json_t *result = NULL;
			struct err err = { 0 };

			memcpy(copy, bytes.data, bytes.n);
			copy[i] ^= (char)(1 << bit);
			b.vmlinux.p = copy;
			if (compare(&a, &b, &result, &err) < 0)
				assert_int_equal(err.class, ERR_USER);
		}
	}
}

static void a_side_that_is_no_elf_is_named(void **state)
{
	struct compare_side a = { .name = "the file", .vmlinux = VIEW("text") };
	json_t *result = NULL;
	struct err err = { 0 };

	assert_int_equal(compare(&a, &a, &result, &err), -1);
	assert_non_null(strstr(err.msg, "the file: it is no ELF file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_named_as_the_golden_files_say),
		cmocka_unit_test(what_is_no_elf_is_refused),
		cmocka_unit_test(a_file_cut_short_is_refused),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(a_side_that_is_no_elf_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
