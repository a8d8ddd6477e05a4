/* Real sandboxes whose root is a directory of their own: what is written, who is who, who runs foreign programs, and
 * that nothing of the host can be reached. */
#define _GNU_SOURCE
#include "sandbox_check.h"

#include "sandbox/world.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* An ELF file for 64-bit ARM; the mask lets any OS ABI, and both kinds of program, pass. */
#define ARM64_MAGIC \
	"\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00"
#define ARM64_MASK \
	"\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xfe\\xff\\xff\\xff"
static const char emulator[] = "/usr/bin/qemu-aarch64-static";
static const char host_table[] = "/proc/sys/fs/binfmt_misc";

/* Runs on the host, with the place's directory in $D. */
static void host(const struct place *p, const char *script)
{
	autofree char *line = mem_printf("D=%s; %s", p->dir, script);
	int status = system(line);

	if (status != 0)
		failed("%s: 0x%x\n", line, (unsigned)status);
}

/* The place's directory ro, with top (or NULL) above it, is the root; the host's programs are at hand. */
static struct sandbox *rooted(const struct place *p, const char *top)
{
	autofree char *lower = in_place(p, "ro");
	autofree char *upper = top ? in_place(p, top) : NULL;
	const char *dirs[] = { upper, lower };
	struct sandbox *sb = sandbox_new();

	sandbox_root(sb, top ? dirs : dirs + 1, top ? 2 : 1);
	sandbox_host_system(sb);
	return sb;
}

static void check_writes_are_thrown_away(const struct place *p)
{
	for (int i = 0; i < 2; i++) {
		autosandbox struct sandbox *sb = rooted(p, NULL);

		expect(sb, "cat /file; echo x > /new; echo y > /file; cat /file; rm /file; ls /file 2>/dev/null; id -u",
		       "kept\ny\n1000\n");
	}
	host(p, "test \"$(cat $D/ro/file)\" = kept && test ! -e $D/ro/new && test ! -e $D/ro/proc");
}

static void check_layers(const struct place *p)
{
	autosandbox struct sandbox *sb = rooted(p, "outside");

	host(p,
	     "mkdir $D/ro/d $D/outside/d && echo low > $D/ro/d/a && echo low > $D/ro/d/b && echo top > $D/outside/d/b");
	expect(sb, "cat /d/a /d/b /file; rm /d/b; ls /d; mv /d /e && ls /e", "low\ntop\nkept\na\na\n");
	host(p, "test \"$(cat $D/outside/d/b)\" = top && test -e $D/ro/d/b");
}

static void check_in_place(const struct place *p)
{
	autosandbox struct sandbox *sb = sandbox_new();
	autofree char *dir = in_place(p, "ro");

	sandbox_root_in_place(sb, dir);
	sandbox_host_system(sb);
	sandbox_superuser(sb);
	expect(sb, "echo x > /new; rm /file; ls -d /new; test -e /file || echo gone", "/new\ngone\n");
	host(p, "test \"$(cat $D/ro/new)\" = x && test ! -e $D/ro/file && test \"$(stat -c %u $D/ro/new)\" = $(id -u)");
}

static void check_superuser(const struct place *p)
{
	autosandbox struct sandbox *sb = rooted(p, NULL);

	sandbox_superuser(sb);
	expect(sb, "id -u; id -g; echo $HOME; touch /a; chown 5:7 /a && chown -h 5 /a && stat -c '%u %g' /a",
	       "0\n0\n/root\n0 0\n");
	expect(sb, "mount -t tmpfs none /tmp 2>/dev/null || echo no; unshare -U true 2>/dev/null || echo no",
	       "no\nno\n");
}

static const char escapes[] =
	"for m in /ro /usr /dev/null; do mount -o remount,bind,rw $m 2>/dev/null && echo $m; done;"
	"umount -l /ro 2>/dev/null && echo umount; mkdir /m; mount --bind /ro /m && "
	"mount -o remount,bind,rw /m 2>/dev/null && echo m; echo x 2>/dev/null >/m/file; "
	"chmod 666 /dev/null 2>/dev/null && echo chmod; "
	"umount -l /tmp 2>/dev/null && echo tmp; echo x >/dev/null && cat /ro/file";

