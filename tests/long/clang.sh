#!/bin/bash
# Tiny kernels by clang, for every architecture that the kernel supports Debian's clang for, built and booted.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

for tool in clang ld.lld llvm-objcopy llvm-nm llvm-ar qemu-system-x86_64; do
	command -v $tool >/dev/null || { skip "kernels by clang" "$tool is not installed"; finish; exit; }
done
run 0 "the matrix clang" "$KILN" run clang --source "$SOURCE" --json
cp "$WORK/out" "$WORK/run.json"
is "$(json "$WORK/run.json" '[b["build"] for b in j["builds"] if b["verdict"] != "pass"]')" "[]" "each builds"
is "$(json "$WORK/run.json" '[b["board"] for b in j["boots"] if b["verdict"] != "pass"]')" "[]" "and boots"
is "$(json "$WORK/run.json" 'len(j["builds"]) == len(j["boots"]) >= 13')" True "a board for each"
for dir in "$KILN_HOME"/builds/linux-source-6.1-*/*/tiny/clang; do
	grep -q '^CONFIG_CC_IS_CLANG=y' "$dir/config" && grep -q '^CONFIG_LD_IS_LLD=y' "$dir/config"
	ok $? "$(basename "$(dirname "$(dirname "$dir")")"): its config knows clang and lld"
done
run 0 "a console" "$KILN" log x86_64/tiny/clang@x86_64-pc
out_has "clang version" "names the compiler"
finish
