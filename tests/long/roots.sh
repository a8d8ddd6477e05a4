#!/bin/bash
# Every Debian root that has a layer: made, proved, tiny built in it and booted on a board of its architecture. Hours on two cores;
# what was made once is there the next time.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

for root in $("$KILN" catalog list layer --json | jq -r '.[].name' | grep '^debian-'); do
	arch=$("$KILN" catalog show root "$root" --json | jq -r .arch)
	run 0 "the layer of $root compiles as the root does" nice "$KILN" root verify "$root" --source "$SOURCE" --json
	is "$(json "$WORK/out" 'len(j["files"]) >= 40 and all(f["equal"] for f in j["files"])')" True "$root: in 40 files, bit by bit"
	fast=$("$KILN" catalog show root "$root" --json | jq -r '[.compilers[] | if . == "gcc" then "root-fast" else "root-fast-" + . end] | join(",")')
	run 0 "tiny for $arch in $root" nice "$KILN" run --arch "$arch" --config tiny --toolchain "$fast" --root "$root" --source "$SOURCE"
	tail -n 8 "$WORK/out" | sed 's/^/# /'
	run 0 "show the run" "$KILN" show "$(run_name)" --json
	is "$(json "$WORK/out" 'all(b["verdict"] == "pass" for b in j["builds"])')" True "$root: by each of its compilers"
	is "$(json "$WORK/out" 'any(b["verdict"] == "pass" for b in j["boots"])')" True "$root: its kernel boots"
done

# All the way through the emulator, on one architecture.
run 0 "tiny by the root's own compiler, emulated" nice "$KILN" run --arch arm64 --config tiny --toolchain root,root-fast,cross \
	--root debian-trixie-arm64 --board arm64-virt --source "$SOURCE"
run 0 "show the run" "$KILN" show "$(run_name)" --json
is "$(json "$WORK/out" 'len({b["build_id"] for b in j["builds"]})')" 1 "and by its layer and the cross compiler: one build-id"

# LLVM all through, natively and by the cross root's.
run 0 "tiny by clang" nice "$KILN" run --arch arm64 --config tiny --toolchain root-fast-clang,cross-clang --root debian-trixie-arm64-clang \
	--board arm64-virt --source "$SOURCE"
run 0 "show the run" "$KILN" show "$(run_name)" --json
is "$(json "$WORK/out" 'len({b["build_id"] for b in j["builds"]}) == 1 and len(j["builds"]) == 2')" True "by the layer and by the cross root: one build-id"
is "$(json "$WORK/out" 'all(b["verdict"] == "pass" for b in j["boots"])')" True "which boots"
finish
