# Programs that want a newer qemu-user than there is, and a qemu-user that dies: named as such wherever they are met. All of it is
# real, but for the words of a C library that finds the kernel too old.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../byhand.sh"
case $(uname -m) in
aarch64) skip "an emulated program" "arm64 is this machine's own"; finish; exit ;;
esac
version=$(qemu-aarch64-static --version | sed -n 's/.*version \([^ ]*\).*/\1/p')
arm64_does "$WORK/newer" "$NEWER_INSTRUCTION"
arm64_does "$WORK/deadly" "$KILLS_QEMU"
arm64_does "$WORK/old" 'sys_write(2, "FATAL: kernel too old\n", 22);' 'return 127;'
arm64_does "$WORK/fine" 'return sys_write(1, "emulated 1.2\n", 13) != 13;'
if bash -c "qemu-aarch64-static $WORK/newer; exit \$?" 2>/dev/null; then newer=; else newer=1; fi
# wants_newer NAME: the last command said so of this qemu-user.
wants_newer() {
	err_has "needs a newer qemu-user than $version (/" "$1: it is said, with the version that is there"
	err_has "install one" "$1: and what to do"
}

# A program that is run.
cd "$WORK" || exit 1
if [ -n "$newer" ]; then
	run 132 "an instruction that QEMU does not know" bash -c '"$0" exec --arch arm64 -- ./newer; exit $?' "$KILN"
	err_has "it may need a newer qemu-user than qemu-aarch64 version $version" "is explained"
else
	skip "an instruction that QEMU does not know" "$version knows it"
fi
run 139 "a QEMU that dies" bash -c '"$0" exec --arch arm64 -- ./deadly; exit $?' "$KILN"

# The compiler of a root.
cp -R "$TESTS/fake-kernel" "$WORK/linux"
builds_by() { "$KILN" run --arch arm64 --config tiny --board arm64-virt --source "$WORK/linux" --toolchain root --root "$1" --json; }
compilers() { # ROOT COMPILER MAKE
	made "$1" arm64
	cp "$WORK/$2" "$tree/bin/aarch64-linux-gnu-gcc"
	cp "$WORK/fine" "$tree/bin/aarch64-linux-gnu-ld"
	[ -z "${3:-}" ] || cp "$WORK/$3" "$tree/bin/make"
}
compilers elder old
run 3 "a root whose C library finds the kernel too old" builds_by elder
wants_newer "such a root"
err_has "FATAL: kernel too old" "with its own words"
[ -z "$newer" ] || {
	compilers young newer
	run 3 "a compiler of unknown instructions" builds_by young
	wants_newer "such a compiler"
}
compilers mortal deadly
run 3 "a compiler that QEMU dies of" builds_by mortal
err_has "qemu-user $version (" "it is named"
err_has "crashed" "as what crashed"
compilers late fine deadly
run 3 "a make that QEMU dies of" builds_by late
is "$(json "$WORK/out" 'j["builds"][0]["verdict"]')" infra "is no failure of the kernel"
is "$(json "$WORK/out" 'j["builds"][0]["reason"]' | grep -c "make was ended by signal 11 .*: qemu-user $version .* crashed")" 1 "but the emulator's"
run 3 "without --json" "$KILN" run --arch arm64 --config tiny --board arm64-virt --source "$WORK/linux" --toolchain root --root late
is "$(grep -c '^start configure' "$WORK/out")" 3 "it is tried three times"
is "$(find "$KILN_HOME/records" -name "*.json" 2>/dev/null | wc -l)" 0 "and nothing of it is kept"

# A root that is being made.
mkdir -p "$WORK"/{stage3/{bin,etc,proc,dev,tmp},mirror} "$XDG_CONFIG_HOME/kiln/keyring"
cp newer deadly old "$WORK/stage3/bin"
echo 'root:x:0:0:root:/root:/bin/sh' >"$WORK/stage3/etc/passwd"
echo 'root:x:0:' >"$WORK/stage3/etc/group"
tar -C "$WORK/stage3" -cJf "$WORK/root.tar.xz" .
"$TESTS/mirror/make" "$WORK/mirror" arm64 test "$WORK/root.tar.xz" >/dev/null 2>&1
preparing() {
	cat >"$catalog/root/prepared.yaml" <<END
arch: arm64
base: stage3
mirror: file://$WORK/mirror
gentoo: arm64
variant: test
keyring: $WORK/mirror/keyring.gpg
prepare:
  - run: [$1]
END
	"$KILN" root make prepared
}
[ -z "$newer" ] || {
	run 3 "a preparation of unknown instructions" preparing newer
	wants_newer "such a preparation"
}
run 3 "a preparation of a C library that finds the kernel too old" preparing old
wants_newer "such a preparation"
run 3 "a preparation that QEMU dies of" preparing deadly
err_has "preparing prepared: deadly: qemu-user $version (" "is named"
is "$(ls -d "$KILN_HOME"/roots/prepared-* 2>/dev/null; left_over)" "" "nothing of them is kept"
finish
