/* Against a mirror on the loopback that tests/mirror makes and serves: real signatures, real gpgv. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "home.h"
#include "small_disk.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "stage3/stage3.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DATE "20261101T170310Z"
#define NAME "stage3-arm64-openrc-" DATE ".tar.xz"
#define FOLDER "releases/arm64/autobuilds"
#define INDEX FOLDER "/latest-stage3-arm64-openrc.txt"

/* --- texts --- */

static void index_is(const char *text, const char *want)
{
	struct stage3_named named;
	struct err err = { 0 };
	autofree char *got = NULL;

	if (stage3_index(view_of(text), "arm64-openrc", &named, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	got = mem_printf(VIEW_FMT " " VIEW_FMT " " VIEW_FMT " %lld", VIEW_ARG(named.date), VIEW_ARG(named.name),
			 VIEW_ARG(named.path), (long long)named.size);
	assert_string_equal(got, want);
}

static void an_index_names_the_newest(void **state)
{
	index_is("# Latest as of Sun, 01 Nov 2026\n# ts=1\n" DATE "/" NAME " 1234\n",
		 DATE " " NAME " " DATE "/" NAME " 1234");
	index_is(DATE "/" NAME " 1234", DATE " " NAME " " DATE "/" NAME " 1234");
	index_is("20251101T000000Z/stage3-arm64-openrc-20251101T000000Z.tar.xz 1\r\n\r\n" DATE "/" NAME
		 " 2\r\n20240101T000000Z/stage3-arm64-openrc-20240101T000000Z.tar.bz2 3\r\n",
		 DATE " " NAME " " DATE "/" NAME " 2");
	/* Another variant is none of ours, also when its name begins with ours. */
	index_is("20271101T170310Z/stage3-arm64-openrc-splitusr-20271101T170310Z.tar.xz 5\n" DATE "/" NAME " 2\n",
		 DATE " " NAME " " DATE "/" NAME " 2");
	index_is("20181231/stage3-arm64-openrc-20181231.tar.xz 77\n",
		 "20181231 stage3-arm64-openrc-20181231.tar.xz 20181231/stage3-arm64-openrc-20181231.tar.xz 77");
}

static const struct {
	const char *line, *says;
} bad_lines[] = {
	{ "../../../etc/" NAME " 12", "outside of the mirror's folder" },
	{ DATE "/../" NAME " 12", "outside of the mirror's folder" },
	{ "/etc/passwd 12", "outside of the mirror's folder" },
	{ "http://127.0.0.1/" NAME " 12", "outside of the mirror's folder" },
	{ "file:///etc/passwd 12", "outside of the mirror's folder" },
	{ DATE "/%2e%2e/" NAME " 12", "outside of the mirror's folder" },
	{ "..\\" NAME " 12", "outside of the mirror's folder" },
	{ DATE "/" NAME, "has no size" },
	{ DATE "/" NAME " 0", "has no size" },
	{ DATE "/" NAME " -5", "has no size" },
	{ DATE "/" NAME " 99999999999999999999", "has no size" },
	{ DATE "/" NAME " 12 34", "has no size" },
	{ "<html>\x1b[2J</html>", "line 2, \"<html>\\x1b[2J</html>\", has no size" },
	{ DATE "/x/" NAME " 12", "names no tarball of arm64-openrc" },
	{ "20261102T170310Z/" NAME " 12", "names no tarball of arm64-openrc" },
	{ "", "names no tarball of arm64-openrc" },
};

static void a_bad_index_is_refused(void **state)
{
	for (size_t i = 0; i < countof(bad_lines); i++) {
		autofree char *text = mem_printf("# Latest\n%s\n", bad_lines[i].line);
		struct stage3_named named;
		struct err err = { 0 };

		if (stage3_index(view_of(text), "arm64-openrc", &named, &err) == 0)
			fail_msg("%s: was taken", bad_lines[i].line);
		assert_int_equal(err.class, ERR_USER);
		if (!strstr(err.msg, bad_lines[i].says))
			fail_msg("%s, not %s", err.msg, bad_lines[i].says);
	}
}

static void digests_are_read(void **state)
{
	char d64[65], d128[129], got[STAGE3_DIGEST];
	struct err err = { 0 };

	memset(d64, 'a', 64);
	memset(d128, 'b', 128);
	d64[64] = d128[128] = '\0';
	autofree char *both = mem_printf(
		"# BLAKE2B HASH\n%0128d  x\n# SHA512 HASH\n%s  x\n%s  y\n# SHA256 HASH\n%s  x\n", 0, d128, d128, d64);
	autofree char *one =
		mem_printf("# BLAKE2B HASH\n%0128d  x\n# SHA512 HASH\n%0128d  x.CONTENTS.gz\n%s  x\n", 0, 0, d128);
	autofree char *plain = mem_printf("%s  x\n", d64);

	assert_int_equal(stage3_digest(view_of(both), VIEW("x"), got, &err), 0);
	assert_string_equal(got, d64);
	assert_int_equal(stage3_digest(view_of(one), VIEW("x"), got, &err), 0);
	assert_string_equal(got, d128);
	assert_int_equal(stage3_digest(view_of(plain), VIEW("x"), got, &err), 0);
	assert_string_equal(got, d64);
	assert_int_equal(stage3_digest(view_of(plain), VIEW("y"), got, &err), -1);
	assert_int_equal(stage3_digest(VIEW(""), VIEW("y"), got, &err), -1);
}

#define FPR "EB6767E0337CEA916B640A25581CEC6247736C36"
#define SUB "20E4F67447C08BBD7DB9EBECBC4153412019AFFD"

static void what_gpgv_says_is_judged(void **state)
{
	static const struct {
		const char *status, *says; /* NULL: good */
		int num;
	} cases[] = {
		{ "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 58 Release\n[GNUPG:] VALIDSIG " SUB
		  " 2026-11-28 1 0 4 0 22 10 00 " FPR "\n",
		  NULL, 0 },
		{ "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG 58 Release\n", "does not hold", 0 },
		{ "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 58 Release\n[GNUPG:] VALIDSIG " FPR
		  "\n[GNUPG:] NEWSIG\n[GNUPG:] BADSIG 5 x\n",
		  "does not hold", 0 },
		{ "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 5 x\n[GNUPG:] NO_PUBKEY BC41\n", "by the key BC41, which is not",
		  ENOKEY },
		{ "[GNUPG:] EXPKEYSIG 58 Release\n[GNUPG:] VALIDSIG " FPR "\n", "has expired by now", EKEYEXPIRED },
		{ "[GNUPG:] REVKEYSIG 58 Release\n[GNUPG:] VALIDSIG " FPR "\n", "was revoked", EKEYREVOKED },
		{ "[GNUPG:] EXPSIG 58 Release\n[GNUPG:] VALIDSIG " FPR "\n", "signature has expired", 0 },
		{ "GOODSIG 58 Release\nVALIDSIG " FPR "\n", "has no signature", 0 },
		{ "[GNUPG:] VALIDSIG " FPR "\n", "has no signature", 0 },
		{ "[GNUPG:] GOODSIG 58 Release\n", "has no signature", 0 },
		{ "", "has no signature", 0 },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		CLEANUP(signer_free) struct signer signer = { 0 };
		struct err err = { 0 };
		int status = signature_judge(view_of(cases[i].status), &signer, &err);

		if ((status == 0) != !cases[i].says)
			fail_msg("%s: %s", cases[i].status, status ? err.msg : "was taken");
		if (status == 0) {
			assert_string_equal(signer.fingerprint, FPR);
			assert_string_equal(signer.name, "Release");
		} else {
			assert_non_null(strstr(err.msg, cases[i].says));
			assert_int_equal(err.num, cases[i].num);
		}
	}
}

/* --- the mirror --- */

static struct {
	char *work, *dir, *url, *script;
	pid_t server;
} mirror;

static void make_mirror(const char *setting, const char *setting2)
{
	autofree char *tarball = fs_join(mirror.work, "root.tar.xz");
	const char *argv[] = { mirror.script, mirror.dir, "arm64", "arm64-openrc", tarball, NULL };
	const char *env[] = { setting ? setting : "KILN=1", setting2, NULL };
	struct err err = { 0 };

	if (proc_run(&(struct proc){ .argv = argv, .env = env }, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static char *in_mirror(const char *name)
{
	return fs_join(mirror.dir, name);
}

static char *tarball_with(const char *suffix)
{
	return mem_printf("%s/" FOLDER "/" DATE "/" NAME "%s", mirror.dir, suffix);
}

static void put(const char *path, const char *text)
{
	struct err err = { 0 };

	if (fs_write(AT_FDCWD, path, text, strlen(text), 0644, &err) < 0)
		fail_msg("%s", err.msg);
}

static char *get(const char *path)
{
	struct buf text = { 0 };
	struct err err = { 0 };

	if (fs_read(AT_FDCWD, path, 8 << 20, &text, &err) < 0)
		fail_msg("%s", err.msg);
	return buf_steal(&text);
}

static int serve(const char *tests)
{
	autofree char *script = fs_join(tests, "mirror/serve"), *port_file = fs_join(mirror.work, "port"), *port = NULL;
	int tries = 600; /* of 100 ms: an emulated Python takes its time */

	mirror.server = fork();
	if (mirror.server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("python3", "python3", script, mirror.dir, port_file, NULL);
		_exit(127);
	}
	while (!fs_exists(AT_FDCWD, port_file) && tries-- > 0)
		usleep(100000);
	if (tries <= 0)
		return -1;
	port = get(port_file);
	mirror.url = mem_printf("http://127.0.0.1:%s", port);
	return 0;
}

enum { TARBALL = 1 << 20 };

static int group_make(void **state)
{
	const char *tests = getenv("KILN_TESTS");
	char *work = strdup("/tmp/kiln-mirror-XXXXXX");
	autofree char *tarball = NULL, *noise = mem_alloc(TARBALL + 1);
	uint32_t x = 1;

	tests = tests ? tests : "tests";
	setenv("no_proxy", "127.0.0.1", 1);
	if (!mkdtemp(work))
		return -1;
	mirror.work = work;
	mirror.dir = fs_join(work, "mirror");
	mirror.script = fs_join(tests, "mirror/make");
	tarball = fs_join(work, "root.tar.xz");
	for (size_t i = 0; i < TARBALL; i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (char)('!' + (x >> 24) % 90);
	}
	put(tarball, noise); /* nothing here looks into it */
	make_mirror(NULL, NULL);
	return serve(tests);
}

static int group_remove(void **state)
{
	struct err err = { 0 };

	if (mirror.server > 0) {
		kill(mirror.server, SIGKILL);
		waitpid(mirror.server, NULL, 0);
	}
	fs_remove(AT_FDCWD, mirror.work, &err);
	free(mirror.work);
	free(mirror.dir);
	free(mirror.url);
	free(mirror.script);
	return 0;
}

/* What a test did to the mirror is undone. */
static int clean_make(void **state)
{
	autofree char *faults = in_mirror(".faults"), *requests = in_mirror(".requests");

	unlink(faults);
	unlink(requests);
	make_mirror(NULL, NULL);
	return home_make(state);
}

static void faults(const char *lines)
{
	autofree char *path = in_mirror(".faults");

	put(path, lines);
}

/* How often a path that ends so was asked for, from this byte on (-1: any), with this status (0: any). */
static int requests(const char *end, long begin, int status)
{
	autofree char *path = in_mirror(".requests"), *log = fs_exists(AT_FDCWD, path) ? get(path) : mem_strdup("");
	struct view rest = view_of(log);
	int n = 0;

	while (rest.n) {
		struct view line = view_cut(&rest, '\n'), what = view_cut(&line, ' '), from = view_cut(&line, ' ');

		n += what.n >= strlen(end) && !memcmp(what.p + what.n - strlen(end), end, strlen(end)) &&
		     (begin < 0 || atol(from.p) == begin) && (!status || atoi(line.p) == status);
	}
	return n;
}

static int fetch_from(const char *home, const char *url, int tries, const char *keys, struct stage3 *s, struct err *err)
{
	const struct mirror m = { .home = home, .tries = tries, .wait_ms = 1, .idle_s = 1 };
	autofree char *keyring = in_mirror(keys);
	const struct stage3_request r = { &m, url, "arm64", "arm64-openrc", { keyring, "ask whoever signs", home } };

	*err = (struct err){ 0 };
	return stage3_fetch(&r, s, err);
}

/* The tarball that came is the one that is there. */
static void fetched(const char *home)
{
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	autofree char *path = tarball_with("");
	char digest[HASH_HEX], got[HASH_HEX];
	struct err err;

	if (fetch_from(home, mirror.url, 3, "keyring.gpg", &s, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(hash_file(path, digest, &err), 0);
	assert_int_equal(hash_file(s.tarball, got, &err), 0);
	assert_string_equal(got, digest);
	assert_string_equal(s.digest, digest);
	assert_string_equal(s.name, NAME);
	assert_string_equal(s.date, DATE);
	assert_int_equal(strlen(s.signer.fingerprint), 40);
	assert_string_equal(s.signer.name, "release <release@example.org>");
}

/* Files in HOME/cache/download. */
static int kept(const char *home)
{
	autofree char *path = fs_join(home, "cache/download");
	autoclosedir DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += *e->d_name != '.';
	return n;
}

static void forget(const char *home)
{
	autofree char *path = fs_join(home, "cache");
	struct err err = { 0 };

	assert_int_equal(fs_remove(AT_FDCWD, path, &err), 0);
}

static void refused(const char *home, enum err_class class, const char *says)
{
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	struct err err;

	if (fetch_from(home, mirror.url, 2, "keyring.gpg", &s, &err) == 0)
		fail_msg("was taken, not: %s", says);
	if (err.class != class || !strstr(err.msg, says))
		fail_msg("class %d: %s\nnot: %s", err.class, err.msg, says);
	assert_int_equal(kept(home), 0);
}

static void a_stage3_is_fetched_and_verified(void **state)
{
	fetched(*state);
	assert_int_equal(requests(NAME ".asc", -1, 200), 1);
	assert_int_equal(requests(NAME, -1, 200), 1);
	fetched(*state);
	assert_int_equal(requests(NAME ".asc", -1, 200), 2);
	assert_int_equal(requests(NAME, -1, 200), 1); /* the tarball itself only once */
	assert_int_equal(kept(*state), 1);
}

static void other_forms_of_a_mirror_are_read(void **state)
{
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	autofree char *sha256 = tarball_with(".sha256"), *url = mem_printf("file://%s/", mirror.dir);
	struct err err;

	unlink(sha256);
	make_mirror("PLAIN=1", "WITH=DIGESTS");
	fetched(*state);
	if (fetch_from(*state, url, 3, "keyring.asc", &s, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(s.index_signed);
	stage3_free(&s);
	make_mirror(NULL, NULL);
	if (fetch_from(*state, url, 3, "keyring.asc", &s, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(s.index_signed);
}

static void a_download_that_was_cut_goes_on(void **state)
{
	const char *home = *state;

	faults(".tar.xz cut 300000 2\n");
	fetched(home);
	assert_int_equal(requests(NAME, 300000, 206), 1);
	assert_int_equal(requests(NAME, 600000, 206), 1);
}

static void a_part_is_kept_for_the_next_call(void **state)
{
	const char *home = *state;
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	struct err err;

	faults(".tar.xz cut 300000 1\n.tar.xz status 503\n");
	assert_int_equal(fetch_from(home, mirror.url, 1, "keyring.gpg", &s, &err), -1);
	assert_int_equal(err.class, ERR_INFRA);
	assert_int_equal(kept(home), 1);
	faults("");
	fetched(home);
	assert_true(requests(NAME, 300000, 206) == 1);
	assert_int_equal(kept(home), 1);
}

static void without_ranges_it_begins_anew(void **state)
{
	faults(".tar.xz cut 300000 1\n.tar.xz norange 0\n");
	fetched(*state);
}

static void without_a_length_a_cut_is_noticed(void **state)
{
	faults(".tar.xz nolength 300000 1\n");
	fetched(*state);
	assert_int_equal(requests(NAME, 300000, 206), 1);
}

static void a_part_of_another_file_is_thrown_away(void **state)
{
	const char *home = *state;
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	autofree char *part = NULL;
	struct err err;

	assert_int_equal(fetch_from(home, mirror.url, 1, "keyring.gpg", &s, &err), 0);
	part = mem_printf("%s.part", s.tarball);
	assert_int_equal(rename(s.tarball, part), 0);
	put(part, "something else");
	fetched(home);
	put(part, "something else");
	assert_int_equal(truncate(part, 2 * TARBALL), 0); /* longer than the file */
	unlink(s.tarball);
	fetched(home);
	assert_int_equal(kept(home), 1);
}

static void a_mirror_that_stumbles_is_asked_again(void **state)
{
	faults("openrc.txt status 503 1\n.tar.xz hang 30 1\n");
	fetched(*state);
	assert_int_equal(requests("openrc.txt", -1, 503), 1);
}

static void a_mirror_that_is_gone_is_named(void **state)
{
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	struct err err;

	assert_int_equal(fetch_from(*state, "http://127.0.0.1:1", 2, "keyring.gpg", &s, &err), -1);
	assert_int_equal(err.class, ERR_INFRA);
	assert_non_null(strstr(err.msg, "127.0.0.1:1/releases/arm64/autobuilds/latest-stage3-arm64-openrc.txt: "));
	assert_int_equal(fetch_from(*state, "ftp://127.0.0.1", 2, "keyring.gpg", &s, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	faults("openrc.txt status 500\n");
	refused(*state, ERR_INFRA, "the mirror answers HTTP 500");
	faults("openrc.txt cut 10\n");
	refused(*state, ERR_INFRA, "openrc.txt: ");
	faults("openrc.txt status 404\n");
	refused(*state, ERR_USER, "or no such variant of arm64; look at");
	faults(".tar.xz status 404\n");
	refused(*state, ERR_USER, "the mirror has no such file");
	faults(".asc status 404\n");
	refused(*state, ERR_USER, "has no signature of it");
	faults(".sha256 status 404\n.DIGESTS status 404\n");
	refused(*state, ERR_USER, "has no digest of it");
}

static void redirects_stay_on_the_network(void **state)
{
	autofree char *line = mem_printf("openrc.txt redirect %s/" INDEX " 1\n", mirror.url);

	faults(line);
	fetched(*state);
	faults(".tar.xz redirect file:///etc/passwd\n");
	forget(*state);
	refused(*state, ERR_USER, "neither http nor https");
}

static void a_wrong_digest_is_refused(void **state)
{
	faults(".tar.xz flip 500000\n");
	refused(*state, ERR_INFRA, "is not what its digest says");
	faults(".tar.xz short 1000\n");
	refused(*state, ERR_INFRA, "has 1000 bytes, not the 1048576");
}

static void a_wrong_size_is_refused(void **state)
{
	autofree char *index = in_mirror(INDEX);

	put(index, DATE "/" NAME " 1048575\n");
	refused(*state, ERR_INFRA, "has 1048576 bytes, not the 1048575");
}

static int fetch_full(void *arg)
{
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	struct err err;

	if (fetch_from(arg, mirror.url, 1, "keyring.gpg", &s, &err) == 0)
		return 1;
	fprintf(stderr, "# %s\n", err.msg);
	return err.class != ERR_INFRA || err.num != ENOSPC || !strstr(err.msg, "make room, then try again");
}

static void a_full_disk_is_named(void **state)
{
	int status = small_disk(*state, 600, fetch_full, *state);

	if (status == SMALL_DISK_SKIP)
		skip();
	assert_int_equal(status, 0);
	assert_int_equal(requests(NAME, -1, 0), 0);
}

static void an_unknown_key_is_refused(void **state)
{
	autofree char *asc = tarball_with(".asc"), *theirs = NULL;

	make_mirror("SIGNER=other", NULL);
	refused(*state, ERR_USER, "latest-stage3-arm64-openrc.txt: is refused: is signed by the key ");
	make_mirror("SIGNER=other", "PLAIN=1");
	refused(*state, ERR_USER, NAME ": is refused: is signed by the key ");
	refused(*state, ERR_USER, "keyring.gpg: ask whoever signs");
	assert_int_equal(requests(NAME, 0, 200), 2);
}

static void a_wrong_signature_is_refused(void **state)
{
	autofree char *asc = tarball_with(".asc"), *other = tarball_with(".sha256.asc"), *index = in_mirror(INDEX);
	autofree char *keys = in_mirror(".gnupg"), *sha256 = tarball_with(".sha256"), *text = NULL, *digit = NULL;
	autofree char *home_env = mem_printf("GNUPGHOME=%s", keys);
	const char *argv[] = {
		"gpg", "--batch", "--quiet", "--armor", "--detach-sign", "--output", other, sha256, NULL
	};
	const char *env[] = { home_env, NULL };
	struct err err = { 0 };

	if (proc_run(&(struct proc){ .argv = argv, .env = env }, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(rename(other, asc), 0); /* by the right key, over another file */
	refused(*state, ERR_USER, NAME ": is refused: its signature does not hold");
	put(asc, "no signature\n");
	refused(*state, ERR_USER, "has no signature that can be read");
	text = get(index);
	digit = strstr(text, DATE);
	*digit = '3';
	put(index, text);
	digit = NULL;
	refused(*state, ERR_USER, "openrc.txt: is refused: its signature does not hold");
}

/* What stands around the signed part counts for nothing. */
static void only_what_is_signed_is_read(void **state)
{
	autofree char *index = in_mirror(INDEX), *text = get(index), *more = NULL;

	more = mem_printf("20991101T170310Z/stage3-arm64-openrc-20991101T170310Z.tar.xz 5\n%s", text);
	put(index, more);
	fetched(*state);
}

static void an_index_that_leads_outside_is_refused(void **state)
{
	autofree char *index = in_mirror(INDEX);

	for (size_t i = 0; i < 7; i++) {
		autofree char *text = mem_printf("%s\n", bad_lines[i].line);

		put(index, text);
		refused(*state, ERR_USER, "outside of the mirror's folder");
	}
}

static void without_a_keyring_nothing_is_fetched(void **state)
{
	CLEANUP(stage3_free) struct stage3 s = { 0 };
	autofree char *empty = in_mirror("empty.gpg"), *text = in_mirror("text.gpg");
	struct err err;

	assert_int_equal(fetch_from(*state, mirror.url, 1, "none.gpg", &s, &err), -1);
	assert_int_equal(err.class, ERR_USER);
	assert_non_null(strstr(err.msg, "none.gpg is not there, without which nothing is verified: ask whoever signs"));
	assert_int_equal(requests("", -1, 0), 0);
	put(empty, "");
	assert_int_equal(fetch_from(*state, mirror.url, 1, "empty.gpg", &s, &err), -1);
	assert_non_null(strstr(err.msg, "is empty"));
	put(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n????\n");
	assert_int_equal(fetch_from(*state, mirror.url, 1, "text.gpg", &s, &err), -1);
	assert_non_null(strstr(err.msg, "is no keyring"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, clean_make, home_remove)
		cmocka_unit_test(an_index_names_the_newest),
		cmocka_unit_test(a_bad_index_is_refused),
		cmocka_unit_test(digests_are_read),
		cmocka_unit_test(what_gpgv_says_is_judged),
		TEST(a_stage3_is_fetched_and_verified),
		TEST(other_forms_of_a_mirror_are_read),
		TEST(a_download_that_was_cut_goes_on),
		TEST(a_part_is_kept_for_the_next_call),
		TEST(without_ranges_it_begins_anew),
		TEST(without_a_length_a_cut_is_noticed),
		TEST(a_part_of_another_file_is_thrown_away),
		TEST(a_mirror_that_stumbles_is_asked_again),
		TEST(a_mirror_that_is_gone_is_named),
		TEST(redirects_stay_on_the_network),
		TEST(a_wrong_digest_is_refused),
		TEST(a_wrong_size_is_refused),
		TEST(a_full_disk_is_named),
		TEST(an_unknown_key_is_refused),
		TEST(a_wrong_signature_is_refused),
		TEST(only_what_is_signed_is_read),
		TEST(an_index_that_leads_outside_is_refused),
		TEST(without_a_keyring_nothing_is_fetched),
	};

	return cmocka_run_group_tests(tests, group_make, group_remove);
}
