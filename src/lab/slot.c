/* The jobs that a lab's entry allows at once are places, each a lock: all Kilns at one home share them. A place's file
 * names the job that is in it, so that one whose Kiln has left it there, by Ctrl-C or by dying, still counts. */
#include "lab/agent_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NOTE_MAX = 80 };

/* "ID ATTEMPT"; nothing where the job has ended. */
struct note {
	long long id;
	char attempt[UUID_TEXT];
};

void slot_note(int slot, int64_t id, const char *attempt)
{
	char text[NOTE_MAX];
	int n = snprintf(text, sizeof(text), "%lld %s\n", (long long)id, attempt);

	/* A disk that is full: the job is there all the same, and counts for as long as its Kiln lives. */
	if (slot >= 0 && ftruncate(slot, 0) == 0 && pwrite(slot, text, (size_t)n, 0) < 0)
		return;
}

static bool note_read(int slot, struct note *note)
{
	char text[NOTE_MAX];
	ssize_t n = pread(slot, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%lld %36[0-9a-f-]", &note->id, note->attempt) == 2;
}

static char *place_path(const char *home, const char *lab, int64_t i)
{
	return mem_printf("%s/locks/lab-%s-%lld", home, lab, (long long)i);
}

bool lab_has_left(const char *home, const char *lab, const char *attempt)
{
	for (int64_t i = 0;; i++) {
		autofree char *path = place_path(home, lab, i);
		autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
		struct note note;

		if (fd < 0)
			return false;
		if (note_read(fd, &note) && strcmp(note.attempt, attempt) == 0)
			return true;
	}
}

void slot_leave(int *slot)
{
	if (*slot >= 0)
		close(*slot);
	*slot = -1;
}

void slot_free(int *slot)
{
	/* Where it cannot be emptied, whoever takes it next asks the lab. */
	int ignored = *slot >= 0 ? ftruncate(*slot, 0) : 0;

	(void)ignored;
	slot_leave(slot);
}

/* A job that is being cancelled is as good as ended, and one that the lab does not have, or has for somebody else, was
 * of another lab under this name. */
static bool goes_on(const struct note *note, const json_t *job)
{
	const char *state = json_str_or(job, "state", "");

	return str_ends(json_str_or(job, "description", ""), note->attempt) && strcmp(state, "Finished") != 0 &&
	       strcmp(state, "Canceling") != 0;
}

/* 1: the job that was left in this place goes on. One that does so for ever, on a worker that is gone, is not waited
 * for. */
static int is_left(const struct agent *a, const struct errand *e, int slot, struct err *err)
{
	autofree char *path = NULL;
	autojson json_t *job = NULL;
	struct note note;

	if (!note_read(slot, &note) || strcmp(note.attempt, e->job.attempt) == 0 ||
	    clock_ms() - e->taken_ms > a->options.entry->patience_ms)
		return 0;
	path = mem_printf("jobs/%lld/", note.id);
	if (client_get(a->lab, path, &job, err) == 0)
		return goes_on(&note, job);
	if (err->class == ERR_INFRA)
		return -1;
	*err = (struct err){ 0 };
	return 0;
}

/* 1: the place is free, and *slot its lock; 0: it is not. */
static int place_try(const struct agent *a, const struct errand *e, int64_t i, int *slot, struct err *err)
{
	autofree char *path = place_path(a->options.home, a->options.entry->name, i);
	autoclose int lock = -1;
	int left;

	if (fs_lock(AT_FDCWD, path, false, &lock, err) < 0) {
		if (err->num != EWOULDBLOCK)
			return -1;
		*err = (struct err){ 0 };
		return 0;
	}
	left = is_left(a, e, lock, err);
	if (left == 0)
		*slot = steal_fd(&lock);
	return left < 0 ? -1 : !left;
}

int slot_take(const struct agent *a, struct errand *e, struct err *err)
{
	autofree char *locks = fs_join(a->options.home, "locks");

	if (e->slot >= 0)
		return 1;
	if (fs_mkdirs(AT_FDCWD, locks, 0755, err) < 0)
		return -1;
	for (int64_t i = 0; i < a->options.entry->jobs; i++) {
		int status = place_try(a, e, i, &e->slot, err);

		if (status)
			return status;
	}
	return 0;
}
