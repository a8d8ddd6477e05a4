#define _GNU_SOURCE
#include "kconfig/tree.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

/* 6.1 has 1,600 files of 5 MB in all, five deep. */
enum { FILES_MAX = 20000, BYTES_MAX = 128 << 20, DEPTH_MAX = 64 };

struct reader {
	struct tree *t;
	struct view rest;         /* of the file */
	const struct node *block; /* innermost if, menu or choice */
	const struct node *outer; /* block at the start of the file: a file closes only its own */
	struct node *node;        /* whose clauses the lines are; NULL: none's */
};

size_t macro_len(struct view text)
{
	int depth = 0;

	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] == '(')
			depth++;
		else if (text.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return text.n;
}

static const struct view *macro_value(const struct tree *t, struct view macro)
{
	static const struct view top = { ".", 1 };

	if (view_is(macro, "$(SRCARCH)") && t->srcarch.n)
		return &t->srcarch;
	if (view_is(macro, "$(ARCH)") && t->arch.n)
		return &t->arch;
	return view_is(macro, "$(srctree)") ? &top : NULL;
}

bool tree_expand(struct tree *t, struct view text, struct view *out)
{
	autobuf struct buf b = { 0 };

	if (!text.n || !memchr(text.p, '$', text.n)) {
		*out = text;
		return true;
	}
	for (size_t i = 0; i < text.n;) {
		struct view rest = { text.p + i, text.n - i };
		const struct view *value;

		if (!view_starts(rest, VIEW("$("))) {
			buf_addc(&b, text.p[i++]);
			continue;
		}
		rest.n = macro_len(rest);
		value = macro_value(t, rest);
		if (!value)
			return false;
		buf_addv(&b, *value);
		i += rest.n;
	}
	*out = (struct view){ arena_strndup(&t->arena, b.data, b.n), b.n };
	return true;
}

const struct node *tree_symbol(const struct tree *t, struct view name)
{
	return map_get(&t->symbols, name);
}

static struct node *node_open(struct reader *r, enum node_kind kind)
{
	struct node *node = arena_alloc(&r->t->arena, sizeof(*node));

	node->kind = kind;
	node->parent = r->block;
	node->last = &node->clauses;
	r->node = node;
	return node;
}

static void clause_add(struct reader *r, struct node *node, enum clause_kind kind, struct view text)
{
	struct clause *c = arena_alloc(&r->t->arena, sizeof(*c));

	c->kind = kind;
	c->text = text;
	*node->last = c;
	node->last = &c->next;
}

static void config_open(struct reader *r, struct view name)
{
	struct tree *t = r->t;
	struct node *node = node_open(r, NODE_CONFIG), *first;

	node->name = name;
	*vec_push(&t->nodes) = node;
	first = map_get(&t->symbols, name);
	if (!first) {
		map_set(&t->symbols, name, node);
		return;
	}
	node->other = first->other; /* order among the further ones does not matter */
	first->other = node;
}

static void block_open(struct reader *r, enum node_kind kind, struct view condition)
{
	r->block = node_open(r, kind);
	if (kind == NODE_IF) {
		clause_add(r, r->node, CLAUSE_DEPENDS, condition);
		r->node = NULL;
	}
}

static void block_close(struct reader *r, enum node_kind kind)
{
	r->node = NULL;
	if (r->block != r->outer && r->block->kind == kind)
		r->block = r->block->parent;
}

/* Columns of white space at the start; a tab goes on to the next multiple of 8. */
static size_t indent_of(struct view line)
{
	size_t columns = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == ' ')
			columns++;
		else if (line.p[i] == '\t')
			columns = (columns & ~(size_t)7) + 8;
		else
			break;
	}
	return columns;
}

/* A help text reaches to the first line that stands further left than its first one. */
static void help_skip(struct reader *r)
{
	size_t base = 0;

	while (r->rest.p) {
		struct view before = r->rest, line = view_cut(&r->rest, '\n');
		size_t indent = indent_of(line);

		if (!view_trim(line).n)
			continue;
		if (base ? indent < base : indent == 0) {
			r->rest = before;
			return;
		}
		if (!base)
			base = indent;
	}
}

/* The next line with its continuations joined. */
static struct view line_next(struct reader *r)
{
	struct view line = view_cut(&r->rest, '\n');
	autobuf struct buf joined = { 0 };

	if (!line.n || line.p[line.n - 1] != '\\')
		return view_trim(line);
	for (;;) {
		bool more = line.n && line.p[line.n - 1] == '\\';

		buf_add(&joined, line.p, line.n - more);
		buf_addc(&joined, ' ');
		if (!more || !r->rest.p)
			break;
		line = view_cut(&r->rest, '\n');
	}
	return view_trim((struct view){ arena_strndup(&r->t->arena, joined.data, joined.n), joined.n });
}

static struct view word_take(struct view *line)
{
	struct view word = { line->p, 0 };

	while (word.n < line->n && (symbol_chars[(unsigned char)word.p[word.n]] || word.p[word.n] == '-'))
		word.n++;
	*line = view_trim((struct view){ line->p + word.n, line->n - word.n });
	return word;
}

/* Only files of the tree itself: a tree from anywhere shall not make Kiln read elsewhere. */
static bool path_inside(struct view path)
{
	if (!path.n || path.p[0] == '/' || memchr(path.p, '\0', path.n))
		return false;
	while (path.p)
		if (view_is(view_cut(&path, '/'), ".."))
			return false;
	return true;
}

