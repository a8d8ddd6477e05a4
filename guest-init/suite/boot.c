/* The basics without which nothing else is worth a look: processes, memory, pipes, files, clock, CPUs.
 * Provokes no fault in user mode: kernels log those, and a log should show what went wrong and no more. */
#include "lib/cpus.h"
#include "lib/ktap.h"
#include "lib/sys.h"
#include "lib/text.h"

enum { CHILD_STATUS = 42, MAP_SIZE = 1 << 20, PIPE_BYTES = 300000 };

#define SCRATCH "/kiln-boot-scratch"

static int wait_status(long pid)
{
	int status = -1;

	return sys_wait(pid, &status, 0) == pid ? status : -1;
}

static const char *test_release(const char *program)
{
	struct sys_uname u;
	char version[512];

	if (sys_uname(&u) != 0)
		return "uname fails";
	if (!text_is(u.sysname, "Linux") || !*u.release || !*u.machine)
		return "uname says no system, release or machine";
	if (text_read_file("/proc/version", version, sizeof(version)) == -SYS_ENOENT)
		return "SKIP no /proc/version";
	if (!text_starts(version, "Linux version ") || !text_starts(version + 14, u.release))
		return "/proc/version and uname differ";
	return NULL;
}

static const char *test_cpus(const char *program)
{
	const int sys = cpus_in_sysfs(), proc = cpus_in_proc();

	if (cpus_online() < 1)
		return "no CPU is online";
	if (!sys || !proc)
		return "SKIP neither sysfs nor /proc/stat to compare";
	return sys == proc ? NULL : "sysfs and /proc/stat count different CPUs";
}

/* A process on each CPU that this one may use; it must then be there and nowhere else. */
static const char *run_on(unsigned int cpu)
{
	const unsigned int bits = 8 * sizeof(unsigned long);
	unsigned long mask[16] = { 0 };
	unsigned int here = ~0u;
	long pid;

	mask[cpu / bits] = 1UL << (cpu % bits);
	pid = sys_fork();
	if (pid == 0) {
		if (sys_setaffinity(0, mask, sizeof(mask)) != 0)
			sys_exit(1);
		sys_exit(sys_getcpu(&here) != 0 || here != cpu);
	}
	if (pid < 0)
		return "fork fails";
	return wait_status(pid) == 0 ? NULL : "a process does not run on the CPU it was bound to";
}

static const char *test_each_cpu(const char *program)
{
	const unsigned int bits = 8 * sizeof(unsigned long);
	unsigned long mask[16] = { 0 };
	const char *wrong = NULL;

	if (sys_getaffinity(0, mask, sizeof(mask)) <= 0)
		return "SKIP more CPUs than this test knows";
	for (unsigned int cpu = 0; cpu < 16 * bits && !wrong; cpu++)
		if (mask[cpu / bits] >> (cpu % bits) & 1)
			wrong = run_on(cpu);
	return wrong;
}

static const char *test_clock(const char *program)
{
	uint32_t last, now;

	if (!sys_clock(&last))
		return "no monotonic clock";
	for (int i = 0; i < 2000; i++, last = now) {
		sys_clock(&now);
		if ((int32_t)(now - last) < 0)
			return "the monotonic clock ran backwards";
	}
	return NULL;
}

static const char *test_sleep(const char *program)
{
	uint32_t before, after;

	if (!sys_clock(&before))
		return "no monotonic clock";
	if (sys_poll(NULL, 0, 30) != 0)
		return "poll fails";
	sys_clock(&after);
	/* One tick of the slowest HZ of grace. */
	return after - before >= 20 ? NULL : "a sleep of 30 ms ended early";
}

static const char *test_fork(const char *program)
{
	volatile int value = 1;
	const long pid = sys_fork();

	if (pid == 0) {
		value = 2;
		sys_exit(value == 2 ? CHILD_STATUS : 1);
	}
	if (pid < 0)
		return "fork fails";
	if (wait_status(pid) != CHILD_STATUS << 8)
		return "the child's exit status is lost";
	return value == 1 ? NULL : "the child wrote into its parent's memory";
}

static const char *test_exec(const char *program)
{
	const char *const argv[] = { program, "child", NULL };
	const char *const envp[] = { NULL };
	const long pid = sys_fork();

	if (pid == 0) {
		sys_execve(program, argv, envp);
		sys_exit(1);
	}
	if (pid < 0)
		return "fork fails";
	return wait_status(pid) == CHILD_STATUS << 8 ? NULL : "exec fails";
}

static const char *test_kill(const char *program)
{
	const long pid = sys_fork();

	if (pid == 0)
		for (;;)
			sys_poll(NULL, 0, 1000);
	if (pid < 0)
		return "fork fails";
	if (sys_kill(pid, SYS_SIGTERM) != 0)
		return "kill fails";
	return wait_status(pid) == SYS_SIGTERM ? NULL : "SIGTERM did not end the child";
}

/* The byte at a place in the pipe: numbered, and pages differ. No division: not every processor has one. */
static char pipe_byte(long at)
{
	return (char)(at + (at >> 8));
}

/* Called in a child: writes numbered bytes until all are out. */
_Noreturn static void pipe_writer(int fd)
{
	char bytes[1000];
	long at = 0;

	while (at < PIPE_BYTES) {
		long n = 0;

		for (; n < (long)sizeof(bytes) && at + n < PIPE_BYTES; n++)
			bytes[n] = pipe_byte(at + n);
		n = sys_write(fd, bytes, (size_t)n);
		if (n <= 0)
			sys_exit(1);
		at += n;
	}
	sys_exit(0);
}