/* Who may mount could else make writable again what is not his, as root even the host's /usr. */
static void check_superuser_with_mounts(const struct place *p)
{
	autosandbox struct sandbox *sb = rooted(p, NULL);
	autofree char *ro = in_place(p, "ro");

	sandbox_superuser(sb);
	sandbox_allow_nesting(sb);
	sandbox_bind(sb, ro, "/ro", SANDBOX_RO);
	expect(sb,
	       "mount -t tmpfs none /mnt 2>/dev/null || mkdir /mnt && mount -t tmpfs none /mnt && touch /mnt/a; "
	       "ls /mnt; chroot / id -u",
	       "a\n0\n");
	expect(sb, escapes, "kept\n");
	host(p, "test \"$(cat $D/ro/file)\" = kept && test -w /dev/null");
}

/* Nothing but what was given is there: above the root, among the mounts, by way of the first process. */
static const char outside[] =
	"test / -ef /.. && test / -ef /../../.. && echo root;"
	"awk '{ print $5 }' /proc/self/mountinfo | grep -vE '^/(proc|dev|tmp|usr|etc|lib|bin|sbin|$)';"
	"awk '$5 == \"/\"' /proc/self/mountinfo | wc -l;"
	"ls -d /..$D/outside /proc/1/root$D/outside /proc/self/root$D/outside 2>/dev/null;"
	"readlink /proc/1/fd/* /proc/1/cwd /proc/1/root /proc/1/exe; ls /proc | grep -cE '^[0-9]+$' > /tmp/n;"
	"test $(cat /tmp/n) -lt 8 && echo alone; ls /proc/self/fd | tr '\\n' ' '";

static void check_nothing_of_the_host(const struct place *p)
{
	for (int kind = 0; kind < 4; kind++) {
		autosandbox struct sandbox *sb = rooted(p, kind & 1 ? "outside" : NULL);
		autobuf struct buf out = { 0 };

		if (kind & 2)
			sandbox_superuser(sb);
		sandbox_env(sb, "D", p->dir);
		expect(sb, outside, "root\n1\nalone\n0 1 2 3 ");
	}
}

