#include "lab/store.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "handout/handout.h"

#include <stdlib.h>
#include <string.h>

struct store {
	const struct catalog_lab *entry;
	struct handout *handout; /* NULL: rclone's */
	atomic_bool stopped;
};

int store_open(const struct catalog_lab *entry, struct store **out, struct err *err)
{
	const struct handout_options serve = { .listen = entry->listen, .url = entry->fetch };
	struct store *s = mem_alloc(sizeof(*s));

	s->entry = entry;
	if (entry->listen && handout_new(&serve, &s->handout, err) < 0) {
		store_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void store_free(struct store *s)
{
	if (s)
		handout_free(s->handout);
	free(s);
}

void store_stop(struct store *s)
{
	atomic_store(&s->stopped, true);
}

bool store_is_own(const struct store *s)
{
	return s->handout != NULL;
}

static int rclone(const char *const *argv, const atomic_bool *stop, struct err *err)
{
	const struct proc proc = { .argv = argv, .stop = stop };

	if (proc_run(&proc, NULL, err) < 0)
		return err_wrap(err, "rclone, which fills the lab's store");
	return 0;
}

/* SECRET/NAME, in the store and behind its URL. */
static int upload(const struct store *s, const char *path, const char *name, char **url, struct err *err)
{
	char secret[UUID_TEXT];
	autofree char *to = NULL, *base = str_with_slash(s->entry->fetch);

	uuid_make(secret);
	to = mem_printf("%s/%s/%s", s->entry->store, secret, name);
	if (rclone((const char *const[]){ "rclone", "copyto", "--", path, to, NULL }, &s->stopped, err) < 0)
		return -1;
	*url = mem_printf("%s%s/%s", base, secret, name);
	return 0;
}

int store_offer(struct store *s, const char *path, const char *name, char **url, struct err *err)
{
	return s->handout ? handout_offer(s->handout, path, name, url, err) : upload(s, path, name, url, err);
}

void store_withdraw(struct store *s, const char *url)
{
	const char *behind = url + strlen(s->entry->fetch ? s->entry->fetch : "");
	autofree char *at = NULL;
	struct err ignored = { 0 };

	if (s->handout) {
		handout_withdraw(s->handout, url);
		return;
	}
	at = mem_printf("%s/%s", s->entry->store, behind + (*behind == '/'));
	rclone((const char *const[]){ "rclone", "deletefile", "--", at, NULL }, NULL, &ignored);
}
