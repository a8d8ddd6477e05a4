#!/bin/bash
# Importing sources as people do: kills, full disks, packages, users without rights.
. "$(dirname "$0")/../lib.sh"

# The unit test imports one source when asked to: test-source import HOME SPEC.
IMPORT=${KILN_TEST_SOURCE:-}
for dir in "$(dirname "$KILN")" "$(dirname "$KILN")/.." "$(dirname "$KILN")/../.."; do
	[ -n "$IMPORT" ] || [ ! -x "$dir/tests/unit/test-source" ] || IMPORT=$(realpath "$dir/tests/unit/test-source")
done
if [ -z "$IMPORT" ]; then
	skip "importing sources" "tests/unit/test-source is not built"
	finish
	exit 0
fi
import() { "$IMPORT" import "$KILN_HOME" "$1"; }
field() { sed -n "s/^  \"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$WORK/out"; }

cd "$WORK" || exit 1
mkdir -p linux-9.1/arch/z
printf 'VERSION = 9\nPATCHLEVEL = 1\nSUBLEVEL =\nEXTRAVERSION = -rc2\n' >linux-9.1/Makefile
touch linux-9.1/Kconfig linux-9.1/arch/z/Kconfig
for i in {1..40}; do
	mkdir -p "linux-9.1/drivers/$((i % 10))"
	seq "$i" 4000 >"linux-9.1/drivers/$((i % 10))/$i.c"
done
tar cJf linux-9.1.tar.xz linux-9.1

run 0 "GNU tar's archive is imported" import linux-9.1.tar.xz
is "$(field release)" 9.1-rc2 "the release is read from the Makefile"
is "$(field digest)" "$(sha256sum linux-9.1.tar.xz | cut -c1-64)" "a tarball's digest is that of its file"
tree=$KILN_HOME/sources/$(field id)/tree
diff -r linux-9.1 "$tree" >"$WORK/err"
ok $? "the tree is what tar would unpack"
is "$(find "$tree" -type f -perm /222)" "" "no file of it can be written"

# Killed at many moments: never a source that is none, and the next import works.
bad=0
for delay in 0.001 0.003 0.005 0.01 0.015 0.02 0.03 0.04 0.06 0.08 0.1 0.15; do
	home=$WORK/killed-$delay
	"$IMPORT" import "$home" linux-9.1.tar.xz >/dev/null 2>&1 &
	pid=$!
	sleep "$delay"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	for source in "$home"/sources/*; do
		[ ! -e "$source" ] || diff -r linux-9.1 "$source/tree" >/dev/null || bad=1
	done
	"$IMPORT" import "$home" linux-9.1.tar.xz >/dev/null 2>&1 || bad=1
	diff -r linux-9.1 "$home"/sources/*/tree >/dev/null || bad=1
done
ok $bad "a kill at any moment leaves a whole source or none"