/* A root's own symlinks lead nowhere but into it. */
static void check_symlinks_in_the_root(const struct place *p)
{
	static const struct {
		const char *make, *script, *want;
	} cases[] = {
		{ "mkdir d && ln -s /d dev", "ls -d /d/null; echo x >/dev/null && echo ok", "/d/null\nok\n" },
		{ "mkdir t && ln -s ../../../t tmp", "touch /tmp/x; ls /t", "x\n" },
		{ "mkdir p && ln -s p proc", "test -d /p/self && test -d /proc/self && echo ok", "ok\n" },
		{ "mkdir etc && ln -s $D/outside/hosts etc/hosts",
		  "grep -c localhost /etc/hosts; test -L /etc/hosts || echo file", "2\nfile\n" },
		{ "ln -s $D/outside kiln",
		  "mkdir -p /x; ( echo in > /kiln/f ) 2>/dev/null; test -e /kiln/f || echo none", "none\n" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		autosandbox struct sandbox *sb = rooted(p, NULL);
		autofree char *make = mem_printf("cd $D && rm -rf ro && mkdir ro && cd ro && %s", cases[i].make);

		host(p, make);
		expect(sb, cases[i].script, cases[i].want);
		host(p, "test -z \"$(ls $D/outside)\"");
	}
}

/* Where the root cannot be one, the set-up ends; it never goes on with the host's. */
static void check_bad_roots(const struct place *p)
{
	static const char *const makes[] = {
		"ln -s / dev",
		"ln -s / tmp",
		"ln -s / proc",
		"ln -s /proc/1/root dev",
		"ln -s /proc/self/cwd tmp",
		"touch dev",
		"ln -s nowhere dev",
		"mkdir -p etc/hosts/a",
		"ln -s dev tmp; ln -s tmp dev",
	};

	for (size_t i = 0; i < countof(makes); i++) {
		autosandbox struct sandbox *sb = rooted(p, NULL);
		autofree char *make = mem_printf("cd $D && rm -rf ro && mkdir ro && cd ro && { %s; }", makes[i]);
		struct sandbox_child child;
		struct err err = { 0 };

		host(p, make);
		if (sandbox_spawn(sb, (const char *const[]){ "sh", "-c", "exit 0", NULL },
				  &(struct sandbox_stdio){ -1, -1, -1 }, &child, &err) == 0)
			failed("%s: is a root\n", makes[i]);
		check(err.class == ERR_INFRA && err.msg[0]);
		host(p, "test -z \"$(ls $D/outside)\"");
	}
}

static void check_no_root(const struct place *p)
{
	autosandbox struct sandbox *sb = sandbox_new();
	autofree char *dir = in_place(p, "gone");

	sandbox_root(sb, (const char *const[]){ dir }, 1);
	expect_error(sb, "true", "gone: cannot be the sandbox's root: No such file");
}

/* Whether foreign programs can be tried here; makes DIR/ro/foreign, which prints its arguments and its user. */
static bool foreign_make(const struct place *p)
{
	static const char source[] =
		"#include <stdio.h>\n#include <unistd.h>\nint main(int n, char **v) { for (int i = 0; "
		"i < n; i++) puts(v[i]); printf(\"%d\\n\", (int)getuid()); return 7; }\n";
	autofree char *c = in_place(p, "foreign.c");
	struct err err = { 0 };

	if (access(emulator, X_OK) < 0 || access("/usr/bin/aarch64-linux-gnu-gcc", X_OK) < 0 ||
	    access("/lib/ld-linux-aarch64.so.1", F_OK) == 0) {
		fprintf(stderr, "# no foreign programs: qemu-user-static and gcc-aarch64-linux-gnu are needed\n");
		return false;
	}
	check(fs_write(AT_FDCWD, c, source, strlen(source), 0644, &err) == 0);
	host(p, "aarch64-linux-gnu-gcc -O1 -static -o $D/ro/foreign $D/foreign.c");
	return true;
}

static void table_read(struct buf *out)
{
	autoclosedir DIR *dir = opendir(host_table);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		buf_printf(out, "%s\n", e->d_name);
	buf_add(out, "", 0);
}

static void check_foreign_programs(const struct place *p)
{
	autobuf struct buf before = { 0 }, after = { 0 };

	if (!foreign_make(p))
		return;
	table_read(&before);
	for (int superuser = 0; superuser < 2; superuser++) {
		autosandbox struct sandbox *sb = rooted(p, NULL);

		if (superuser)
			sandbox_superuser(sb);
		sandbox_binfmt(sb, "arm64", ARM64_MAGIC, ARM64_MASK, emulator);
		/* argv[0] is the caller's, and the interpreter need not be in the root. */
		expect(sb, "bash -c 'exec -a other /foreign a \"b c\"'; echo $?",
		       superuser ? "other\na\nb c\n0\n7\n" : "other\na\nb c\n1000\n7\n");
		expect(sb, "echo 0 2>/dev/null > /proc/sys/fs/binfmt_misc/status; ls /proc/sys/fs/binfmt_misc",
		       "arm64\nregister\nstatus\n");
	}
	table_read(&after);
	check(strcmp(before.data, after.data) == 0);
}

static void check_a_missing_interpreter(const struct place *p)
{
	autosandbox struct sandbox *sb = rooted(p, NULL);

	sandbox_binfmt(sb, "arm64", ARM64_MAGIC, ARM64_MASK, "/nowhere/qemu");
	expect_error(sb, "true", "/nowhere/qemu: cannot be registered to run programs for arm64: No such file");
}

/* As Linux 6.1 prints them. */
static void check_entries_of_the_host(const struct place *p)
{
	static const struct {
		const char *text;
		bool serves;
	} cases[] = {
#define ENTRY(enabled, flags, magic)                                                                                \
	enabled "\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: " flags "\noffset 0\nmagic " magic \
		"\nmask ffffffffffffff00fffffffffffffffffeffffff\n"
		{ ENTRY("enabled", "POCF", "7f454c460201010000000000000000000200b700"), true },
		{ ENTRY("enabled", "F", "7f454c460201010000000000000000000200b700"), true },
		{ ENTRY("disabled", "POCF", "7f454c460201010000000000000000000200b700"), false },
		{ ENTRY("enabled", "POC", "7f454c460201010000000000000000000200b700"), false },
		{ ENTRY("enabled", "", "7f454c460201010000000000000000000200b700"), false },
		{ ENTRY("enabled", "F", "7f454c4601010100000000000000000002002800"), false },
		{ ENTRY("enabled", "F", "7f454c46"), false },
		{ "enabled\ninterpreter /usr/bin/F\nflags: \nextension .F\n", false },
		{ "enabled\n", false },
		{ "", false },
	};

	for (size_t i = 0; i < countof(cases); i++)
		if (binfmt_serves(view_of(cases[i].text), ARM64_MAGIC) != cases[i].serves)
			failed("%s: %s\n", p->dir, cases[i].text);
}

/* A listener of the host under a name of no file. */
static int listener(char name[static 32])
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(address);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &n) < 0)
		failed("no listener: %s\n", strerror(errno));
	snprintf(name, 32, "%.*s", (int)(n - sizeof(sa_family_t) - 1), address.sun_path + 1);
	return fd;
}

