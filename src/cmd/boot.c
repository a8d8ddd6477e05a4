/* kiln boot: one image on one board, by hand. */
#define _GNU_SOURCE
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "cmd/cmd.h"
#include "depot/depot.h"
#include "qemu/qemu.h"
#include "step/step.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>

struct request {
	const char *image, *board, *initrd, *dtb, *firmware, *append, *home_option;
	struct catalog_machine machine;
	int64_t timeout_ms; /* -1: not given */
	bool console, gdb, json;
	char *home;
	char *gdb_dir; /* of the debugger's socket, or NULL */
};

static int parse(int argc, char **argv, struct request *r, struct err *err)
{
	const struct option options[] = {
		{ "board", OPTION_STRING, &r->board },
		{ "initrd", OPTION_STRING, &r->initrd },
		{ "dtb", OPTION_STRING, &r->dtb },
		{ "firmware", OPTION_STRING, &r->firmware },
		{ "append", OPTION_STRING, &r->append },
		{ "cpus", OPTION_INT, &r->machine.cpus },
		{ "memory", OPTION_INT, &r->machine.memory_mb },
		{ "cpu", OPTION_STRING, &r->machine.cpu },
		{ "accel", OPTION_STRING, &r->machine.accel },
		{ "timeout", OPTION_DURATION, &r->timeout_ms },
		{ "console", OPTION_FLAG, &r->console },
		{ "gdb", OPTION_FLAG, &r->gdb },
		{ "json", OPTION_FLAG, &r->json },
		{ "home", OPTION_STRING, &r->home_option },
	};

	if (options_parse(options, countof(options), &argc, argv, err) < 0)
		return -1;
	if (argc != 2)
		return err_user(err, "one IMAGE to boot is needed; see kiln boot --help");
	if (!r->board)
		return err_user(err, "--board BOARD is needed: kiln catalog list board lists them");
	r->image = argv[1];
	return machine_check(&r->machine, err);
}

