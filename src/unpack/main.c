/* kiln-unpack: "tar ARCHIVE DIR source|root [HINT]" or "deb PACKAGE-FILE PACKAGE DIR", started by unpack.c. */
#define _GNU_SOURCE
#include "unpack/private.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "unpack/wire.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { TOLD_BYTES = 1 << 20 };

struct teller {
	int64_t bytes; /* not told yet */
};

static void say(enum wire_kind kind, const void *p, size_t n)
{
	const struct wire_head head = { kind, (uint32_t)n };

	fwrite(&head, sizeof(head), 1, stdout);
	fwrite(p, 1, n, stdout);
}

static void say_bytes(struct teller *t)
{
	say(WIRE_BYTES, &t->bytes, sizeof(t->bytes));
	fflush(stdout);
	t->bytes = 0;
}

static void on_bytes(void *arg, int64_t n)
{
	struct teller *t = arg;

	t->bytes += n;
	if (t->bytes >= TOLD_BYTES)
		say_bytes(t);
}

static void on_entry(void *arg, const struct unpack_entry *e)
{
	const struct wire_entry numbers = { e->uid,        e->gid,  e->size,  e->mtime,
					    e->mtime_nsec, e->mode, e->major, e->minor };
	const char *const texts[WIRE_TEXTS] = { e->path, e->target, e->link, e->digest, e->xattrs };
	autobuf struct buf message = { 0 };

	buf_add(&message, &numbers, sizeof(numbers));
	for (size_t i = 0; i < WIRE_TEXTS; i++) {
		buf_addc(&message, texts[i] ? '+' : '-');
		if (texts[i])
			buf_add(&message, texts[i], strlen(texts[i]) + 1);
	}
	say(WIRE_ENTRY, message.data, message.n);
}

static int do_tar(char **argv, struct err *err)
{
	autojson json_t *notes = json_object();
	struct teller t = { 0 };
	const struct unpack_options options = {
		.root = strcmp(argv[2], "root") == 0,
		.notes = notes,
		.hint = argv[3],
		.entry = on_entry,
		.tell = on_bytes,
		.arg = &t,
	};
	int status = tar_unpack(argv[0], argv[1], &options, err);
	autofree char *text = json_canonical(notes);

	say(WIRE_NOTES, text, strlen(text));
	if (t.bytes)
		say_bytes(&t);
	return status;
}

static int do_deb(char **argv, struct err *err)
{
	autofree char *tarball = NULL;

	if (deb_unpack(argv[0], argv[1], argv[2], &tarball, err) < 0)
		return -1;
	say(WIRE_PATH, tarball, strlen(tarball));
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	signal(SIGPIPE, SIG_DFL); /* it ends with who started it */
	if (argc < 5 || (strcmp(argv[1], "tar") != 0 && strcmp(argv[1], "deb") != 0)) {
		fputs("kiln-unpack: is started by kiln\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "tar") == 0)
		do_tar(argv + 2, &err);
	else
		do_deb(argv + 2, &err);
	say(WIRE_END, &err, sizeof(err));
	return fflush(stdout) == 0 ? 0 : 3;
}