static int file_read(struct tree *t, const char *path, struct view *out)
{
	autoclose int fd = openat(t->dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t n = 0;
	char *data;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > BYTES_MAX ||
	    t->bytes + (size_t)st.st_size > BYTES_MAX || ++t->files > FILES_MAX)
		return -1;
	data = arena_alloc(&t->arena, (size_t)st.st_size);
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, data + n, (size_t)st.st_size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	t->bytes += n;
	*out = (struct view){ data, n };
	return 0;
}

static void block_read(struct tree *t, struct view text, const struct node *block);

static void file_source(struct tree *t, const char *path, const struct node *block)
{
	struct view text;

	if (t->depth >= DEPTH_MAX || file_read(t, path, &text) < 0)
		return;
	t->depth++;
	block_read(t, text, block);
	t->depth--;
}

/* Patterns are not Linux's own, other users of Kconfig have them. */
static void glob_source(struct tree *t, const char *pattern, const struct node *block)
{
	autofree char *top = mem_printf("/proc/self/fd/%d/", t->dir);
	autofree char *whole = mem_printf("%s%s", top, pattern);
	glob_t found = { 0 };

	if (glob(whole, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			file_source(t, found.gl_pathv[i] + strlen(top), block);
	globfree(&found);
}

static void line_source(struct reader *r, struct view line)
{
	struct view path = line;
	const char *name;

	if (r->t->dir < 0)
		return;
	if (line.n && (line.p[0] == '"' || line.p[0] == '\'')) {
		path = (struct view){ line.p + 1, line.n - 1 };
		path = view_cut(&path, line.p[0]);
	}
	if (!tree_expand(r->t, path, &path) || !path_inside(path))
		return;
	name = arena_strndup(&r->t->arena, path.p, path.n);
	if (strpbrk(name, "*?["))
		glob_source(r->t, name, r->block);
	else
		file_source(r->t, name, r->block);
}

/* The words that give a symbol its type; what follows is a prompt, or the value after def_. */
static bool line_type(struct reader *r, struct view word, struct view rest)
{
	static const struct {
		const char *word;
		enum symbol_type type;
	} types[] = { { "bool", TYPE_BOOL },         { "boolean", TYPE_BOOL },
		      { "tristate", TYPE_TRISTATE }, { "string", TYPE_STRING },
		      { "int", TYPE_INT },           { "hex", TYPE_HEX },
		      { "def_bool", TYPE_BOOL },     { "def_tristate", TYPE_TRISTATE } };

	for (size_t i = 0; i < countof(types); i++) {
		if (!view_is(word, types[i].word))
			continue;
		r->node->type = types[i].type;
		if (view_starts(word, VIEW("def_")))
			clause_add(r, r->node, CLAUSE_DEFAULT, rest);
		else if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\''))
			clause_add(r, r->node, CLAUSE_PROMPT, rest);
		return true;
	}
	return false;
}

static bool line_clause(struct reader *r, struct view word, struct view rest)
{
	static const struct {
		const char *word;
		const char *second; /* "depends on" */
		enum clause_kind kind;
	} clauses[] = {
		{ "depends", "on", CLAUSE_DEPENDS }, { "visible", "if", CLAUSE_VISIBLE },
		{ "prompt", NULL, CLAUSE_PROMPT },   { "default", NULL, CLAUSE_DEFAULT },
		{ "select", NULL, CLAUSE_SELECT },   { "imply", NULL, CLAUSE_IMPLY },
		{ "range", NULL, CLAUSE_RANGE },
	};

	for (size_t i = 0; i < countof(clauses); i++) {
		if (!view_is(word, clauses[i].word))
			continue;
		if (!clauses[i].second || view_is(word_take(&rest), clauses[i].second))
			clause_add(r, r->node, clauses[i].kind, rest);
		return true;
	}
	return false;
}

static bool line_block(struct reader *r, struct view word, struct view rest)
{
	if (view_is(word, "config") || view_is(word, "menuconfig"))
		config_open(r, word_take(&rest));
	else if (view_is(word, "if"))
		block_open(r, NODE_IF, rest);
	else if (view_is(word, "menu"))
		block_open(r, NODE_MENU, rest);
	else if (view_is(word, "choice"))
		block_open(r, NODE_CHOICE, rest);
	else if (view_is(word, "comment"))
		node_open(r, NODE_COMMENT);
	else if (view_is(word, "endif"))
		block_close(r, NODE_IF);
	else if (view_is(word, "endmenu"))
		block_close(r, NODE_MENU);
	else if (view_is(word, "endchoice"))
		block_close(r, NODE_CHOICE);
	else
		return false;
	return true;
}

static void block_read(struct tree *t, struct view text, const struct node *block)
{
	struct reader r = { .t = t, .rest = text, .block = block, .outer = block };

	while (r.rest.p) {
		struct view line = line_next(&r), rest = line, word = word_take(&rest);

		if (!word.n || line_block(&r, word, rest))
			continue;
		if (view_is(word, "source") || view_is(word, "osource")) {
			r.node = NULL;
			line_source(&r, rest);
		} else if (view_is(word, "help") || view_is(word, "---help---")) {
			help_skip(&r);
		} else if (r.node && !line_type(&r, word, rest)) {
			line_clause(&r, word, rest);
		}
	}
}

void tree_read_text(struct tree *t, struct view text)
{
	block_read(t, text, NULL);
}

void tree_read(struct tree *t, const char *srcdir, struct view arch, struct view srcarch)
{
	autoclose int dir = open(srcdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return;
	t->dir = dir;
	t->arch = arch;
	t->srcarch = srcarch;
	file_source(t, "Kconfig", NULL);
	t->dir = -1;
}

void tree_free(struct tree *t)
{
	map_free(&t->symbols);
	vec_free(&t->nodes);
	arena_free(&t->arena);
}
