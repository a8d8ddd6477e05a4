#!/bin/bash
# A real foreign root, from a mirror that is made here, with a layer of native tools: proved, built in, compared with the cross
# compiler of the same release, booted. The root's tarball is one of Debian's packages, which Kiln itself puts together.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}
export no_proxy=127.0.0.1
debian=debian-trixie-arm64
catalog=$XDG_CONFIG_HOME/kiln/catalog
mkdir -p "$catalog/root" "$catalog/layer"
# The least that builds `tiny`, since each package costs emulated time. A layer is laid over what is there, and adds no names.
printf '%s\n' "inherit: $debian" 'packages: [gcc, libc6-dev, make, bc, flex, bison]' >"$catalog/root/small-arm64.yaml"

case $(uname -m) in
aarch64) skip "a foreign root" "arm64 is this machine's own"; finish; exit ;;
esac

run 0 "a root of Debian's packages for another architecture" "$KILN" root make small-arm64
id=$(tail -n 1 "$WORK/out")
tree=$KILN_HOME/roots/$id/tree
run 0 "its own programs run in it" "$KILN" root run small-arm64 -- gcc -dumpmachine
is "$(cat "$WORK/out")" aarch64-linux-gnu "and are of its architecture"
is "$(find "$tree" ! -user "$(id -u)" | head -n 3)" "" "all of it belongs to whoever made it"
run 0 "what is made once" "$KILN" root make small-arm64
is "$(cat "$WORK/out")" "$id" "is there the next time"

# The same root with a compiler proper that QEMU dies of; its make does no more than compile.
crashing=$debian-crashing
(
	. "$TESTS/byhand.sh"
	arm64_does "$WORK/deadly" "$KILLS_QEMU"
	made $crashing arm64
	rm -rf "$tree" && cp -al "$KILN_HOME/roots/$id/tree" "$tree"
	printf '#!/bin/sh\nexec gcc -c -x c /dev/null -o /dev/null\n' >"$WORK/make" && chmod +x "$WORK/make"
	cp --remove-destination "$WORK/make" "$tree/usr/bin/make"
	for cc1 in "$tree"/usr/lib*/gcc/aarch64-linux-gnu/*/cc1; do cp --remove-destination "$WORK/deadly" "$cc1"; done
)
run 3 "a compiler that QEMU dies of" "$KILN" run --arch arm64 --config tiny --board arm64-virt --toolchain root --root $crashing \
	--source "$SOURCE" --json
is "$(json "$WORK/out" 'j["builds"][0]["verdict"]')" infra "is no failure of the kernel"
is "$(json "$WORK/out" 'j["builds"][0]["reason"]' | grep -c "qemu-user .* crashed")" 1 "but the emulator's"
rm -rf "$KILN_HOME/roots/$crashing-"*

# The same as a tarball that somebody signed.
tar -C "$tree" --exclude ./dev -cf - . | xz -0 -T0 >"$WORK/arm64.tar.xz"
"$TESTS/mirror/make" "$WORK/mirror" arm64 test "$WORK/arm64.tar.xz" >/dev/null 2>&1
ok $? "a mirror is made of it"
python3 "$TESTS/mirror/serve" "$WORK/mirror" "$WORK/port" &
server=$!
trap 'kill $server; chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
until_true 100 test -e "$WORK/port"
cat >"$catalog/root/test-arm64.yaml" <<END
arch: arm64
base: stage3
mirror: http://127.0.0.1:$(cat "$WORK/port")
gentoo: arm64
variant: test
keyring: $WORK/mirror/keyring.gpg
prefix: aarch64-linux-gnu-
prepare:
  - run: [sh, -c, "gcc --version > /etc/prepared"]
END
printf 'inherit: %s\nroot: test-arm64\n' $debian >"$catalog/layer/test-arm64.yaml"

# Of an earlier run of this test: where a mirror is does not say which root it is. The step of the proof need not run again.
rm -rf "$KILN_HOME/proofs" "$KILN_HOME"/roots/test-arm64-* "$KILN_HOME"/layers/test-arm64-*
run 2 "an unproved layer" "$KILN" run --arch arm64 --config tiny --toolchain root-fast --root test-arm64 --source "$SOURCE"
err_has "kiln root verify test-arm64" "is refused, with what proves it"
run 0 "show" "$KILN" root show test-arm64
is "$(json "$WORK/out" 'j["base"]["kind"]')" stage3 "the root came from the mirror"
is "$(cat "$KILN_HOME/roots/$(json "$WORK/out" 'j["id"]')/tree/etc/prepared" | grep -c ^gcc)" 1 "and was prepared by its own programs"

run 0 "the layer compiles as the root does" nice "$KILN" root verify test-arm64 --source "$SOURCE" --json
is "$(json "$WORK/out" 'len(j["files"]) >= 40 and all(f["equal"] for f in j["files"])')" True "in at least 40 files, bit by bit"
is "$(json "$WORK/out" 'len({f["flags"] for f in j["files"]}) >= 3')" True "with several flags"
is "$(json "$WORK/out" 'all(d["allowed"] for d in j["differences"])')" True "and says of itself what the root's says"
is "$(json "$WORK/out" 'j["reference_cpu_seconds"] > 5 * j["cpu_seconds"]')" True "in a fifth of the time at most"

# What the kernel's tree has for user space: compiled by native tools, for the root and its C library.
size=/kiln/src/tools/testing/selftests/size
run 0 "a self-test of the kernel by the layer" "$KILN" root run test-arm64 --fast --source "$SOURCE" --output "$WORK/size" -- \
	make -C $size OUTPUT=/kiln/out ARCH=arm64
run 0 "runs in the root" "$KILN" root run test-arm64 --output "$WORK/size" -- ./get_size
out_has "ok 1 get runtime memory use" "and passes"
run 0 "a program of the root's own C library" "$KILN" root run test-arm64 --fast --output "$WORK/size" -- \
	sh -c "echo '#include <stdio.h>
		int main(void) { return puts(\"made natively\") < 0; }' | gcc -x c - -o program"
run 0 "runs there, too" "$KILN" root run test-arm64 --output "$WORK/size" -- ./program
out_has "made natively" "and says so"

run 0 "tiny by the layer and by the cross compiler" nice "$KILN" run --arch arm64 --config tiny --toolchain root-fast,cross \
	--root test-arm64 --board arm64-virt --source "$SOURCE"
tail -n 12 "$WORK/out" | sed 's/^/# /'
run 0 "show the run" "$KILN" show "$(run_name)" --json
is "$(json "$WORK/out" '[(b["verdict"]) for b in j["boots"]]')" "['pass', 'pass']" "both boot"
fast=$(json "$WORK/out" '[b["build"] for b in j["builds"] if "root-fast" in b["build"]][0]')
cross=$(json "$WORK/out" '[b["build"] for b in j["builds"] if "cross" in b["build"]][0]')
run 0 "compared" "$KILN" compare "$fast" "$cross" --json
is "$(json "$WORK/out" 'j["build_id_equal"]')" True "their build-ids are the same"
is "$(left_over)" "" "nothing is left over"
finish
