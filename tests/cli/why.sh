#!/bin/bash
# kiln why: which boards a .config can boot, and why not the others.
. "$(dirname "$0")/../lib.sh"

board=$XDG_CONFIG_HOME/kiln/catalog/board
mkdir -p "$board"
cat >"$board/why-board.yaml" <<END
arch: arm64
description: a board of this test
qemu_machine: virt
console: ttyAMA0
ends: {poweroff: true, reboot: true}
limit: 120s
silence: 40s
require:
  - ARM64=y
  - {require: WHY_UART=y, hint: set it with the fragment why}
  - NR_CPUS>=4
prefer:
  - PRINTK=y
END
cp "$board/why-board.yaml" "$board/why-new.yaml"
echo 'kernel: "6.6.."' >>"$board/why-new.yaml"

config() { printf '#\n# Automatically generated file; DO NOT EDIT.\n# Linux/%s 6.1.192 Kernel Configuration\n#\n' "$1"; }
{ config arm64; printf 'CONFIG_%s=y\n' ARM64 WHY_UART PRINTK BLK_DEV_INITRD BINFMT_ELF; echo CONFIG_NR_CPUS=8; } >"$WORK/good"
grep -v INITRD "$WORK/good" >"$WORK/no-initrd"
{ config arm64; printf 'CONFIG_ARM64=y\n# CONFIG_WHY_UART is not set\nCONFIG_NR_CPUS=2\n'; } >"$WORK/poor"
grep -v '^#' "$WORK/good" >"$WORK/headless"
echo 'CONFIG_A=maybe' >"$WORK/broken"

run 0 "a config that fits" "$KILN" why --config "$WORK/good" why-board
is "$(cat "$WORK/out")" "why-board: yes" "says yes and no more"

run 0 "a config that does not fit is no failure of the command" "$KILN" why --config "$WORK/poor" why-board
out_has "why-board: no" "says no"
out_has "WHY_UART is not set, y is required; set it with the fragment why" "says which symbol, and how to get it"
out_has "NR_CPUS is 2, >=4 is required" "says every reason"
out_has "PRINTK is not set, y is preferred" "says what would be better"

run 0 "a board fits, and the rootfs cannot be reached" "$KILN" why --config "$WORK/no-initrd" why-board
out_has "why-board: yes" "matches"
out_has "BLK_DEV_INITRD is not set, y is required by the rootfs" "and says what the boot needs beyond the board"
run 0 "the same as JSON" "$KILN" why --config "$WORK/no-initrd" --json why-board
is "$(jq -c '[.[0].match, .[0].reasons[0].kind]' "$WORK/out")" '[true,"rootfs"]' "is a match with a reason of the kind rootfs"
run 2 "a rootfs that is not there" "$KILN" why --config "$WORK/good" --rootfs nowhere why-board
err_has 'no rootfs "nowhere"' "is named"
run 2 "a suite that is not there" "$KILN" why --config "$WORK/good" --suite boot,nothing why-board
err_has 'no suite "nothing"' "is named"
sed 's/^qemu_machine:.*/&\nqemu_min: "99.0"/' "$board/why-board.yaml" >"$board/why-late.yaml"
if command -v qemu-system-aarch64 >/dev/null; then
	run 0 "a board of a later QEMU" "$KILN" why --config "$WORK/good" why-late
	out_has "why-late: no: qemu is" "does not match"
	out_has ">=99.0 is required" "and says which version it needs"
else
	skip "a board of a later QEMU" "qemu-system-aarch64 is not installed"
fi
sed '/^qemu_machine:/d; /^ends:/d' "$board/why-board.yaml" >"$board/why-real.yaml"
echo 'lava: {type: why, method: u-boot, command: booti}' >>"$board/why-real.yaml"
run 0 "a board that only labs have" "$KILN" why --config "$WORK/good" why-real
is "$(cat "$WORK/out")" "why-real: yes, in labs" "is held against the .config all the same"
run 2 "a build that is not there" "$KILN" why no/such/build
err_has "no build no/such/build" "is named"
run 2 "neither a build nor a file" "$KILN" why
err_has "name a build" "says what to give"

run 0 "the same as JSON" "$KILN" why --config "$WORK/poor" --json why-board
is "$(jq -c '.[0].board, .[0].match, .[0].reasons[0]' "$WORK/out" | tr '\n' ' ')" \
	'"why-board" false {"symbol":"WHY_UART","want":"y","have":"not set","kind":"require","hint":"set it with the fragment why"} ' \
	"JSON holds the reason"
is "$(jq -r '.[0].reasons[].kind' "$WORK/out" | tr '\n' ' ')" "require require prefer " "JSON holds the kinds"

run 0 "boards of other architectures" "$KILN" why --config "$WORK/good"
out_has "x86_64-pc: no: the config is for arm64, not x86_64" "are refused by that alone"
is "$(grep -c '^[A-Za-z0-9._-]*: ' "$WORK/out")" "$("$KILN" catalog list board --json | jq length)" "every board has its line"

run 0 "a board for later kernels" "$KILN" why --config "$WORK/good" why-new
out_has "why-new: no: kernel is 6.1.192, 6.6.. is required" "names the version"
run 0 "--kernel" "$KILN" why --config "$WORK/good" --kernel 6.7-rc2 why-new
out_has "why-new: yes" "overrides the head of the file"
run 2 "--kernel that is no version" "$KILN" why --config "$WORK/good" --kernel six why-new
err_has '"six"' "is named"

run 2 "a config without a head" "$KILN" why --config "$WORK/headless" why-board
err_has "--kernel" "says how to give the version"
run 0 "a config without a head, with --kernel" "$KILN" why --config "$WORK/headless" --kernel 6.1 why-board
out_has "why-board: yes" "is judged by its symbols"

run 2 "no --config" "$KILN" why why-board
err_has "--config" "asks for it"
run 2 "a file that is not there" "$KILN" why --config "$WORK/none"
err_has "$WORK/none" "names it"
run 2 "a directory" "$KILN" why --config "$WORK"
run 2 "a file that is no .config" "$KILN" why --config "$WORK/broken"
err_has 'line 1: "CONFIG_A=maybe"' "says line and text"
run 2 "a board that there is not" "$KILN" why --config "$WORK/good" why-board no-such-board
err_has "no-such-board" "names it"
is "$(cat "$WORK/out")" "" "and prints nothing else"
run 2 "an option that there is not" "$KILN" why --config "$WORK/good" --bord x
finish