static const char *pipe_reader(int fd)
{
	char bytes[4096];
	long at = 0, n;

	while ((n = sys_read(fd, bytes, sizeof(bytes))) > 0)
		for (long i = 0; i < n; i++, at++)
			if (bytes[i] != pipe_byte(at))
				return "a pipe changed its bytes";
	return at == PIPE_BYTES ? NULL : "a pipe lost bytes";
}

static const char *test_pipe(const char *program)
{
	const char *wrong;
	int fds[2];
	long pid;

	if (sys_pipe(fds) != 0)
		return "pipe2 fails";
	pid = sys_fork();
	if (pid == 0) {
		sys_close(fds[0]);
		pipe_writer(fds[1]);
	}
	sys_close(fds[1]);
	wrong = pipe_reader(fds[0]);
	sys_close(fds[0]);
	if (pid < 0)
		return "fork fails";
	return wait_status(pid) == 0 ? wrong : "the writer of a pipe failed";
}

static const char *test_broken_pipe(const char *program)
{
	int fds[2];
	long pid;

	if (sys_pipe(fds) != 0)
		return "pipe2 fails";
	sys_close(fds[0]);
	pid = sys_fork();
	if (pid == 0)
		sys_exit(sys_write(fds[1], "x", 1) == 1);
	sys_close(fds[1]);
	if (pid < 0)
		return "fork fails";
	return wait_status(pid) == SYS_SIGPIPE ? NULL : "a broken pipe did not end its writer";
}

static const char *test_memory(const char *program)
{
	unsigned char *p = sys_map(MAP_SIZE);
	const char *wrong = NULL;

	if (!p)
		return "mmap fails";
	for (int i = 0; i < MAP_SIZE && !wrong; i += 64)
		if (p[i])
			wrong = "new memory is not zero";
	for (int i = 0; i < MAP_SIZE; i += 64)
		p[i] = (unsigned char)(i / 4096 + i / 64);
	for (int i = 0; i < MAP_SIZE && !wrong; i += 64)
		if (p[i] != (unsigned char)(i / 4096 + i / 64))
			wrong = "memory lost what was written";
	return sys_munmap(p, MAP_SIZE) == 0 ? wrong : "munmap fails";
}

/* The kernel itself must refuse to write to a read-only page and to one that is gone. */
static const char *check_protection(int from, int to, char *page)
{
	if (sys_protect(page, MAP_SIZE, SYS_PROT_READ) != 0)
		return "mprotect fails";
	if (sys_write(to, "a", 1) != 1 || sys_read(from, page, 1) != -SYS_EFAULT)
		return "the kernel wrote to a read-only page";
	if (sys_protect(page, MAP_SIZE, SYS_PROT_READ | SYS_PROT_WRITE) != 0)
		return "mprotect fails";
	if (sys_write(to, "b", 1) != 1 || sys_read(from, page, 1) != 1)
		return "a page stayed read-only";
	return NULL;
}

static const char *test_protection(const char *program)
{
	char *page = sys_map(MAP_SIZE);
	const char *wrong;
	int fds[2];

	if (!page)
		return "mmap fails";
	if (sys_pipe(fds) != 0)
		return "pipe2 fails";
	page[0] = 'z'; /* there, so that only its protection can refuse */
	wrong = check_protection(fds[0], fds[1], page);
	sys_munmap(page, MAP_SIZE);
	if (!wrong && sys_write(fds[1], page, 1) != -SYS_EFAULT)
		wrong = "unmapped memory can still be read";
	sys_close(fds[0]);
	sys_close(fds[1]);
	return wrong;
}

/* mknod makes it: the flag that makes open create a file is another number on each architecture. */
static const char *test_file(const char *program)
{
	const long made = sys_mknod(SCRATCH, SYS_S_IFREG | 0600, 0);
	char text[16] = { 0 };
	long fd;

	if (made == -SYS_EROFS)
		return "SKIP the root is read-only";
	fd = made ? made : sys_open(SCRATCH, SYS_WRONLY);
	if (fd < 0)
		return "no file can be made in the root";
	if (sys_write((int)fd, "written", 7) != 7 || sys_close((int)fd) != 0)
		return "a file cannot be written";
	if (text_read_file(SCRATCH, text, sizeof(text)) != 7 || !text_is(text, "written"))
		return "a file does not hold what was written";
	if (sys_unlink(SCRATCH) != 0 || sys_open(SCRATCH, SYS_RDONLY) != -SYS_ENOENT)
		return "a file cannot be removed";
	return NULL;
}

static const char *test_devices(const char *program)
{
	const long fd = sys_open("/dev/null", SYS_RDWR);
	char byte;

	if (fd == -SYS_ENOENT)
		return "SKIP no /dev/null";
	if (fd < 0)
		return "/dev/null cannot be opened";
	if (sys_write((int)fd, "x", 1) != 1 || sys_read((int)fd, &byte, 1) != 0)
		return "/dev/null is not empty or not patient";
	sys_close((int)fd);
	return NULL;
}

int main(int argc, char **argv, char **envp)
{
	static const struct ktap_test tests[] = {
		{ "release", test_release },   { "cpus", test_cpus },
		{ "each_cpu", test_each_cpu }, { "clock", test_clock },
		{ "sleep", test_sleep },       { "fork", test_fork },
		{ "exec", test_exec },         { "kill", test_kill },
		{ "pipe", test_pipe },         { "broken_pipe", test_broken_pipe },
		{ "memory", test_memory },     { "protection", test_protection },
		{ "file", test_file },         { "devices", test_devices },
	};

	if (argc == 2 && text_is(argv[1], "child"))
		return CHILD_STATUS;
	return ktap_run(tests, sizeof(tests) / sizeof(*tests), argv[0]);
}
