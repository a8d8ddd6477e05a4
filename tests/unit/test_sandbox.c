/* Real sandboxes on this host: an empty world and what is put into it. */
#define _GNU_SOURCE
#include "sandbox_check.h"

static void check_exit_statuses(const struct place *p)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {
		{ "exit 7", 7 << 8 },     { "kill -9 $$", SIGKILL },    { "kill -SEGV $$", SIGSEGV },
		{ "exit 255", 255 << 8 }, { "kill -TERM $$", SIGTERM }, { "true", 0 },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		autosandbox struct sandbox *sb = world(p);
		autobuf struct buf out = { 0 };
		int status = run_script(sb, cases[i].script, &out);

		if (status != cases[i].status)
			failed("%s: 0x%x\n", cases[i].script, (unsigned)status);
	}
}

static void check_files_are_the_callers(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	autofree char *made = in_place(p, "rw/made");
	struct stat st;

	expect(sb, "echo x > /kiln/rw/made && stat -c '%u %g' /kiln/rw/made", "1000 1000\n");
	check(stat(made, &st) == 0 && st.st_uid == geteuid() && st.st_gid == getegid());
}

static void check_descriptors(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	int a[2], b[2], low = 7, high = 8;

	check(pipe(a) == 0 && pipe(b) == 0 && write(a[1], "a\n", 2) == 2 && write(b[1], "b\n", 2) == 2);
	check(dup2(a[0], low) == low && dup2(b[0], high) == high && dup2(0, 50) == 50);
	/* Each one's number is the other's target. */
	sandbox_fd(sb, low, high);
	sandbox_fd(sb, high, low);
	close(a[1]);
	close(b[1]);
	expect(sb, "cat <&7; cat <&8; ls /proc/self/fd | tr '\\n' ' '", "b\na\n0 1 2 3 7 8 ");
}

static void check_environment(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	autobuf struct buf out = { 0 };

	sandbox_env(sb, "A", "1");
	sandbox_env(sb, "A", "2 3");
	sandbox_env(sb, "HOME", "/kiln");
	setenv("SECRET", "token", 1);
	check(run_argv(sb, (const char *const[]){ "env", NULL }, &out, NULL) == 0);
	if (strcmp(out.data, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\nHOME=/kiln\nA=2 3\n") != 0)
		failed("%s", out.data);
}

static void check_signals_are_fresh(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* 32 is libc's own, which only the system call itself can set: { SIG_IGN }. */
	check(syscall(SYS_rt_sigaction, 32, &(unsigned long[8]){ 1 }, NULL, 8) == 0);
	expect(sb, "grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t'",
	       "SigBlk:0000000000000000\nSigIgn:0000000000000000\n");
	sigprocmask(SIG_BLOCK, NULL, &set);
	check(sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGUSR1) == 0);
}

static void check_operations(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);

	sandbox_dir(sb, "/a/b/c/");
	sandbox_file(sb, "/a/file", "text\n");
	sandbox_symlink(sb, "/a/file", "/a/b/link");
	sandbox_tmpfs(sb, "/a/fs");
	sandbox_bind(sb, "/etc/passwd", "/a/b/one", SANDBOX_RO);
	sandbox_bind_device(sb, "/dev/full", "/dev/full");
	sandbox_chdir(sb, "/a/b");
	expect(sb,
	       "pwd; ls; cat link; touch /a/fs/x; ls /a/fs; cmp one /host/etc/passwd && echo same; "
	       "head -c 1 /dev/zero 2>&1 >/dev/full | grep -o 'No space'",
	       "/a/b\nc\nlink\none\ntext\nx\nsame\nNo space\n");
}

/* A symlink in a bound directory must not lead the set-up out to the host. */
static void check_symlinks_do_not_escape(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	autofree char *link = in_place(p, "rw/link");
	autofree char *outside = in_place(p, "outside");
	autofree char *made = in_place(p, "outside/made");

	check(symlink(outside, link) == 0);
	sandbox_dir(sb, outside);
	sandbox_dir(sb, "/kiln/rw/link/made");
	expect(sb, "test -d /kiln/rw/link/made && echo inside", "inside\n");
	check(!fs_exists(AT_FDCWD, made));
}

static void check_limit(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	autobuf struct buf out = { 0 };

	sandbox_limit(sb, 1 << 20);
	check(run_script(sb, "exec head -c 2000000 /dev/zero > /tmp/f", &out) == SIGXFSZ);
}

static void check_nesting(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);

	sandbox_allow_nesting(sb);
	expect(sb, "unshare -Urm sh -c 'mount -t tmpfs none /tmp && id -u'", "0\n");
}

