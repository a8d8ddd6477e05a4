/* An apt configuration of our own, for packages of a suite that the host's sources do not have: the host's mirror and
 * keys, another suite, its own lists. Nothing of the host's apt is changed, and no privilege is needed. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { LISTS_KEEP_S = 24 * 3600 };

/* The suite of apt's package/suite: letters, digits, - and . */
static int suite_check(const char *suite, struct err *err)
{
	size_t n = strspn(suite, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	if (!n || suite[n] || strchr("-.", *suite))
		return err_user(err,
				"\"%s\" is no name of a suite: deb:PACKAGE/SUITE is wanted, such as "
				"deb:linux-source-6.12/testing",
				suite);
	return 0;
}

/* The mirror of the host's own release: the first that apt knows whose release has no addition to its name, as those
 * for updates and security have. */
int source_apt_mirror(char **mirror, struct err *err)
{
	const char *argv[] = { "apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages",
			       NULL };
	autobuf struct buf out = { 0 };
	struct view rest;

	if (proc_run(&(struct proc){ .argv = argv }, &out, err) < 0)
		return -1;
	rest = (struct view){ out.data ? out.data : "", out.n };
	while (rest.p) {
		struct view codename = view_cut(&rest, '\n'), uri = view_cut(&codename, ' ');

		if (!codename.n || memchr(codename.p, '-', codename.n) || memchr(uri.p, '"', uri.n))
			continue;
		*mirror = mem_strndup(uri.p, uri.n);
		return 0;
	}
	return err_user(err, "apt has no mirror of a release here; run \"apt-get update\" as root");
}

static int configuration_write(const char *dir, const char *suite, struct err *err)
{
	autofree char *mirror = NULL, *sources = fs_join(dir, "sources.list"), *config = fs_join(dir, "apt.conf");
	autobuf struct buf list = { 0 }, text = { 0 };

	if (source_apt_mirror(&mirror, err) < 0)
		return -1;
	buf_printf(&list, "deb %s %s main\n", mirror, suite);
	buf_printf(
		&text,
		"Dir::Etc::SourceList \"%s\";\nDir::Etc::SourceParts \"/dev/null\";\n"
		"Dir::State::Lists \"%s/lists\";\nDir::Cache \"%s/cache\";\n"
		"Acquire::Languages \"none\";\nAcquire::IndexTargets::deb::Contents-deb::DefaultEnabled \"false\";\n",
		sources, dir, dir);
	if (geteuid() == 0) /* apt's own user could not write here */
		buf_adds(&text, "APT::Sandbox::User \"root\";\n");
	if (fs_write(AT_FDCWD, sources, list.data, list.n, 0644, err) < 0)
		return -1;
	return fs_write(AT_FDCWD, config, text.data, text.n, 0644, err);
}

/* Whether the lists were fetched within the last day. */
static bool lists_fresh(const char *stamp)
{
	struct stat st;

	return stat(stamp, &st) == 0 && time(NULL) - st.st_mtime < LISTS_KEEP_S;
}

static int lists_fetch(struct import *im, const char *config, const char *suite, const char *stamp, struct err *err)
{
	const char *argv[] = { "apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update", NULL };
	autofree char *env = mem_printf("APT_CONFIG=%s", config), *what = mem_printf("reading what %s has", suite);
	const char *envs[] = { env, "LC_ALL=C", NULL };

	import_tell(im, what, 0);
	if (proc_run(&(struct proc){ .argv = argv, .env = envs }, NULL, err) < 0)
		return err_wrap(err, "the packages of %s", suite);
	return fs_write(AT_FDCWD, stamp, "", 0, 0644, err);
}

int apt_suite(struct import *im, const char *suite, char **config, struct err *err)
{
	autofree char *dir = mem_printf("%s/cache/apt/%s", im->home, suite), *lists = fs_join(dir, "lists/partial");
	autofree char *cache = fs_join(dir, "cache/archives/partial"), *stamp = fs_join(dir, "stamp");
	autofree char *file = fs_join(dir, "apt.conf"), *lock = mem_printf("%s.lock", dir), *apt = fs_which("apt-get");
	autoclose int fd = -1;

	if (suite_check(suite, err) < 0)
		return -1;
	if (!apt)
		return err_user(err, "apt is not on this machine; give a tarball or a directory");
	if (fs_mkdirs(AT_FDCWD, lists, 0755, err) < 0 || fs_mkdirs(AT_FDCWD, cache, 0755, err) < 0 ||
	    fs_lock(AT_FDCWD, lock, true, &fd, err) < 0)
		return -1;
	if (!lists_fresh(stamp) &&
	    (configuration_write(dir, suite, err) < 0 || lists_fetch(im, file, suite, stamp, err) < 0))
		return -1;
	*config = steal(&file);
	return 0;
}
