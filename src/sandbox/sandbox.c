#include "sandbox/world.h"

#include "base/cleanup.h"

#include <string.h>
#include <unistd.h>

static void add_op(struct sandbox *sb, enum op_type type, const char *inside, const char *text)
{
	struct op *op = vec_push(&sb->ops);
	size_t n = strlen(inside);

	while (n > 1 && inside[n - 1] == '/')
		n--;
	op->type = type;
	op->inside = mem_strndup(inside, n);
	op->text = text ? mem_strdup(text) : NULL;
}

struct sandbox *sandbox_new(void)
{
	struct sandbox *sb = mem_alloc(sizeof(*sb));

	sb->dir = mem_strdup("/");
	add_op(sb, OP_PROC, "/proc", NULL);
	add_op(sb, OP_DEV, "/dev", NULL);
	add_op(sb, OP_TMPFS, "/tmp", NULL);
	sandbox_env(sb, "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
	sandbox_env(sb, "HOME", "/tmp");
	return sb;
}

static void binfmt_clear(struct binfmt *b)
{
	free(b->name);
	free(b->magic);
	free(b->mask);
	free(b->interpreter);
}

void sandbox_free(struct sandbox *sb)
{
	if (!sb)
		return;
	for (size_t i = 0; i < sb->ops.n; i++) {
		free(sb->ops.data[i].inside);
		free(sb->ops.data[i].text);
	}
	for (size_t i = 0; i < sb->env.n; i++)
		free(sb->env.data[i]);
	for (size_t i = 0; i < sb->lowers.n; i++)
		free(sb->lowers.data[i]);
	for (size_t i = 0; i < sb->binfmts.n; i++)
		binfmt_clear(&sb->binfmts.data[i]);
	vec_free(&sb->ops);
	vec_free(&sb->lowers);
	vec_free(&sb->binfmts);
	vec_free(&sb->env);
	vec_free(&sb->fds);
	free(sb->dir);
	free(sb);
}

void sandbox_free_at(struct sandbox **sb)
{
	sandbox_free(*sb);
}

void sandbox_bind(struct sandbox *sb, const char *host, const char *inside, enum sandbox_access access)
{
	add_op(sb, access == SANDBOX_RO ? OP_BIND_RO : OP_BIND_RW, inside, host);
}

void sandbox_bind_device(struct sandbox *sb, const char *host, const char *inside)
{
	add_op(sb, OP_DEVICE, inside, host);
}

void sandbox_tmpfs(struct sandbox *sb, const char *inside)
{
	add_op(sb, OP_TMPFS, inside, NULL);
}

void sandbox_dir(struct sandbox *sb, const char *inside)
{
	add_op(sb, OP_DIR, inside, NULL);
}

void sandbox_symlink(struct sandbox *sb, const char *target, const char *inside)
{
	add_op(sb, OP_SYMLINK, inside, target);
}

void sandbox_file(struct sandbox *sb, const char *inside, const char *text)
{
	add_op(sb, OP_FILE, inside, text);
}

void sandbox_env(struct sandbox *sb, const char *name, const char *value)
{
	size_t n = strlen(name);
	char *entry = mem_printf("%s=%s", name, value);

	for (size_t i = 0; i < sb->env.n; i++) {
		if (strncmp(sb->env.data[i], entry, n + 1) == 0) {
			free(sb->env.data[i]);
			sb->env.data[i] = entry;
			return;
		}
	}
	*vec_push(&sb->env) = entry;
}

void sandbox_chdir(struct sandbox *sb, const char *inside)
{
	free(sb->dir);
	sb->dir = mem_strdup(inside);
}

void sandbox_fd(struct sandbox *sb, int host_fd, int inside_fd)
{
	*vec_push(&sb->fds) = (struct passed_fd){ host_fd, inside_fd };
}

void sandbox_limit(struct sandbox *sb, uint64_t file_size)
{
	sb->file_size = file_size;
}

void sandbox_allow_nesting(struct sandbox *sb)
{
	sb->nesting = true;
}

void sandbox_root(struct sandbox *sb, const char *const *dirs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*vec_push(&sb->lowers) = mem_strdup(dirs[i]);
}

void sandbox_root_in_place(struct sandbox *sb, const char *dir)
{
	*vec_push(&sb->lowers) = mem_strdup(dir);
	sb->in_place = true;
}

void sandbox_binfmt(struct sandbox *sb, const char *name, const char *magic, const char *mask, const char *interpreter)
{
	*vec_push(&sb->binfmts) =
		(struct binfmt){ mem_strdup(name), mem_strdup(magic), mem_strdup(mask), mem_strdup(interpreter) };
}

void sandbox_superuser(struct sandbox *sb)
{
	sb->superuser = true;
	sandbox_env(sb, "HOME", "/root");
}

void sandbox_network(struct sandbox *sb)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };

	sb->network = true;
	for (size_t i = 0; i < countof(files); i++)
		if (access(files[i], R_OK) == 0)
			sandbox_bind(sb, files[i], files[i], SANDBOX_RO);
}

void sandbox_terminal(struct sandbox *sb)
{
	sb->terminal = true;
}
