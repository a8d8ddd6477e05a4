/* A root out of Debian's packages, by mmdebstrap: in a sandbox whose superuser has no one else to give files to, so
 * that neither root nor a range of subordinate ids is needed, and the programs of the new root run by the sandbox's own
 * table. */
#define _GNU_SOURCE
#include "root/private.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define KEYRING "/kiln/keyring"

static void names_join(const struct names *names, char sep, struct buf *out)
{
	for (size_t i = 0; i < names->n; i++) {
		if (i)
			buf_addc(out, sep);
		buf_adds(out, names->data[i]);
	}
}

/* mmdebstrap would mount a devpts whose group it cannot give away here; its programs need no terminals. */
static void devices_bind(struct sandbox *sb)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom" };

	for (size_t i = 0; i < countof(devices); i++) {
		autofree char *inside = mem_printf("/kiln/root%s", devices[i]);

		sandbox_bind_device(sb, devices[i], inside);
	}
}

static struct sandbox *world_new(const struct making *m, const char *keyring)
{
	struct sandbox *sb = sandbox_new();

	sandbox_host_system(sb);
	command_network(sb);
	sandbox_superuser(sb);
	sandbox_allow_nesting(sb);
	sandbox_bind(sb, "/etc/apt", "/etc/apt", SANDBOX_RO);
	if (keyring)
		sandbox_bind(sb, keyring, KEYRING, SANDBOX_RO);
	sandbox_bind(sb, m->tree, "/kiln/root", SANDBOX_RW);
	devices_bind(sb);
	sandbox_dir(sb, "/var/lib/dpkg");
	sandbox_env(sb, "LC_ALL", "C.UTF-8");
	emulator_bind(sb, m->emulator);
	return sb;
}

/* Programs and what they read are all that a build takes: no documentation, no translations. */
static int bootstrap(const struct making *m, const char *mirror, const char *keyring, struct err *err)
{
	autosandbox struct sandbox *sb = world_new(m, keyring);
	autobuf struct buf include = { 0 };
	autofree char *architecture = mem_printf("--architectures=%s", m->arch->debian);
	const char *argv[] = { "mmdebstrap",
			       "--mode=root",
			       "--variant=apt",
			       "--format=directory",
			       architecture,
			       NULL,
			       "--skip=check/qemu,check/empty,chroot/mount/dev",
			       "--aptopt=APT::Sandbox::User \"root\"",
			       "--aptopt=Acquire::Languages \"none\"",
			       "--dpkgopt=force-unsafe-io",
			       "--dpkgopt=path-exclude=/usr/share/doc/*",
			       "--dpkgopt=path-exclude=/usr/share/man/*",
			       "--dpkgopt=path-exclude=/usr/share/info/*",
			       "--dpkgopt=path-exclude=/usr/share/locale/*",
			       m->recipe->suite,
			       "/kiln/root",
			       mirror,
			       keyring ? "--keyring=" KEYRING : NULL,
			       NULL };

	buf_adds(&include, "--include=");
	names_join(&m->recipe->packages, ',', &include);
	argv[5] = include.data;
	return command_run(m, sb, argv, err);
}

int mmdebstrap_make(struct making *m, struct err *err)
{
	autofree char *mirror = NULL, *program = fs_which("mmdebstrap");
	autofree char *keyring = m->recipe->keyring ? keyring_find(m) : NULL;

	if (!m->arch->debian)
		return err_user(err, "%s: Debian has no architecture for %s", m->recipe->name, m->arch->name);
	if (!program)
		return err_user(err, "mmdebstrap is not there; install it with: apt-get install mmdebstrap");
	if (keyring && !fs_exists(AT_FDCWD, keyring))
		return err_user(err, "%s is not there, which says who may sign what %s is made of%s%s", keyring,
				m->recipe->name, m->recipe->keyring_from ? "; " : "",
				m->recipe->keyring_from ? m->recipe->keyring_from : "");
	mirror = mirror_given(m);
	if (!mirror && source_apt_mirror(&mirror, err) < 0)
		return -1;
	making_tell(m, "fetching and unpacking packages of %s for %s from %s", m->recipe->suite, m->arch->debian,
		    mirror);
	if (mkdir(m->tree, 0755) < 0)
		return err_infra(err, errno, "%s", m->tree);
	if (bootstrap(m, mirror, keyring, err) < 0) {
		if (strstr(err->msg, "NO_PUBKEY"))
			err_wrap(
				err,
				"the mirror is signed by a key that is not known here; install the package that has it "
				"(such as debian-archive-keyring), or name a file that does as the recipe's keyring");
		return err_wrap(err, "%s", m->recipe->name);
	}
	m->base = json_pack("{s:s, s:s, s:s, s:s}", "kind", "debian", "suite", m->recipe->suite, "mirror", mirror,
			    "verified",
			    keyring ? "by apt, against the recipe's keyring" : "by apt, against the host's keyrings");
	return 0;
}