static int check_file(const char *path, const char *what, struct err *err)
{
	struct stat st;

	if (!path)
		return 0;
	if (stat(path, &st) < 0)
		return err_user(err, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_user(err, "%s: is no file; the %s is one", path, what);
	return st.st_size ? 0 : err_user(err, "%s: is empty; the %s is not", path, what);
}

static int check_typing(const struct request *r, struct err *err)
{
	struct stat st;

	if (!r->console)
		return 0;
	if (fstat(STDIN_FILENO, &st) == 0 && (isatty(STDIN_FILENO) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return 0;
	return err_user(err, "--console needs a terminal or a pipe as standard input");
}

static int load_catalog(const struct catalog **catalog, struct err *err)
{
	autofree char *config = config_path(), *data = data_path();
	autofree char *own = fs_join(config, "catalog"), *shipped = fs_join(data, "catalog");
	const char *dirs[] = { own, shipped };
	autobuf struct buf faults = { 0 };

	if (catalog_load(dirs, countof(dirs), catalog, &faults, err) == 0)
		return 0;
	if (faults.n)
		fputs(faults.data, stderr);
	return -1;
}

static int put(struct depot *depot, json_t *spec, const char *field, const char *path, struct err *err)
{
	char digest[HASH_HEX];
	int64_t size;

	if (!path)
		return 0;
	if (depot_put_file(depot, path, digest, &size, err) < 0)
		return -1;
	return json_object_set_new(spec, field, json_string(digest));
}

static int put_patterns(struct depot *depot, const struct catalog *catalog, json_t *spec, struct err *err)
{
	autojson json_t *patterns = judge_patterns_json(catalog->patterns, catalog->n_patterns);
	autofree char *text = json_canonical(patterns);
	char digest[HASH_HEX];

	if (depot_put_bytes(depot, text, strlen(text), digest, err) < 0)
		return -1;
	return json_object_set_new(spec, "patterns", json_string(digest));
}

/* A person at the console, or a debugger, sets the pace: no limits then, unless asked for. */
static void set_hand_fields(const struct request *r, json_t *spec)
{
	if (r->append)
		json_object_set_new(spec, "append", json_string(r->append));
	if (r->timeout_ms >= 0)
		json_object_set_new(spec, "limit_ms", json_integer(r->timeout_ms));
	else if (r->console || r->gdb)
		json_object_set_new(spec, "limit_ms", json_integer(0));
	if (r->console)
		json_object_set_new(spec, "console", json_true());
	if (r->gdb_dir)
		json_object_set_new(spec, "gdb", json_string(r->gdb_dir));
}

static int make_spec(const struct request *r, const struct catalog *catalog, struct depot *depot, json_t **out,
		     struct err *err)
{
	const struct catalog_board *board = catalog_board(catalog, r->board);
	const struct catalog_arch *arch = board ? catalog_arch(catalog, board->arch) : NULL;
	autojson json_t *qemu = NULL;
	autojson json_t *spec = NULL;
	const json_t *lacks;
	const char *accel;

	if (!arch)
		return err_user(err, "there is no board %s: kiln catalog list board lists them", r->board);
	if (!board->qemu_machine)
		return err_user(err, "board %s is a real one, which only labs have: kiln run --runner lava boots it",
				r->board);
	if (board->guest_firmware && !r->firmware)
		return err_user(err,
				"board %s starts with Kiln's own firmware %s, which kiln run makes: give one with "
				"--firmware FILE",
				r->board, board->guest_firmware);
	if (qemu_identify(r->home, arch, board, &qemu, err) < 0 ||
	    qemu_accel(r->home, arch, board, qemu, r->machine.accel, &accel, err) < 0)
		return -1;
	lacks = json_object_get(qemu, "lacks");
	if (lacks)
		return err_user(err, "board %s: QEMU is %s, %s is needed", r->board, json_str_or(lacks, "have", ""),
				json_str_or(lacks, "want", ""));
	spec = json_pack("{s:s, s:o, s:O, s:s, s:b}", "kind", "boot", "board",
			 qemu_board_spec(board, &r->machine, accel), "qemu", qemu, "accel", accel, "need_marker", 0);
	if (put(depot, spec, "image", r->image, err) < 0 || put(depot, spec, "initrd", r->initrd, err) < 0 ||
	    put(depot, spec, "dtb", r->dtb, err) < 0 || put(depot, spec, "firmware", r->firmware, err) < 0 ||
	    put_patterns(depot, catalog, spec, err) < 0)
		return -1;
	set_hand_fields(r, spec);
	*out = steal(&spec);
	return 0;
}

/* The vmlinux that belongs to an image: itself, or the one in a directory above it, as in a build tree. */
static char *find_vmlinux(const char *image)
{
	autofree char *real = realpath(image, NULL);
	char *dir = real;

	for (int i = 0; dir && i < 5 && strcmp(dir, "/") != 0; i++) {
		autofree char *found = NULL;

		dir = dirname(dir);
		found = fs_join(dir, "vmlinux");
		if (access(found, R_OK) == 0)
			return steal(&found);
	}
	return mem_strdup("VMLINUX");
}

/* QEMU has no network, so the socket is a file; its directory is short, for a socket's path is at most 107 bytes. */
static int make_gdb_dir(struct request *r, struct err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *base = runtime && *runtime == '/' && strlen(runtime) < 60 ? runtime : "/tmp";
	autofree char *dir = mem_printf("%s/kiln-gdb-XXXXXX", base);

	if (!mkdtemp(dir))
		return err_infra(err, errno, "%s: cannot make the directory of the debugger's socket", dir);
	r->gdb_dir = steal(&dir);
	return 0;
}

static void say_gdb(const struct request *r)
{
	autofree char *vmlinux = find_vmlinux(r->image);
	autobuf struct buf line = { 0 };

	buf_adds(&line, "gdb ");
	buf_add_shell(&line, vmlinux);
	buf_printf(&line, " -ex 'target remote %s/gdb'", r->gdb_dir);
	fprintf(stderr,
		"kiln: the machine waits for a debugger, and runs when that continues it:\n\t%s\n"
		"(gdb-multiarch for another architecture than this host's)\n",
		line.data);
}

struct terminal {
	bool raw;
	struct termios before;
	int flags; /* of stdin, which the console makes non-blocking */
};

static void terminal_enter(struct terminal *t)
{
	struct termios raw;

	t->flags = fcntl(STDIN_FILENO, F_GETFL);
	fprintf(stderr, "kiln: Ctrl-] leaves the console and ends the machine\n");
	if (tcgetattr(STDIN_FILENO, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void terminal_leave(const struct terminal *t)
{
	if (t->raw) /* drops what the terminal answered to the guest's questions and nobody read */
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->before);
	if (t->flags < 0)
		return;
	fcntl(STDIN_FILENO, F_SETFL, t->flags);
	fputc('\n', stderr); /* the guest's last line may be open */
}

static int run(const struct request *r, const json_t *spec, json_t **record, struct err *err)
{
	static const struct step_kind kinds[] = { { "boot", STEP_OBSERVATION, qemu_boot_step } };
	const struct step_options options = { .home = r->home, .jobs = 1, .jobserver_read = -1, .jobserver_write = -1 };
	struct terminal terminal = { .flags = -1 };
	int rc;

	if (r->gdb_dir)
		say_gdb(r);
	if (r->console)
		terminal_enter(&terminal);
	rc = step_run(spec, kinds, countof(kinds), &options, record, err);
	terminal_leave(&terminal);
	return rc;
}

static void print_text(const struct request *r, const json_t *record, const char *console)
{
	const char *reason = json_str_or(record, "reason", NULL), *excerpt = json_str_or(record, "excerpt", NULL);
	double seconds = json_number_value(json_object_get(record, "seconds"));
	autobuf struct buf line = { 0 };

	buf_printf(&line, "%s: %s", r->board, json_str_or(record, "verdict", "infra"));
	if (reason)
		buf_printf(&line, ": %s", reason);
	buf_adds(&line, " (");
	buf_add_duration(&line, seconds);
	buf_printf(&line, ", %s)\n", json_str_or(record, "accel", "not started"));
	if (excerpt)
		buf_printf(&line, "\n%s\n\n", excerpt);
	if (console)
		buf_printf(&line, "console: %s\n", console);
	fputs(line.data, stdout);
}

static void print_json(json_t *record, const char *console)
{
	if (console)
		json_object_set_new(record, "console", json_string(console));
	json_print(record);
}

static int exit_status(const json_t *record)
{
	switch (verdict_from_text(json_str_or(record, "verdict", "infra"))) {
	case VERDICT_PASS:
	case VERDICT_WARN:
	case VERDICT_SKIP:
		return 0;
	case VERDICT_FAIL:
	case VERDICT_KNOWN:
	case VERDICT_FLAKY:
		return 1;
	case VERDICT_INFRA:
	case VERDICT_COUNT:
		break;
	}
	return 3;
}

static int boot(struct request *r, struct depot *depot, const struct catalog *catalog, struct err *err)
{
	autojson json_t *spec = NULL, *record = NULL;
	autofree char *console = NULL;
	const char *digest;

	if ((r->gdb && make_gdb_dir(r, err) < 0) || make_spec(r, catalog, depot, &spec, err) < 0 ||
	    run(r, spec, &record, err) < 0)
		return -1;
	digest = record_artefact(record, "console");
	console = digest ? depot_path(depot, digest) : NULL;
	if (r->json)
		print_json(record, console);
	else
		print_text(r, record, console);
	return exit_status(record);
}

static int boot_with_home(struct request *r, struct err *err)
{
	const struct catalog *catalog = NULL;
	struct depot *depot = NULL;
	int status = -1;

	r->home = home_path(r->home_option);
	if (load_catalog(&catalog, err) == 0 && depot_open(r->home, &depot, err) == 0)
		status = boot(r, depot, catalog, err);
	depot_free(depot);
	catalog_free(catalog);
	if (r->gdb_dir) {
		struct err ignored = { 0 };

		fs_remove(AT_FDCWD, r->gdb_dir, &ignored);
	}
	free(r->gdb_dir);
	free(r->home);
	return status;
}

int cmd_boot(int argc, char **argv)
{
	struct request r = { .timeout_ms = -1, .machine = { .cpus = -1, .memory_mb = -1 } };
	struct err err = { 0 };
	int status = -1;

	if (parse(argc, argv, &r, &err) == 0 && check_file(r.image, "image", &err) == 0 &&
	    check_file(r.initrd, "initrd", &err) == 0 && check_file(r.firmware, "firmware", &err) == 0 &&
	    check_file(r.dtb, "dtb", &err) == 0 && check_typing(&r, &err) == 0)
		status = boot_with_home(&r, &err);
	return status < 0 ? fail(&err) : status;
}