static void check_usage(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	autobuf struct buf out = { 0 };
	struct rusage usage = { 0 };
	const char *const argv[] = { "sh", "-c", "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; exit 3",
				     NULL };

	check(run_argv(sb, argv, &out, &usage) == 3 << 8);
	check(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec > 5000);
}

static void check_errors(const struct place *p)
{
	static const struct {
		const char *host, *inside, *program, *text;
	} cases[] = {
		{ "/nonexistent/place", "/x", "true", "/nonexistent/place: cannot be bound into the sandbox: No such" },
		{ "/usr", "/ro/below", "true", "/ro/below: cannot make the directory in the sandbox: Read-only" },
		{ "/usr", "/", "true", "nothing can be bound over /" },
		{ "/usr", "relative", "true", "relative: a path in the sandbox must be absolute" },
		{ "/usr", "/ro/file/x", "true", "/ro/file/x: cannot open in the sandbox: Not a directory" },
		{ "/usr", "/x", "no-such-program", "no-such-program: cannot run it in the sandbox: No such file" },
		{ "/usr", "/x", "/ro/file", "/ro/file: cannot run it in the sandbox: Permission denied" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		autosandbox struct sandbox *sb = world(p);

		sandbox_bind(sb, cases[i].host, cases[i].inside, SANDBOX_RO);
		expect_error(sb, cases[i].program, cases[i].text);
	}
}

static void check_more_errors(const struct place *p)
{
	autosandbox struct sandbox *dir = world(p), *device = world(p), *interpreter = world(p);
	autofree char *script = in_place(p, "rw/script");
	struct err err = { 0 };

	sandbox_chdir(dir, "/nowhere");
	expect_error(dir, "true", "/nowhere: cannot be the working directory");
	sandbox_bind_device(device, "/etc/passwd", "/etc/passwd");
	expect_error(device, "true", "/etc/passwd: is no device");
	check(fs_write(AT_FDCWD, script, "#!/nowhere/sh\n", 14, 0755, &err) == 0);
	expect_error(interpreter, "/kiln/rw/script", "/kiln/rw/script: its interpreter is not in the sandbox");
}

/* Milliseconds until every holder of the pipe's other end is gone; limit when some remain. */
static int64_t time_to_eof(int fd, int64_t limit)
{
	int64_t start = clock_ms();
	struct pollfd p = { fd, 0, 0 };

	return poll(&p, 1, (int)limit) == 1 && p.revents & POLLHUP ? clock_ms() - start : limit;
}

#define SLEEPERS "for i in 1 2 3 4 5; do setsid sh -c 'sleep 1000; :' & (sleep 1000 &) ; done; echo ready; "

static struct sandbox_child start_sleepers(const struct place *p, const char *script, int out)
{
	autosandbox struct sandbox *sb = world(p);
	struct sandbox_child child;
	struct err err = { 0 };

	if (sandbox_spawn(sb, (const char *const[]){ "sh", "-c", script, NULL }, &(struct sandbox_stdio){ -1, out, 2 },
			  &child, &err) < 0)
		failed("%s\n", err.msg);
	return child;
}

static int64_t kill_the_caller(const struct place *p)
{
	char ready[8];
	int pipefd[2], status;
	int64_t ms;
	pid_t caller;

	check(pipe2(pipefd, O_CLOEXEC) == 0);
	caller = fork();
	if (caller == 0) {
		start_sleepers(p, SLEEPERS "wait", pipefd[1]);
		for (;;)
			pause();
	}
	close(pipefd[1]);
	check(read(pipefd[0], ready, sizeof(ready)) == 6);
	kill(caller, SIGKILL);
	waitpid(caller, &status, 0);
	ms = time_to_eof(pipefd[0], 5000);
	close(pipefd[0]);
	return ms;
}

static void check_all_die_with_the_caller(const struct place *p)
{
	int64_t best = 5000;

	/* A busy machine may be late now and then, but not each time. */
	for (int i = 0; i < 3; i++) {
		int64_t ms = kill_the_caller(p);

		check(ms < 5000);
		best = ms < best ? ms : best;
	}
	if (best > 100)
		failed("all were gone only after %lld ms\n", (long long)best);
}

static void check_all_die_with_the_program(const struct place *p)
{
	struct sandbox_child child;
	struct err err = { 0 };
	int pipefd[2], status = NO_SUCH_STATUS;

	check(pipe2(pipefd, O_CLOEXEC) == 0);
	child = start_sleepers(p, SLEEPERS "exit 5", pipefd[1]);
	close(pipefd[1]);
	check(sandbox_wait(&child, &status, NULL, &err) == 0 && status == 5 << 8);
	check(time_to_eof(pipefd[0], 1000) < 1000);
}

static void check_kill(const struct place *p)
{
	struct sandbox_child child;
	struct err err = { 0 };
	int pipefd[2], status = NO_SUCH_STATUS;
	char ready[8];

	check(pipe2(pipefd, O_CLOEXEC) == 0);
	child = start_sleepers(p, SLEEPERS "wait", pipefd[1]);
	close(pipefd[1]);
	check(read(pipefd[0], ready, sizeof(ready)) == 6);
	check(poll(&(struct pollfd){ child.pidfd, POLLIN, 0 }, 1, 0) == 0);
	sandbox_kill(&child);
	check(poll(&(struct pollfd){ child.pidfd, POLLIN, 0 }, 1, 5000) == 1);
	check(time_to_eof(pipefd[0], 1000) < 1000);
	check(sandbox_wait(&child, &status, NULL, &err) == 0 && status == SIGKILL);
}

/* Who reads a pipe from the program sees its end when the program closes it. */
static void check_nothing_else_holds_descriptors(const struct place *p)
{
	struct sandbox_child child;
	struct err err = { 0 };
	int pipefd[2], status;

	check(pipe2(pipefd, O_CLOEXEC) == 0);
	child = start_sleepers(p, "exec sleep 1000 >/dev/null 2>&1", pipefd[1]);
	close(pipefd[1]);
	check(time_to_eof(pipefd[0], 5000) < 5000);
	sandbox_kill(&child);
	check(sandbox_wait(&child, &status, NULL, &err) == 0);
}

static void read_mounts(struct buf *out)
{
	struct err err = { 0 };

	check(fs_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, out, &err) == 0);
}

