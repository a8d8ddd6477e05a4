# A root out of a stage3, from a mirror that is made here: fetched, verified, unpacked, prepared, entered.
. "$(dirname "$0")/../lib.sh"
case $(uname -m) in
x86_64) arch=x86_64 ;;
aarch64) arch=arm64 ;;
*) skip "a root of the host's own architecture" "the test does not know $(uname -m)"; downloads() { ls "$KILN_HOME/cache/download" | wc -l; }
echo half >"$KILN_HOME/cache/download/0123456789abcdef-other.tar.xz.part"
echo other >"$KILN_HOME/cache/download/fedcba9876543210-other.tar.xz"
run 0 "gc removes downloads" "$KILN" root gc
out_has ", 2 downloads" "and counts them"
is "$(downloads)" 1 "but that of a root"
rm "$KILN_HOME"/roots/recipe/*
run 0 "which goes with the root" "$KILN" root gc
is "$(downloads)" 0 "the next time"
finish; exit ;;
esac

# A root of the host's own programs: what needs no emulation is quick.
top=$WORK/stage3
mkdir -p "$top"/{bin,etc,proc,dev,tmp,usr/share,var/cache}
for program in sh cat mkdir; do
	path=$(command -v $program)
	cp -L "$path" "$top/bin/$program"
	for library in $(ldd "$path" | grep -o '/[^ )]*'); do
		mkdir -p "$top$(dirname "$library")"
		cp -Ln "$library" "$top$library"
	done
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$top/etc/passwd"
echo 'root:x:0:' >"$top/etc/group"
echo 'from the stage3' >"$top/usr/share/word"
mkdir -m 555 "$top/closed"
ln -s ../run/resolve/stub-resolv.conf "$top/etc/resolv.conf"
tar -C "$top" -cJf "$WORK/root.tar.xz" .
mirror=$WORK/mirror
"$TESTS/mirror/make" "$mirror" "$arch" plain "$WORK/root.tar.xz" >/dev/null 2>&1
ok $? "a mirror is made"
serve() {
	python3 "$TESTS/mirror/serve" "$mirror" "$WORK/port" &
	server=$!
	trap 'kill $server; chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
	until_true 100 test -e "$WORK/port"
	url=http://127.0.0.1:$(cat "$WORK/port")
}
serve
export no_proxy=127.0.0.1

catalog=$XDG_CONFIG_HOME/kiln/catalog
mkdir -p "$catalog/root" "$XDG_CONFIG_HOME/kiln/keyring"
cat >"$catalog/root/plain.yaml" <<END
arch: $arch
base: stage3
mirror: $url
gentoo: $arch
variant: plain
keyring: test-release.gpg
keyring_from: https://example.org/keys has the keys
prepare:
  - run: [sh, -c, "echo prepared > /etc/prepared; cat /etc/resolv.conf > /etc/resolved; echo again >> /var/cache/packages/log"]
cache: [/var/cache/packages]
unproved: true
END
kept() { ls "$KILN_HOME"/cache/download 2>/dev/null; ls -d "$KILN_HOME"/roots/plain-* 2>/dev/null; left_over; }

run 0 "a recipe that nobody proved" "$KILN" root list plain
out_has unproved "says so"
run 2 "without a keyring nothing is made" "$KILN" root make plain
err_has "$XDG_CONFIG_HOME/kiln/keyring/test-release.gpg is not there" "the place of the keyring is named"
err_has "https://example.org/keys has the keys" "and where to get it"
cp "$mirror/keyring.gpg" "$XDG_CONFIG_HOME/kiln/keyring/test-release.gpg"

mkdir -p "$WORK/bin" && ln -s /usr/bin/* "$WORK/bin" && rm "$WORK/bin/gpgv"
run 2 "without gpgv nothing is made" env PATH="$WORK/bin" "$KILN" root make plain
err_has "apt-get install gpgv" "and the package is named"

# refused STATUS NAME TEXT: making it fails so, and nothing is kept.
refused() {
	run "$1" "$2: refused" "$KILN" root make plain
	err_has "$3" "$2: named"
	is "$(kept)" "" "$2: nothing is kept"
}
SIGNER=other "$TESTS/mirror/make" "$mirror" "$arch" plain "$WORK/root.tar.xz" >/dev/null 2>&1
refused 2 "an unknown key" "which is not in the keyring"
mkdir -p "$WORK/evil" && echo x >"$WORK/evil/file"
tar -C "$WORK/evil" --transform 's,^file,../evil,' -cPJf "$WORK/evil.tar.xz" file
"$TESTS/mirror/make" "$mirror" "$arch" plain "$WORK/evil.tar.xz" >/dev/null 2>&1
run 2 "an archive that writes outside: refused" "$KILN" root make plain
err_has '"../evil" leads out of the archive' "its entry is named"
is "$(ls -d "$KILN_HOME"/roots/plain-* 2>/dev/null; left_over)" "" "nothing of it is kept"
rm -rf "$KILN_HOME"
echo "../../x/stage3-plain-20261101T170310Z.tar.xz 5" >"$mirror/releases/$arch/autobuilds/latest-stage3-plain.txt"
refused 2 "an index that names a path outside" "outside of the mirror's folder"
"$TESTS/mirror/make" "$mirror" "$arch" plain "$WORK/root.tar.xz" >/dev/null 2>&1
echo ".tar.xz flip 1000" >"$mirror/.faults"
refused 3 "a wrong digest" "is not what its digest says"
echo ".tar.xz cut 100000 1" >"$mirror/.faults"

run 0 "a download that was cut goes on, and the root is made" "$KILN" root make plain --json
is "$(json "$WORK/out" '[j["base"]["kind"], j["base"]["date"], j["base"]["index_signed"], len(j["base"]["signer"])]')" \
	"['stage3', '20261101T170310Z', True, 40]" "its record says what it was made from, and who signed it"
grep -q " 100000 206" "$mirror/.requests"
ok $? "by a range"
run 0 "its programs run" "$KILN" root run plain -- /bin/cat /usr/share/word /etc/prepared
out_has "from the stage3" "with the stage3's files"
out_has "prepared" "and the preparation's"
cmp -s "$KILN_HOME"/roots/plain-*/tree/etc/resolved /etc/resolv.conf
ok $? "what prepared it saw the host's resolv.conf, which was a link to nowhere"
is "$(readlink "$KILN_HOME"/roots/plain-*/tree/etc/resolv.conf)" ../run/resolve/stub-resolv.conf "and is one still"
run 0 "with the network" "$KILN" root run plain --network -- /bin/cat /etc/resolv.conf
cmp -s "$WORK/out" /etc/resolv.conf
ok $? "it is there, too"
run 1 "without" "$KILN" root run plain -- /bin/cat /etc/resolv.conf
run 0 "it is not made again" "$KILN" root make plain
is "$(cat "$KILN_HOME"/cache/root/plain/var/cache/packages/log | wc -l)" 1 "for nothing is prepared again"
fetched=$(grep -c "tar.xz [0-9]* 20" "$mirror/.requests")
run 0 "but when asked for" "$KILN" root make plain --anew
is "$(cat "$KILN_HOME"/cache/root/plain/var/cache/packages/log | wc -l)" 2 "with the cache of the first time"
is "$(grep -c "tar.xz [0-9]* 20" "$mirror/.requests")" "$fetched" "and the tarball of the first time"
finish
