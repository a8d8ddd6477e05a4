#!/bin/bash
# The same kernel by clang and LLVM's tools, built and booted.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

for tool in clang ld.lld llvm-objcopy llvm-nm llvm-ar qemu-system-x86_64; do
	command -v $tool >/dev/null || { skip "a kernel by clang" "$tool is not installed"; finish; exit; }
done
run 0 "a run with clang" "$KILN" run --arch x86_64 --config tiny --toolchain clang --board x86_64-pc --source "$SOURCE" --json
cp "$WORK/out" "$WORK/run.json"
is "$(json "$WORK/run.json" '[b["verdict"] for b in j["builds"] + j["boots"]]')" "['pass', 'pass']" "builds and boots"
dir=$(echo "$KILN_HOME"/builds/linux-source-6.1-*/x86_64/tiny/clang)
grep -q '^CONFIG_CC_IS_CLANG=y' "$dir/config" && grep -q '^CONFIG_LD_IS_LLD=y' "$dir/config"
ok $? "its config knows clang and lld"
run 0 "its console" "$KILN" log x86_64/tiny/clang@x86_64-pc
out_has "clang version" "names the compiler"
finish