static void check_host_is_untouched(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	autobuf struct buf before = { 0 }, after = { 0 };

	read_mounts(&before);
	expect(sb, "echo x", "x\n");
	read_mounts(&after);
	check(strcmp(before.data, after.data) == 0);
}

static int count_fds(void)
{
	autoclosedir DIR *d = opendir("/proc/self/fd");
	int n = 0;

	check(d);
	while (readdir(d))
		n++;
	return n;
}

static void check_no_descriptor_leaks(const struct place *p)
{
	int before = count_fds();

	check_exit_statuses(p);
	check_errors(p);
	free(sandbox_forbidden());
	check(count_fds() == before);
}

/* Kernels before 5.12 have no mount_setattr. */
static void without_mount_setattr(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int nr = seccomp_syscall_resolve_name("mount_setattr");

	check(ctx && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0) == 0 && seccomp_load(ctx) == 0);
	seccomp_release(ctx);
}

static void check_old_kernel(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);

	without_mount_setattr();
	expect(sb,
	       "touch /ro/file 2>&1 | grep -o Read-only; for f in /usr /host/dev/shm; do test -w $f || echo no; done; "
	       "echo x > /kiln/rw/x; cat /kiln/rw/x; "
	       "awk '$5 ~ \"^/(ro|usr|host|kiln)\" { last[$5] = $6 } " /* a mount may lie over another */
	       "END { for (m in last) if (last[m] !~ /nosuid/) print m }' /proc/self/mountinfo",
	       "Read-only\nno\nno\nx\n");
}

static void write_text(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* A namespace of the caller's own with a mount whose flags the sandbox's may not take away. */
static void enter_locked_mount(const struct place *p)
{
	autofree char *uids = mem_printf("0 %u 1", geteuid());
	autofree char *gids = mem_printf("0 %u 1", getegid());
	autofree char *rw = in_place(p, "rw");

	check(prctl(PR_SET_DUMPABLE, 1) == 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
	write_text("/proc/self/uid_map", uids);
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/gid_map", gids);
	check(mount("none", rw, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, "mode=0755") == 0);
}

static void check_locked_flags(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);

	enter_locked_mount(p);
	expect(sb,
	       "cp /usr/bin/true /kiln/rw/; /kiln/rw/true 2>&1 | grep -o 'Permission denied'; "
	       "grep -c ' /kiln/rw rw,nosuid,nodev,noexec,noatime ' /proc/self/mountinfo",
	       "Permission denied\n1\n");
}

static void check_locked_flags_on_an_old_kernel(const struct place *p)
{
	enter_locked_mount(p);
	without_mount_setattr();
	autosandbox struct sandbox *sb = world(p);

	expect(sb,
	       "touch /ro/file 2>&1 | grep -o Read-only; "
	       "grep -c ' /kiln/rw rw,nosuid,nodev,noexec,noatime ' /proc/self/mountinfo",
	       "Read-only\n1\n");
}

static void check_refused_by_the_host(const struct place *p)
{
	autosandbox struct sandbox *sb = world(p);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	autofree char *why = sandbox_forbidden();

	check(why == NULL);
	check(ctx && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone3), 0) == 0 && seccomp_load(ctx) == 0);
	seccomp_release(ctx);
	expect_error(sb, "true", "cannot make namespaces: Operation not permitted");
	why = sandbox_forbidden();
	check(why && strstr(why, "namespaces"));
}

