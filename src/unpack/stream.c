#define _GNU_SOURCE
#include "unpack/stream.h"

#include "base/fs.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int decompress(struct archive *a, int in, int out, struct err *err)
{
	struct archive_entry *entry;
	const void *data;
	size_t n;
	la_int64_t offset;
	int status;

	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_fd(a, in, STREAM_CHUNK) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return err_user(err, "is empty or cannot be decompressed: %s", archive_error_string(a));
	while ((status = archive_read_data_block(a, &data, &n, &offset)) == ARCHIVE_OK)
		if (fs_write_all(out, data, n, err) < 0)
			return -1;
	if (status != ARCHIVE_EOF)
		return err_user(err, "is damaged or cut short: %s", archive_error_string(a));
	return 0;
}

static _Noreturn void child_run(int in, int out, struct err *report)
{
	struct archive *a = archive_read_new();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	_exit(a && decompress(a, in, out, report) == 0 ? 0 : 1);
}

int stream_open(int fd, struct stream *s, struct err *err)
{
	struct err *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int pipes[2];
	pid_t pid;

	if (report == MAP_FAILED)
		return err_infra(err, errno, "mmap");
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		munmap(report, sizeof(*report));
		return err_infra(err, errno, "pipe");
	}
	fcntl(pipes[0], F_SETPIPE_SZ, STREAM_CHUNK); /* no more than speed depends on it */
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		child_run(fd, pipes[1], report);
	}
	close(pipes[1]);
	if (pid < 0) {
		err_infra(err, errno, "fork");
		close(pipes[0]);
		munmap(report, sizeof(*report));
		return -1;
	}
	*s = (struct stream){ .fd = pipes[0], .pid = pid, .report = report, .chunk = mem_alloc(STREAM_CHUNK) };
	return 0;
}

ssize_t stream_read(struct stream *s, const void **data)
{
	ssize_t n, i;

	do
		n = read(s->fd, s->chunk, STREAM_CHUNK);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	for (i = n; i > 0 && s->chunk[i - 1] == 0; i--)
		;
	s->zeros = (size_t)(n - i) + (i == 0 ? s->zeros : 0);
	*data = s->chunk;
	return n;
}

int stream_close(struct stream *s, struct err *err)
{
	int status;
	struct err report;

	close(s->fd); /* a child that still writes ends by SIGPIPE: its reader has had enough */
	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	report = *s->report;
	munmap(s->report, sizeof(*s->report));
	free(s->chunk);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (report.class != ERR_NONE) {
		*err = report;
		return -1;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
		return 0;
	return err_infra(err, 0, "the decompressor ended early (status %#x)", (unsigned)status);
}
