/* Kiln's first process of a guest: says what it runs on, runs the test programs it finds, says that it is
 * done and ends the machine. Needs nothing of the kernel but an initramfs, ELF programs and a console.
 *
 * Words of the kernel's command line that it heeds (the kernel puts NAME=value that it does not know
 * itself into our environment):
 *	KILN_LIMIT=60        seconds for each test program
 *	KILN_END=poweroff    how to end: poweroff (then reboot, should that fail), reboot, or stay
 */
#include "console.h"
#include "suites.h"

#include "lib/cpus.h"
#include "lib/sys.h"
#include "lib/text.h"

enum { LIMIT_SECONDS = 60, END_MS = 5000 };

/* linux/reboot.h */
#define POWER_OFF 0x4321fedcU
#define RESTART 0x01234567U

struct settings {
	uint32_t limit; /* milliseconds */
	const char *end;
};

/* A file system that this kernel was built without is worth a line and nothing more. */
static void mount_at(const char *type, const char *dir, struct text *missing)
{
	long ret;

	sys_mkdir(dir, 0755);
	ret = sys_mount(type, dir, type);
	if (ret == 0 || ret == -SYS_EBUSY)
		return;
	text_add(missing, missing->n ? ", " : "# not mounted: ");
	text_add(missing, type);
	text_add(missing, ret == -SYS_ENODEV ? " (not in this kernel)" : " (error ");
	if (ret != -SYS_ENODEV) {
		text_add_number(missing, -ret);
		text_add(missing, ")");
	}
}

static void say_start(void)
{
	const uint16_t one = 1;
	struct text line = { .n = 0 };
	struct sys_uname u = { .machine = "unknown", .release = "unknown" };

	sys_uname(&u);
	text_add(&line, "KILN-GUEST-START machine=");
	text_add(&line, u.machine);
	text_add(&line, " release=");
	text_add(&line, u.release);
	text_add(&line, " cpus=");
	text_add_number(&line, cpus_online());
	text_add(&line, sizeof(long) == 8 ? " bits=64" : " bits=32");
	text_add(&line, *(const volatile char *)&one ? " endian=little" : " endian=big");
	console_mark(&line);
}

static void say_done(int status)
{
	struct text line = { .n = 0 };

	text_add(&line, "KILN-GUEST-DONE status=");
	text_add_number(&line, status);
	console_mark(&line);
}

/* By a child: where a machine cannot do it, the kernel ends the caller, and the end of the first
 * process would be a panic that says nothing about the kernel. */
static void end_by(unsigned int command)
{
	const long pid = sys_fork();

	if (pid == 0)
		sys_exit(sys_reboot(command) != 0);
	sys_poll(NULL, 0, END_MS);
}

_Noreturn static void end_machine(const char *how)
{
	sys_sync();
	console_drain();
	if (!text_is(how, "stay") && !text_is(how, "reboot"))
		end_by(POWER_OFF);
	if (!text_is(how, "stay"))
		end_by(RESTART);
	for (;;)
		sys_poll(NULL, 0, 1000000);
}

static void settings_read(struct settings *settings, char **envp)
{
	for (; *envp; envp++) {
		if (text_starts(*envp, "KILN_END=")) {
			settings->end = *envp + 9;
		} else if (text_starts(*envp, "KILN_LIMIT=")) {
			const char *s = *envp + 11;

			settings->limit = text_number(&s) * 1000;
		}
	}
}

int main(int argc, char **argv, char **envp)
{
	struct settings settings = { .limit = LIMIT_SECONDS * 1000, .end = "poweroff" };
	struct text missing = { .n = 0 }, alone = { .n = 0 };
	int bad;

	/* It mounts, kills and powers off: never outside a guest. */
	if (sys_getpid() != 1) {
		text_add(&alone, "guest-init: runs only as the first process of a guest");
		text_write(&alone, 2);
		return 1;
	}
	settings_read(&settings, envp);
	mount_at("devtmpfs", "/dev", &missing);
	mount_at("proc", "/proc", &missing);
	mount_at("sysfs", "/sys", &missing);
	console_open();
	say_start();
	if (missing.n)
		text_write(&missing, 1);
	bad = suites_run(settings.limit);
	say_done(bad ? 1 : 0);
	end_machine(settings.end);
}
