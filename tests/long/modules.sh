#!/bin/bash
# Modules that reach the guest and are loaded there, CPUs that come up, and a machine that starts with Kiln's own firmware.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}
run_modules() { run "$1" "$2" "$KILN" run --arch x86_64 --config tiny-modules --board x86_64-pc --source "$SOURCE" --json "${@:3}"; }

run_modules 0 "a kernel with modules, on four CPUs" --modules --cpus 4
cp "$WORK/out" "$WORK/run.json"
is "$(json "$WORK/run.json" '[(b["board"], b["verdict"], b["cpus"]) for b in j["boots"]]')" \
	"[('x86_64-pc,cpus=4', 'pass', 4)]" "boots, and four come up"
tests=$(json "$WORK/run.json" '[t["name"] + " " + t["result"] for t in j["boots"][0]["tests"]]')
for module in "loop pass" "crc7 pass" "libcrc32c pass" "crypto_hash pass" "test_hexdump pass" "amd-rng skip"; do
	grep -qF "modules/$module" <<<"$tests"
	ok $? "$module"
done
run 0 "the console" "$KILN" log x86_64/tiny-modules/gcc@x86_64-pc,cpus=4
out_has "loop: module loaded" "shows what they said"
run_modules 0 "more CPUs than the config is for" --modules --cpus 17
out_has "NR_CPUS is 16, >=17 is required" "are no match"

run 0 "RISC-V with 32 bits" "$KILN" run --arch riscv32 --config tiny --board riscv32-virt --source "$SOURCE" --json
is "$(json "$WORK/out" '[b["verdict"] for b in j["boots"]]')" "['pass']" "starts with a firmware of Kiln's own"
finish