static const struct check checks[] = {
	{ "no interface but lo", .script = "awk -F: 'NR > 2 { gsub(/ /, \"\", $1); print $1 }' /proc/net/dev", "lo\n" },
	{ "loopback is up",
	  .script = "bash -c ': > /dev/tcp/127.0.0.1/9' 2>&1 | grep -o 'Connection refused' | head -n 1",
	  "Connection refused\n" },
	{ "host processes cannot be seen", .script = "set -- /proc/[0-9]*; echo $*", "/proc/1 /proc/2\n" },
	{ "no home, no var, no sys", .script = "ls -d /root /home /var /sys /boot /mnt 2>/dev/null || echo none",
	  "none\n" },
	{ "always the same user", .script = "id -u; id -g; id -un; echo $HOME; hostname; umask",
	  "1000\n1000\nkiln\n/tmp\nkiln\n0022\n" },
	{ "a read-only bind is read-only",
	  .script =
		  "for f in /ro/file /ro/new /new /etc/new; do touch $f 2>&1 | grep -o Read-only; done; cat /ro/file; "
		  "test -w /usr || echo usr; awk '$5 ~ \"^/(usr|etc|ro)\" && $6 !~ /^ro,/ { print $5 }' "
		  "/proc/self/mountinfo",
	  "Read-only\nRead-only\nRead-only\nRead-only\nkept\nusr\n" },
	{ "so are the mounts below it",
	  .script = "awk '$5 ~ \"^/host\" && $6 ~ /^rw/ { print $5 }' /proc/self/mountinfo; "
		    "test -w /host/dev/shm || echo no; ls -d /host/usr /host/proc",
	  "no\n/host/proc\n/host/usr\n" },
	{ "a read-only bind cannot be remounted", .script = "mount -o remount,rw,bind /ro 2>/dev/null || echo no",
	  "no\n" },
	{ "/tmp is private", .script = "ls -A /tmp; touch /tmp/mine; ls /tmp", "mine\n" },
	{ "/dev works",
	  .script = "head -c 3 /dev/zero | wc -c; echo x > /dev/null; test -c /dev/ptmx && echo pty; touch /dev/shm/a; "
		    "ls /dev/shm; echo through > /dev/stdout",
	  "3\npty\na\nthrough\n" },
	{ "no capability is left",
	  .script = "grep -E 'Cap|NoNew' /proc/self/status | tr -d '\\t'; "
		    "grep -c 'Cap.*0000000000000000' /proc/1/status",
	  "CapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\n"
	  "CapBnd:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\n5\n" },
	{ "the caller's memory is out of reach", .script = "cat /proc/1/environ >/dev/null 2>&1 || echo no", "no\n" },
	{ "no new user namespace", .script = "unshare -Ur true 2>/dev/null || echo no", "no\n" },
	{ "no vsock, no packet sockets; unix sockets work",
	  .script = "perl -e 'socket(S, 40, 1, 0) or print $!+0, \"\\n\"; "
		    "socket(S, 17, 3, 0) or print $!+0, \"\\n\"; socket(S, 1, 1, 0) and print \"unix\\n\"'",
	  "97\n97\nunix\n" },
	{ "exit statuses and signals come through", .run = check_exit_statuses },
	{ "files come out owned by the caller", .run = check_files_are_the_callers },
	{ "descriptors are passed on or closed", .run = check_descriptors },
	{ "the environment starts empty", .run = check_environment },
	{ "signals are as at first", .run = check_signals_are_fresh },
	{ "operations", .run = check_operations },
	{ "symlinks do not lead out", .run = check_symlinks_do_not_escape },
	{ "files have a largest size", .run = check_limit },
	{ "nesting on request", .run = check_nesting },
	{ "usage counts what ran inside", .run = check_usage },
	{ "errors name what is wrong", .run = check_errors },
	{ "errors name what is wrong, too", .run = check_more_errors },
	{ "all die with the caller within 100 ms", .run = check_all_die_with_the_caller },
	{ "all die with the program", .run = check_all_die_with_the_program },
	{ "all die when killed", .run = check_kill },
	{ "only the program holds its descriptors", .run = check_nothing_else_holds_descriptors },
	{ "the host's mounts stay as they are", .run = check_host_is_untouched },
	{ "no descriptor leaks", .run = check_no_descriptor_leaks },
	{ "a kernel without mount_setattr", .run = check_old_kernel },
	{ "mounts with locked flags", .run = check_locked_flags },
	{ "mounts with locked flags, without mount_setattr", .run = check_locked_flags_on_an_old_kernel },
	{ "a host that refuses says why", .run = check_refused_by_the_host },
};

int main(void)
{
	return run_checks(checks, countof(checks));
}