/* Landlock's version with which abstract sockets stay outside. */
enum { SCOPES = 6 };

static void check_abstract_sockets(const struct place *p)
{
	char name[32];
	autoclose int fd = listener(name);
	autofree char *script = mem_printf("perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); print connect(S, "
					   "sockaddr_un(chr(0).\"%s\")) ? \"reached\" : $!, \"\\n\"'",
					   name);
	autosandbox struct sandbox *sb = rooted(p, NULL);

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < SCOPES) {
		printf("# abstract sockets are only kept away from Linux 6.12 on\n");
		return;
	}
	sandbox_network(sb);
	expect(sb, script, "Operation not permitted\n");
}

/* A stage3's /etc/resolv.conf may be a link to what a running system makes. */
static void check_network_files(const struct place *p)
{
	static const char *const targets[] = { "../run/resolve/stub.conf", "/run/other/stub.conf", "real.conf" };

	for (size_t i = 0; i < countof(targets); i++) {
		autosandbox struct sandbox *sb = rooted(p, NULL);
		autofree char *script = mem_printf(
			"mkdir -p $D/ro/etc; rm -f $D/ro/etc/resolv.conf; ln -s %s $D/ro/etc/resolv.conf", targets[i]);

		host(p, script);
		sandbox_network(sb);
		expect(sb, "test -L /etc/resolv.conf && test -s /etc/resolv.conf && echo read", "read\n");
	}
	host(p, "test ! -e $D/ro/run/resolve && rm $D/ro/etc/resolv.conf && ln -s resolv.conf $D/ro/etc/resolv.conf");
	{
		autosandbox struct sandbox *sb = rooted(p, NULL);

		sandbox_network(sb);
		expect_error(sb, "true", "symbolic links");
	}
}

static void check_network(const struct place *p)
{
	autosandbox struct sandbox *with = rooted(p, NULL), *without = rooted(p, NULL);
	autobuf struct buf here = { 0 }, ns = { 0 };
	char link[64];
	ssize_t n = readlink("/proc/self/ns/net", link, sizeof(link) - 1);

	check(n > 0);
	link[n] = '\0';
	sandbox_network(with);
	check(run_argv(with, (const char *const[]){ "readlink", "-n", "/proc/self/ns/net", NULL }, &here, NULL) == 0);
	check(run_argv(without, (const char *const[]){ "readlink", "-n", "/proc/self/ns/net", NULL }, &ns, NULL) == 0);
	check(strcmp(here.data, link) == 0 && strcmp(ns.data, link) != 0);
}

static void check_signals_are_passed_on(const struct place *p)
{
	static const struct {
		int signal, status;
	} cases[] = { { SIGTERM, 9 << 8 }, { SIGUSR1, 10 << 8 }, { SIGINT, SIGINT }, { SIGKILL, SIGKILL } };

	for (size_t i = 0; i < countof(cases); i++) {
		autosandbox struct sandbox *sb = rooted(p, NULL);
		const char *argv[] = { "sh", "-c",
				       "trap 'exit 9' TERM; trap 'exit 10' USR1; echo; while :; do sleep 0.05; done",
				       NULL };
		struct sandbox_child child;
		struct err err = { 0 };
		int pipefd[2], status = NO_SUCH_STATUS;
		char c;

		check(pipe2(pipefd, O_CLOEXEC) == 0);
		check(sandbox_spawn(sb, argv, &(struct sandbox_stdio){ -1, pipefd[1], -1 }, &child, &err) == 0);
		check(read(pipefd[0], &c, 1) == 1);
		sandbox_signal(&child, cases[i].signal);
		check(sandbox_wait(&child, &status, NULL, &err) == 0);
		if (status != cases[i].status)
			failed("signal %d: 0x%x\n", cases[i].signal, (unsigned)status);
		close(pipefd[0]);
		close(pipefd[1]);
	}
}

