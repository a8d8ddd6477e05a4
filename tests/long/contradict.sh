#!/bin/bash
# What a board requires, it needs: a kernel without one required symbol does not match, and the boot, made all the same,
# fails.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

# without ARCH BOARD IMAGE SYMBOL...: tiny, but the symbols are off.
without() {
	local arch=$1 board=$2 image=$3 config dir symbol
	shift 3
	run 0 "$arch: tiny is built and boots" "$KILN" run --arch "$arch" --config tiny --toolchain gcc --board "$board" --source "$SOURCE"
	config=$(echo "$KILN_HOME"/builds/linux-source-6.1-*/"$arch"/tiny/gcc/config)
	initrd=$(python3 - "$KILN_HOME" "$arch" <<'PY'
import glob, json, sys
for path in glob.glob(sys.argv[1] + "/records/*/*.json"):
    r = json.load(open(path))
    if r["kind"] == "init" and r["verdict"] == "pass" and r["spec"]["arch"]["name"] == sys.argv[2]:
        d = r["artefacts"]["initrd"]["digest"]
        print(f"{sys.argv[1]}/depot/{d[:2]}/{d}")
        break
PY
	)
	for symbol; do
		sed "s/^CONFIG_$symbol=y/# CONFIG_$symbol is not set/" "$config" >"$WORK/without-$symbol"
		run 0 "$arch: without $symbol it is built, and not booted" "$KILN" run --arch "$arch" --config "$WORK/without-$symbol" \
			--toolchain gcc --board "$board" --source "$SOURCE" --json
		is "$(json "$WORK/out" '[b["verdict"] for b in j["boots"]]')" "['skip']" "$board does not match"
		is "$(json "$WORK/out" "'$symbol is not set' in j['boots'][0]['reason']")" True "by that symbol"
		dir=$(echo "$KILN_HOME"/builds/linux-source-6.1-*/"$arch/without-$symbol/gcc")
		run 1 "booted all the same, it fails" "$KILN" boot "$dir/$image" --board "$board" --initrd "$initrd" --timeout 60s
	done
}

without x86_64 x86_64-pc bzImage SERIAL_8250_CONSOLE BLK_DEV_INITRD
without arm64 arm64-virt Image SERIAL_AMBA_PL011_CONSOLE
finish
