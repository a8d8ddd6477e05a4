/* deb:PACKAGE[/SUITE]: a kernel source that comes as a Debian package holding /usr/src/PACKAGE.tar.*. Taken from the
 * installed package when it is there and no suite is given, else downloaded by apt, which verifies it against the
 * signed index. */
#define _GNU_SOURCE
#include "source/internal.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/proc.h"
#include "source/tarball.h"
#include "unpack/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int package_check(const char *package, struct err *err)
{
	size_t n = strspn(package, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	/* Debian Policy 5.6.7 */
	if (n < 2 || package[n] || strchr("+-.", *package))
		return err_user(err,
				"deb:%s: is no package name; one is deb:linux-source-6.1, \"apt-cache search "
				"linux-source\" lists them",
				package);
	return 0;
}

static int run(const struct import *im, const char *dir, const char *const *argv, struct buf *out, struct err *err)
{
	autofree char *config = im->apt_config ? mem_printf("APT_CONFIG=%s", im->apt_config) : NULL;
	const char *const env[] = { "LC_ALL=C", config, NULL };
	struct proc proc = { .argv = argv, .dir = dir, .env = env };

	return proc_run(&proc, out, err);
}

static void set_package(json_t *facts, const char *package, struct view version, const char *verified)
{
	json_t *info = json_pack("{s:s, s:s}", "name", package, "verified", verified);

	json_object_set_new(info, "version", json_text(view_trim(version)));
	json_object_set_new(facts, "package", info);
}

static char *installed_tarball(const char *package)
{
	for (const char *const *end = unpack_deb_ends; *end; end++) {
		char *path = mem_printf("/usr/src/%s%s", package, *end);

		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int import_installed(struct import *im, const char *package, const char *tarball, json_t *facts, json_t **record,
			    struct err *err)
{
	const char *argv[] = { "dpkg-query", "-W", "-f", "${Version}", package, NULL };
	autobuf struct buf version = { 0 };
	struct err ignored = { 0 };

	if (tarball_identify(im, tarball, facts, err) < 0)
		return -1;
	*record = import_find(im, facts);
	if (*record)
		return 0;
	if (run(im, NULL, argv, &version, &ignored) < 0)
		buf_clear(&version);
	set_package(facts, package, (struct view){ version.data, version.n }, "installed");
	return tarball_unpack(im, tarball, facts, record, err);
}

/* What a download gave, so that it is not done again for the same version. */
static char *cache_path(const struct import *im, const char *package)
{
	return mem_printf("%s/cache/deb/%s%s%s.json", im->home, package, im->apt_suite ? "@" : "",
			  im->apt_suite ? im->apt_suite : "");
}

/* Changes with apt-get update; "" when another configuration is in use, which is then asked each time. */
static char *lists_stamp(const struct import *im)
{
	autofree char *own = mem_printf("%s/cache/apt/%s/lists", im->home, im->apt_suite ? im->apt_suite : "");
	struct stat st;

	if ((!im->apt_suite && getenv("APT_CONFIG")) || stat(im->apt_suite ? own : "/var/lib/apt/lists", &st) < 0)
		return mem_strdup("");
	return mem_printf("%lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* The source that an earlier download of this version gave; version is NULL for whatever the
 * unchanged package lists offer. */
static json_t *find_downloaded(const struct import *im, const char *package, const char *version, json_t *facts)
{
	autofree char *path = cache_path(im, package), *lists = lists_stamp(im);
	autojson json_t *kept = NULL;
	struct err ignored = { 0 };
	const char *digest;

	if (access(path, R_OK) < 0 || json_read(AT_FDCWD, path, &kept, &ignored) < 0)
		return NULL;
	digest = json_str_or(kept, "digest", "");
	if (strlen(digest) != HASH_HEX - 1)
		return NULL;
	if (version ? strcmp(json_str_or(kept, "version", ""), version) != 0
		    : !*lists || strcmp(json_str_or(kept, "lists", ""), lists) != 0)
		return NULL;
	facts_digest(facts, digest);
	return import_find(im, facts);
}

static void remember_download(const struct import *im, const char *package, const char *version, const json_t *record)
{
	autofree char *path = cache_path(im, package), *dir = fs_join(im->home, "cache/deb"), *lists = lists_stamp(im);
	autojson json_t *kept = json_pack("{s:s, s:s, s:s}", "version", version, "lists", lists, "digest",
					  json_str_or(record, "digest", ""));
	struct err ignored = { 0 };

	if (kept && fs_mkdirs(AT_FDCWD, dir, 0755, &ignored) == 0)
		json_write(AT_FDCWD, path, kept, &ignored);
}

/* The value of the first line "KEY: value" of what apt prints, with any indent; NULL when there is none. */
static char *apt_value(const struct buf *text, const char *key)
{
	struct view rest = { text->data, text->n };

	while (rest.p) {
		struct view value = view_cut(&rest, '\n');
		struct view name = view_trim(view_cut(&value, ':'));

		if (value.p && view_is(name, key)) {
			value = view_trim(value);
			return mem_strndup(value.p, value.n);
		}
	}
	return NULL;
}

static int candidate(const struct import *im, const char *package, char **version, struct err *err)
{
	const char *argv[] = { "apt-cache", "policy", package, NULL };
	autofree char *apt = fs_which("apt-cache"), *got = NULL;
	autobuf struct buf out = { 0 };

	if (!apt)
		return err_user(err, "deb:%s: apt is not on this machine; give a tarball or a directory", package);
	if (run(im, NULL, argv, &out, err) < 0)
		return err_wrap(err, "deb:%s", package);
	got = apt_value(&out, "Candidate");
	if (!got || strcmp(got, "(none)") == 0)
		return err_user(err,
				"deb:%s: apt knows no such package; run \"apt-get update\" as root, \"apt-cache "
				"search linux-source\" lists what there is",
				package);
	*version = steal(&got);
	return 0;
}

/* The .deb that apt left in dir. */
static int find_deb(const char *dir, char **path, struct err *err)
{
	autoclosedir DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (str_ends(e->d_name, ".deb")) {
			*path = fs_join(dir, e->d_name);
			return 0;
		}
	return err_infra(err, d ? 0 : errno, "%s: apt-get download left no package here", dir);
}

/* apt verified it already; this says so in the record by a check of our own against apt's index. */
static int check_digest(const struct import *im, const char *package, const char *pinned, const char *deb,
			struct err *err)
{
	const char *argv[] = { "apt-cache", "show", pinned, NULL };
	autofree char *want = NULL;
	autobuf struct buf out = { 0 };
	char got[HASH_HEX];

	if (run(im, NULL, argv, &out, err) < 0 || hash_file(deb, got, err) < 0)
		return err_wrap(err, "deb:%s", package);
	want = apt_value(&out, "SHA256");
	if (!want || strcmp(want, got) != 0)
		return err_infra(err, 0,
				 "deb:%s: what was downloaded has the SHA-256 %.16s..., apt's index says %.16s...; "
				 "run \"apt-get update\" as root and try again",
				 package, got, want ? want : "nothing");
	return 0;
}

static int download(struct import *im, const char *package, const char *pinned, char **deb, struct err *err)
{
	const char *argv[] = {
		"apt-get", "-q", "-o", "APT::Get::AllowUnauthenticated=false", "download", pinned, NULL
	};
	autofree char *dir = fs_join(im->work, "deb"), *what = mem_printf("downloading %s", pinned);

	if (mkdir(dir, 0755) < 0)
		return err_infra(err, errno, "%s", dir);
	import_tell(im, what, 0);
	if (run(im, dir, argv, NULL, err) < 0)
		return err_wrap(err, "deb:%s: cannot be downloaded", package);
	if (find_deb(dir, deb, err) < 0)
		return -1;
	return check_digest(im, package, pinned, *deb, err);
}

static int take_tarball(struct import *im, const char *deb, const char *package, char **tarball, struct err *err)
{
	import_tell(im, "taking the tarball out of the package", 0);
	return unpack_deb(deb, package, im->work, tarball, err) < 0 ? err_wrap(err, "deb:%s", package) : 0;
}

static int import_download(struct import *im, const char *package, const char *version, json_t *facts, json_t **record,
			   struct err *err)
{
	autofree char *lock = mem_printf("deb-%s", package), *pinned = mem_printf("%s=%s", package, version);
	autofree char *deb = NULL, *tarball = NULL;

	if (import_lock(im, lock, err) < 0)
		return -1;
	*record = find_downloaded(im, package, version, facts);
	if (*record)
		return 0;
	if (import_work(im, err) < 0 || download(im, package, pinned, &deb, err) < 0 ||
	    take_tarball(im, deb, package, &tarball, err) < 0)
		return -1;
	unlink(deb);
	set_package(facts, package, view_of(version), "apt, SHA-256 as in its signed index");
	if (tarball_unpack(im, tarball, facts, record, err) < 0)
		return -1;
	remember_download(im, package, version, *record);
	return 0;
}

static int package_import(struct import *im, const char *package, json_t **record, struct err *err)
{
	autofree char *installed = NULL, *version = NULL;
	autojson json_t *facts = NULL;
	json_t *got = NULL;
	int status = 0;

	if (package_check(package, err) < 0)
		return -1;
	if (im->apt_suite && apt_suite(im, im->apt_suite, &im->apt_config, err) < 0)
		return err_wrap(err, "deb:%s/%s", package, im->apt_suite);
	facts = facts_new(im, "deb", package);
	installed = im->apt_suite ? NULL : installed_tarball(package);
	if (installed) {
		status = import_installed(im, package, installed, facts, &got, err);
	} else if (!(got = find_downloaded(im, package, NULL, facts))) {
		status = candidate(im, package, &version, err);
		if (status == 0)
			status = import_download(im, package, version, facts, &got, err);
	}
	if (status == 0)
		*record = got;
	return status;
}

int deb_import(struct import *im, const char *spec, json_t **record, struct err *err)
{
	const char *slash = strchr(spec, '/');
	autofree char *package = slash ? mem_strndup(spec, (size_t)(slash - spec)) : mem_strdup(spec);
	int status;

	im->apt_suite = slash ? slash + 1 : NULL;
	status = package_import(im, package, record, err);
	free(im->apt_config);
	im->apt_config = NULL;
	return status;
}
