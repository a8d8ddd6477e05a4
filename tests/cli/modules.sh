#!/bin/bash
# Modules: built and installed, packed with their dependencies, handed to the guest behind its initrd.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
fake_config modular CONFIG_MODULES=y CONFIG_NOISY_BUILD=y
mkdir -p "$catalog/suite"
printf '%s\n' 'program: modules' 'modules: true' 'require: [MODULES=y]' >"$catalog/suite/modules.yaml"
fake_source "$WORK/tree" "[    0.000000] Linux version 6.1.99-fake" "@args" "@cat -initrd" \
	"KILN-GUEST-START machine=fake release=6.1.99 cpus=1 bits=64 endian=little" "KILN-GUEST-DONE status=0" "@poweroff"
tree() { run "$1" "$2" "$KILN" run --arch fake --board paper --source "$WORK/tree" --json "${@:3}"; }
# initrd: what the last boot's QEMU was given, into $WORK/initrd.
given() { "$KILN" log "$1" | sed -n 's/^base64: //p' | base64 -d >"$WORK/initrd"; }
# listed: the files of all archives in a row.
listed() { python3 - "$WORK/initrd" <<'PY'
import sys
d, at = open(sys.argv[1], "rb").read(), 0
while at < len(d):
    if d[at:at + 6] != b"070701":
        assert d[at:at + 4] == b"\0\0\0\0", at
        at += 4
        continue
    size, names = int(d[at + 54:at + 62], 16), int(d[at + 94:at + 102], 16)
    name = d[at + 110:at + 109 + names].decode()
    body = at + (110 + names + 3) // 4 * 4
    if name == "lib/modules/6.1.99-fake/modules.dep":
        open(sys.argv[1] + ".dep", "wb").write(d[body:body + size])
    print(name)
    at = body + (size + 3) // 4 * 4
PY
}

tree 0 "without --modules" --config modular
given fake/modular/gcc@paper
listed >"$WORK/out"
out_lacks lib/modules "no module is built or handed on"
tree 0 "with --modules" --config modular --modules
given fake/modular/gcc@paper
listed >"$WORK/out"
out_has "lib/modules/6.1.99-fake/kernel/drivers/beta-two.ko" "the modules follow the initrd"
out_has "suite/modules" "with the suite that loads them"
out_lacks "/build" "a link out of the guest is left out"
is "$(cat "$WORK/initrd.dep")" "kernel/drivers/alpha.ko:
kernel/drivers/gamma.ko: kernel/drivers/alpha.ko
kernel/drivers/beta-two.ko: kernel/drivers/gamma.ko kernel/drivers/alpha.ko" "each behind those that it needs"
build=$(ls -d "$KILN_HOME"/builds/*/fake/modular/gcc)
is "$(json "$build/record.json" 'j["modules"]')" 3 "the record counts them"
first=$(sha256sum <"$build/modules")
KILN_HOME=$WORK/other run 0 "elsewhere" "$KILN" run --arch fake --board paper --config modular --modules --source "$WORK/tree"
is "$(sha256sum <"$(echo "$WORK"/other/builds/*/fake/modular/gcc/modules)")" "$first" "they have the same bytes"

tree 0 "a config without MODULES" --config good --modules
is "$(json "$WORK/out" '[t["name"] + " " + t["result"] for t in j["boots"][0]["tests"]]')" "['modules skip']" "its suite is skipped"
out_has "MODULES is not set" "and says why"

cat >"$catalog/matrix/modules.yaml" <<'YAML'
rows:
  - {archs: [fake], configs: [modular], toolchains: [gcc], boards: [paper], rootfs: init, suites: [], modules: true}
YAML
run 0 "a row of a matrix may ask for them" "$KILN" run modules --source "$WORK/tree" --json
given fake/modular/gcc@paper
listed >"$WORK/out"
out_has "kernel/drivers/gamma.ko" "and gets them"

tree 3 "a machine too small for them" --config modular --modules --memory 8
out_has "too much for a machine with 8 MB" "is no fault of the kernel"
out_has "--memory" "and says what to do"
finish