/* In a session of its own, whose terminal is a new pty: what the program says comes back by it. */
static _Noreturn void on_a_terminal(const struct place *p, const char *slave, const char *script)
{
	autosandbox struct sandbox *sb = rooted(p, NULL);
	struct sandbox_child child;
	struct err err = { 0 };
	int status = 1, fd;

	setsid();
	fd = open(slave, O_RDWR);
	check(fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0);
	sandbox_terminal(sb);
	dup2(fd, 0);
	check(sandbox_spawn(sb, (const char *const[]){ "bash", "-c", script, NULL },
			    &(struct sandbox_stdio){ fd, fd, fd }, &child, &err) == 0);
	check(sandbox_wait(&child, &status, NULL, &err) == 0);
	_exit(status == 0 ? 0 : 1);
}

static void check_terminal(const struct place *p)
{
	static const char script[] = "test -t 0 && echo tty > /dev/tty; set -m; sleep 0 && echo jobs; ps() { :; }; "
				     "perl -e 'my $c = \"x\"; ioctl(STDIN, 0x5412, $c) or print \"no input\\n\"'";
	int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	autobuf struct buf out = { 0 };
	ssize_t n;
	pid_t pid;

	check(pty >= 0 && grantpt(pty) == 0 && unlockpt(pty) == 0);
	pid = fork();
	if (pid == 0)
		on_a_terminal(p, ptsname(pty), script);
	check(waitpid(pid, &status, 0) == pid && status == 0);
	fcntl(pty, F_SETFL, O_NONBLOCK);
	while ((n = read(pty, buf_reserve(&out, 4096), 4096)) > 0)
		out.n += (size_t)n;
	buf_add(&out, "", 0);
	if (strcmp(out.data, "tty\r\njobs\r\nno input\r\n") != 0)
		failed("%s", out.data);
}

/* The host's architecture's 32-bit programs: only where the root is one's own. */
static void check_sibling(const struct place *p)
{
	static const char source[] = "void _start(void) { __asm__(\"mov $1, %eax; mov $5, %ebx; int $0x80\"); }\n";
	autosandbox struct sandbox *sb = rooted(p, NULL);
	autofree char *c = in_place(p, "small.c"), *alone = NULL;
	autobuf struct buf out = { 0 };
	struct err err = { 0 };

	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		fprintf(stderr, "# no 32-bit programs: the test knows those of x86 only\n");
		return;
	}
	check(fs_write(AT_FDCWD, c, source, strlen(source), 0644, &err) == 0);
	host(p, "cc -m32 -nostdlib -static -o $D/ro/small $D/small.c");
	alone = mem_printf("%s/ro/small", p->dir);
	if (system(alone) != 5 << 8) {
		fprintf(stderr, "# no 32-bit programs: this kernel runs none\n");
		return;
	}
	check(run_script(sb, "/small", &out) == 5 << 8);
}

static const struct check checks[] = {
	{ "what is written to a root is thrown away", .run = check_writes_are_thrown_away },
	{ "layers lie above each other", .run = check_layers },
	{ "a root that is written to", .run = check_in_place },
	{ "a superuser's owners are pretended", .run = check_superuser },
	{ "a superuser who mounts cannot write to what is read-only", .run = check_superuser_with_mounts },
	{ "nothing of the host is there", .run = check_nothing_of_the_host },
	{ "symlinks in a root stay in it", .run = check_symlinks_in_the_root },
	{ "what cannot be a root is none", .run = check_bad_roots },
	{ "a root that is not there", .run = check_no_root },
	{ "foreign programs run by a table of the sandbox's own", .run = check_foreign_programs },
	{ "which entries of the host's table serve", .run = check_entries_of_the_host },
	{ "an interpreter that is not there", .run = check_a_missing_interpreter },
	{ "the network is the host's on request", .run = check_network },
	{ "with its files, where a root has links to nowhere", .run = check_network_files },
	{ "without its sockets of no file", .run = check_abstract_sockets },
	{ "signals are passed on", .run = check_signals_are_passed_on },
	{ "a terminal is kept, and its input out of reach", .run = check_terminal },
	{ "32-bit programs of the same machine", .run = check_sibling },
};

int main(void)
{
	return run_checks(checks, countof(checks));
}
