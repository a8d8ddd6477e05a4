#!/bin/bash
# A board that a kernel does not fit does not boot it: the reason that kiln why gives is borne out by QEMU.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

# unmatched ARCH OWN OTHER SYMBOL: the arch's tiny kernel fits the board OWN and boots there; OTHER lacks the symbol.
unmatched() {
	local own=$2 other=$3 symbol=$4 dir image
	run 0 "$1: a kernel that boots on $own" "$KILN" run --arch "$1" --config tiny --board "$own" --source "$SOURCE" \
		--reuse-boots
	dir=$(echo "$KILN_HOME"/builds/linux-source-6.1-*/"$1"/tiny/gcc)
	image=$(ls "$dir"/{bzImage,vmlinux} 2>/dev/null | head -n 1)
	run 0 "kiln why" "$KILN" why --config "$dir/config" "$own" "$other"
	out_has "$own: yes" "says that $own boots it"
	out_has "$other: no" "and that $other does not"
	out_has "$symbol is not set" "for want of $symbol"
	run 1 "a boot on $other" "$KILN" boot "$image" --board "$other" --timeout 20s
	out_has "$other: fail" "fails"
}

command -v qemu-system-mips64el >/dev/null || { skip "kernels on other boards" "qemu-system-mips64el is not installed"; finish; exit; }
unmatched mips64el mips64el-malta mips64r6el-malta CPU_MIPS64_R6
finish