if unshare -rm true 2>/dev/null; then
	mkdir small
	run 3 "a full disk is an error of the machine" unshare -rm sh -c "
		mount -t tmpfs -o size=300k tmpfs small && '$IMPORT' import small linux-9.1.tar.xz; status=\$?
		[ -z \"\$(ls -A small/tmp; ls -A small/sources 2>/dev/null)\" ] || echo left behind; exit \$status"
	err_has "no room for the source linux-9.1.tar.xz" "it names the place and what to do"
	out_lacks "left behind" "nothing is left of it"
	run 3 "a full disk during a copy is one as well" unshare -rm sh -c "
		mount -t tmpfs -o size=300k tmpfs small && '$IMPORT' import small linux-9.1"
	err_has "no room for the source linux-9.1" "it says so too"
	git -c init.defaultBranch=main init -q repo && cp -r linux-9.1/. repo
	run 3 "and while git writes" unshare -rm sh -c "
		mount -t tmpfs -o size=300k tmpfs small && '$IMPORT' import small repo"
	err_has "no room for the source repo" "it says so for git too"
	mkdir usr-src && cp linux-9.1.tar.xz usr-src/linux-source-9.1.tar.xz
	run 0 "an installed package's tarball is used" unshare -rm sh -c "
		mount --bind usr-src /usr/src && '$IMPORT' import '$KILN_HOME' deb:linux-source-9.1"
	is "$(field kind) $(field name)" "deb linux-source-9.1" "it is known by the package's name"
else
	skip "a full disk" "user namespaces are not to be had here"
fi

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir user && chmod 777 user && chmod 755 "$WORK"
	run 0 "an ordinary user imports" setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent \
		"$IMPORT" import "$WORK/user/home" "$WORK/linux-9.1.tar.xz"
	run 0 "and removes the source by plain rm" setpriv --reuid=65534 --regid=65534 --clear-groups rm -rf "$WORK/user/home"
	run 3 "a home that cannot be written is said" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$IMPORT" import "$WORK/home" "$WORK/linux-9.1"
	err_has "$WORK/home" "by name"
else
	skip "an ordinary user" "this is one"
fi

# A package archive on this machine, and the real apt with a configuration of its own.
if command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null; then
	mkdir -p pkg/DEBIAN pkg/usr/src archive apt/state/lists/partial apt/cache/archives/partial apt/etc
	cp linux-9.1.tar.xz pkg/usr/src/linux-source-9.9.tar.xz
	make_deb() {
		printf 'Package: linux-source-9.9\nVersion: %s\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n' \
			"$1" >pkg/DEBIAN/control
		dpkg-deb -b pkg "archive/linux-source-9.9_$1_all.deb" >/dev/null
	}
	index() {
		: >archive/Packages
		for deb in archive/*.deb; do
			dpkg-deb -f "$deb" | cat
			printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" "$(stat -c %s "$deb")" \
				"$(sha256sum "$deb" | cut -c1-64)"
		done >archive/Packages
		apt-get -qq update >"$WORK/err" 2>&1
	}
	echo "deb [trusted=yes] file:$WORK/archive ./" >apt/etc/sources.list
	touch apt/state/status
	cat >apt.conf <<-EOF
		Dir::Etc "$WORK/apt/etc"; Dir::Etc::sourcelist "$WORK/apt/etc/sources.list"; Dir::Etc::sourceparts "-";
		Dir::State "$WORK/apt/state"; Dir::State::status "$WORK/apt/state/status"; Dir::Cache "$WORK/apt/cache";
		APT::Sandbox::User "root";
	EOF
	export APT_CONFIG=$WORK/apt.conf
	make_deb 9.9-1 && index
	run 0 "a package is downloaded by apt" import deb:linux-source-9.9
	is "$(field kind)" deb "its kind is deb"
	out_has '"version": "9.9-1"' "its version is recorded"
	diff -r linux-9.1 "$KILN_HOME/sources/$(field id)/tree" >"$WORK/err"
	ok $? "its tree is that of the tarball in it"
	mv archive/linux-source-9.9_9.9-1_all.deb away.deb
	run 0 "the same version is not downloaded again" import deb:linux-source-9.9
	cp away.deb archive/linux-source-9.9_9.9-1_all.deb
	echo 'int x;' >linux-9.1/new.c && tar cJf pkg/usr/src/linux-source-9.9.tar.xz linux-9.1
	make_deb 9.9-2 && index
	run 0 "a newer one is" import deb:linux-source-9.9
	[ -e "$KILN_HOME/sources/$(field id)/tree/new.c" ]
	ok $? "with what is new in it"
	rm pkg/usr/src/*.tar.xz && make_deb 9.9-3 && index
	run 2 "a package without a tarball is refused" import deb:linux-source-9.9
	err_has "apt-cache depends linux-source-9.9" "with a way to the right one"
	make_deb 9.9-4 && index && echo x >>archive/linux-source-9.9_9.9-4_all.deb
	run 3 "a package that is not what the index says is refused" import deb:linux-source-9.9
	run 2 "an unknown package is refused" import deb:linux-source-1.0
	err_has "apt-get update" "with what to do"
	is "$(ls "$KILN_HOME/tmp")" "" "nothing is left in the home's tmp"
else
	skip "packages" "apt and dpkg-deb are not here"
fi
finish
