#!/bin/bash
# Kiln on an arm64 host, as far as another one can show it: built with the compiler and against the libraries of a Debian release, it passes
# its unit tests in that release's root for arm64, run by qemu-user, and knows what it is native to. Making the root takes 900 s of CPU
# time, once.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
export KILN_DATA=${KILN_DATA:-$(realpath "$TESTS/..")} KILN_TESTS=$TESTS CMOCKA_MESSAGE_OUTPUT=TAP
top=$(realpath "$TESTS/..")
build=$top/build/arm64
root=kiln-arm64
cross=debian-trixie-cross-arm64

case $(uname -m) in
aarch64) skip "Kiln on an arm64 host" "this is one: all tests run on it anyway"; finish; exit ;;
esac

# What Kiln is built with, by setup's own list, and what its unit tests run.
catalog=$XDG_CONFIG_HOME/kiln/catalog
mkdir -p "$catalog/root"
{
	printf '%s\n' 'description: what Kiln is built and tested with' 'arch: arm64' 'base: debian' 'suite: trixie' 'packages:'
	printf '  - %s\n' $("$top/scripts/setup" --list build) libcmocka-dev xz-utils zstd gpg gpg-agent gpgv sqlite3 procps \
		file cpio bc flex bison perl
	echo 'prefix: aarch64-linux-gnu-'
} >"$catalog/root/$root.yaml"
run 0 "the cross compiler of the release" nice "$KILN" root make $cross
run 0 "a root with what Kiln is built with" nice "$KILN" root make $root
tree=$KILN_HOME/roots/$(tail -n 1 "$WORK/out")/tree

# Meson is told to cross-compile, as for anything else. The compiler runs in its own root, and what it has built in the other.
cat >"$WORK/cross.txt" <<END
[constants]
kiln = ['$KILN', 'exec', '--home', '$KILN_HOME', '--bind', '$top', '--bind', '$tree']
cross = kiln + ['--root', '$cross', '--']
[binaries]
c = cross + ['aarch64-linux-gnu-gcc']
ar = cross + ['aarch64-linux-gnu-ar']
strip = cross + ['aarch64-linux-gnu-strip']
pkgconfig = 'pkg-config'
exe_wrapper = kiln + ['--root', '$root', '--']
[properties]
sys_root = '$tree'
pkg_config_libdir = '$tree/usr/lib/aarch64-linux-gnu/pkgconfig:$tree/usr/share/pkgconfig'
[built-in options]
c_args = ['--sysroot=$tree']
c_link_args = ['--sysroot=$tree']
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END
rm -rf "$build"
run 0 "configured for arm64" meson setup "$build" "$top" --cross-file "$WORK/cross.txt"
units=$(ninja -C "$build" -t targets all | sed -n 's,^\(tests/unit/test-[a-z_0-9]*\):.*,\1,p')
# shellcheck disable=SC2086
run 0 "compiled" nice ninja -C "$build" all $units
out_lacks "warning:" "without a warning"
cd "$build" || exit 1
arm64() { "$KILN" exec --arch arm64 --root $root --bind "$top" -- "$@"; }

for unit in $units; do
	run 0 "${unit#tests/unit/} on arm64" arm64 "$PWD/$unit"
	echo "# $(grep -E '^(not )?ok ' "$WORK/out" | grep -ciE '# skip') skipped, $(grep -E '^ok ' "$WORK/out" | grep -civE '# skip') passed"
	sed -n 's/^# no /#   no /p' "$WORK/out" "$WORK/err" | sort -u
done

# The program itself, and what it takes for its own architecture. The first sandbox is where qemu-user ends.
run 0 "kiln on arm64" arm64 "$PWD/kiln" catalog show arch arm64
run 2 "a program for x86_64" arm64 "$PWD/kiln" exec --arch x86_64 -- /bin/true
err_has qemu-x86_64-static "is foreign there"
run 2 "one for arm64" arm64 "$PWD/kiln" exec --arch arm64 -- /bin/true
err_has "which only a root has" "needs no emulator"
finish
