# A root out of Debian packages, by mmdebstrap, from a mirror that is made here: a little system of the host's own programs in one
# package, and another package beside it. Nothing of it is fetched from anywhere.
. "$(dirname "$0")/../lib.sh"
command -v mmdebstrap >/dev/null || { skip "a root out of packages" "mmdebstrap is not there"; finish; exit; }
arch=$(dpkg --print-architecture)
kiln_arch=$(uname -m | sed s/aarch64/arm64/)

# package NAME [FIELD...] <TREE: the tree below $WORK/NAME becomes a package.
package() {
	local name=$1
	shift
	mkdir -p "$WORK/$name/DEBIAN"
	printf '%s\n' "Package: $name" 'Version: 1' "Architecture: $arch" 'Maintainer: Nobody <nobody@example.org>' "$@" \
		'Description: for a test' >"$WORK/$name/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$WORK/$name" "$WORK/$name.deb" >/dev/null || echo "# $name.deb is not made"
}
top=$WORK/system
mkdir -p "$top"/{usr/bin,usr/sbin,usr/lib,usr/lib64,etc,var/lib/dpkg,proc,sys,tmp,var/tmp,root}
ln -s usr/bin "$top/bin"; ln -s usr/sbin "$top/sbin"; ln -s usr/lib "$top/lib"; ln -s usr/lib64 "$top/lib64"
for program in sh dash cat env rm tar diff dpkg dpkg-deb dpkg-split dpkg-query start-stop-daemon ldconfig mkdir chmod true; do
	path=$(type -P $program || echo "/sbin/$program")
	[ "$program" != sh ] || path=$(type -P dash)
	cp -L "$path" "$top/usr/bin/$program"
	for library in $(ldd "$path" 2>/dev/null | grep -o '/[^ )]*'); do
		mkdir -p "$top/usr$(dirname "${library#/usr}")"
		cp -Ln "$library" "$top/usr${library#/usr}" 2>/dev/null
	done
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$top/etc/passwd"
echo 'root:x:0:' >"$top/etc/group"
package system 'Essential: yes' 'Priority: required'
mkdir -p "$WORK/word/usr/share/doc/word" "$WORK/word/DEBIAN"
echo 'from a package' >"$WORK/word/usr/share/word"
echo 'not wanted' >"$WORK/word/usr/share/doc/word/README"
printf '#!/bin/sh\nset -e\necho configured >/etc/word\n' >"$WORK/word/DEBIAN/postinst"
chmod 755 "$WORK/word/DEBIAN/postinst"
package word 'Depends: system'
mirror=$WORK/mirror
make_mirror() { "$TESTS/mirror/debian" "$mirror" little "$arch" "$WORK/system.deb" "$@" >"$WORK/made" 2>&1 || sed 's/^/# /' "$WORK/made"; }
make_mirror "$WORK/word.deb"
python3 "$TESTS/mirror/serve" "$mirror" "$WORK/port" &
server=$!
trap 'kill $server 2>/dev/null; chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
until_true 100 test -e "$WORK/port"
url=http://127.0.0.1:$(cat "$WORK/port")
export no_proxy=127.0.0.1

catalog=$XDG_CONFIG_HOME/kiln/catalog
mkdir -p "$catalog/root" "$XDG_CONFIG_HOME/kiln/keyring"
recipe() { # NAME PACKAGE LINE...
	local name=$1 wanted=$2
	shift 2
	printf '%s\n' "arch: $kiln_arch" 'base: debian' 'suite: little' "packages: [$wanted]" "mirror: $url" 'unproved: true' "$@" \
		>"$catalog/root/$name.yaml"
}
recipe little word 'keyring: test-packages.gpg' 'keyring_from: https://example.org/keys has the keys'
recipe strange word
recipe wanting nothing 'keyring: test-packages.gpg'
kept() { ls -d "$KILN_HOME"/roots/{little,strange,wanting}-* 2>/dev/null; left_over; }
# refused STATUS NAME RECIPE TEXT [OPTION...]: making it fails so, and nothing is kept.
refused() {
	local status=$1 name=$2 recipe=$3 text=$4
	shift 4
	run "$status" "$name: refused" "$KILN" root make "$recipe" "$@"
	err_has "$text" "$name: named"
	is "$(kept)" "" "$name: nothing is kept"
}

refused 2 "a keyring that is not there" little "test-packages.gpg is not there"
err_has "https://example.org/keys has the keys" "and where to get it is said"
cp "$mirror/keyring.gpg" "$XDG_CONFIG_HOME/kiln/keyring/test-packages.gpg"
refused 2 "a mirror whose key the host's apt does not have" strange "NO_PUBKEY"
refused 2 "a package that the mirror lacks" wanting "Unable to locate package nothing"
refused 2 "a mirror that is gone" little "Connection refused" --mirror http://127.0.0.1:9/debian
run 2 "with an unknown key" "$KILN" root make strange
err_has "name a file that does as the recipe's keyring" "what to do is said"
SIGNER=other make_mirror "$WORK/word.deb"
refused 2 "an unknown key" little "NO_PUBKEY"
PLAIN=1 make_mirror "$WORK/word.deb"
refused 2 "an index that nobody signed" little "is not signed"
make_mirror "$WORK/word.deb"
cp "$mirror/dists/little/InRelease" "$WORK/InRelease"
sed -i 's/^Origin: Test/Origin: Text/' "$mirror/dists/little/InRelease"
refused 2 "an index that was changed behind its signature" little "BADSIG"
cp "$WORK/InRelease" "$mirror/dists/little/InRelease"
echo "/Packages flip 10" >"$mirror/.faults"
refused 2 "packages that are not those of the index" little "Hash Sum mismatch"
echo "word.deb flip 1000" >"$mirror/.faults"
refused 2 "a package with a byte that is another" little "Hash Sum mismatch"
rm "$mirror/.faults"

run 0 "a root of this mirror" "$KILN" root make little --json
id=$(json "$WORK/out" 'j["id"]')
is "$(json "$WORK/out" '[j["base"]["kind"], j["base"]["suite"], j["base"]["verified"]]')" \
	"['debian', 'little', \"by apt, against the recipe's keyring\"]" "its record says what it was made from, and who vouched for it"
tree=$KILN_HOME/roots/$id/tree
is "$(cat "$tree/usr/share/word" "$tree/etc/word" 2>&1)" $'from a package\nconfigured' "its packages are unpacked and configured"
[ ! -e "$tree/usr/share/doc/word/README" ]
ok $? "without documentation"
run 0 "its programs run" "$KILN" root run little -- dpkg-query -W -f '${Package} ${Status}\n'
out_has "word install ok installed" "and know their packages"
is "$(kept)" "$KILN_HOME/roots/$id" "and that is all that is kept"
cp -R "$TESTS/fake-kernel" "$WORK/linux"
run 0 "it is not made again" "$KILN" root make little --mirror http://127.0.0.1:9/gone
is "$(cat "$WORK/out")" "$id" "while its recipe is the same"
if unshare -Urm true 2>/dev/null; then
	rm -rf "$KILN_HOME"
	run 3 "a disk that gets full" unshare -Urm sh -c \
		'mkdir -p "$KILN_HOME" && mount -t tmpfs -o size=12m none "$KILN_HOME" && exec "$0" root make little' "$KILN"
	err_has "the disk is full; make room" "is named"
else
	skip "a disk that gets full" "unshare cannot make a user namespace"
fi
finish
