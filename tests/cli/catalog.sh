#!/bin/bash
# kiln catalog: what it says of good and of faulty catalogues.
. "$(dirname "$0")/../lib.sh"

own=$XDG_CONFIG_HOME/kiln/catalog

run 0 "the catalogue that Kiln brings is good" "$KILN" catalog check
is "$(grep -cE '^[0-9]+ entries are good$' "$WORK/out")" 1 "check says how many entries there are"
run 0 "check as JSON" "$KILN" catalog check --json
[ "$(jq .entries "$WORK/out" 2>/dev/null || grep -o '[0-9]*' "$WORK/out")" -ge 30 ]
ok $? "check --json holds the number of entries"

run 0 "list" "$KILN" catalog list
out_has "arm64-virt" "list shows a board"
out_has "smoke" "list shows a matrix"
run 0 "list of one kind" "$KILN" catalog list board
out_has "x86_64-pc" "list board shows a board"
ok "$(grep 'rk3399-roc-pc.*  untested$' "$WORK/out" >/dev/null; echo $?)" "and which of them nobody has booted"
out_lacks "smoke" "list board shows no matrix"
run 0 "list as JSON" "$KILN" catalog list fragment --json
out_has '"name": "tiny"' "list --json holds names"

run 0 "show" "$KILN" catalog show board mips-malta
out_has "board/mips-malta.yaml:1" "show says where it was written"
out_has "qemu_machine: malta" "show holds what is inherited"
out_has "qemu_cpu: 24Kf" "show holds what is replaced"
run 0 "show as JSON" "$KILN" catalog show board mips-malta --json
out_has '"qemu_machine": "malta"' "show --json holds what is inherited"
run 0 "show of a fragment" "$KILN" catalog show fragment tiny
out_has "CONFIG_BLK_DEV_INITRD=y" "a fragment is shown with its text"

run 2 "show of what is not there" "$KILN" catalog show board toaster
err_has 'no board is called "toaster"' "it is named"
run 2 "show of no kind" "$KILN" catalog show toaster x
err_has "allowed: arch, toolchain" "the kinds are named"
run 2 "list of no kind" "$KILN" catalog list boards
run 2 "no verb" "$KILN" catalog
err_has "check, list or show" "the verbs are named"
run 2 "a wrong verb" "$KILN" catalog chekc
run 2 "show without a name" "$KILN" catalog show board
run 2 "an unknown option" "$KILN" catalog list --jason
run 2 "check of no directory" "$KILN" catalog check "$WORK/nowhere"
err_has "there is no catalogue" "that is said"

mkdir -p "$own/board" "$own/toolchain"
cat >"$own/board/mine.yaml" <<-'END'
	inherit: arm64-virt
	cpus: 2
	require+: [SMP=y]
END
run 0 "a user's own board" "$KILN" catalog show board mine
out_has "cpus: 2" "has its own keys"
out_has "qemu_cpu: cortex-a57" "and inherits from what Kiln brings"
out_has "SMP=y" "and adds to a list"
echo "compiler: mycc" >"$own/toolchain/gcc.yaml"
run 0 "a user's own toolchain" "$KILN" catalog show toolchain gcc
out_has "compiler: mycc" "hides the one of the same name"

printf 'inherit: arm64-vrit\nqemu_machin: virt\ncpus: many\n' >"$own/board/wrong.yaml"
printf 'comp: x\n' >"$own/toolchain/wrong.yaml"
run 2 "faults" "$KILN" catalog check
err_has "$own/board/wrong.yaml:1:10: no board is called \"arm64-vrit\"; did you mean \"arm64-virt\"?" "a reference"
err_has "$own/board/wrong.yaml:2:1: a board has no key \"qemu_machin\"; did you mean \"qemu_machine\"?" "a key"
err_has "$own/board/wrong.yaml:3:7: cpus: \"many\" is wrong" "a value"
err_has "$own/toolchain/wrong.yaml:1:1: the key \"compiler\" is missing" "in two files at once"
run 2 "a fault stops list as well" "$KILN" catalog list
rm "$own"/*/wrong.yaml

mkdir -p "$WORK/other/pattern"
printf -- "- {name: a, regex: 'a(', verdict: fail}\n- {name: b, regex: b, verdict: warn}\n" >"$WORK/other/pattern/p.yaml"
run 2 "a regex that does not compile" "$KILN" catalog check "$WORK/other"
err_has "$WORK/other/pattern/p.yaml:1:1: " "is shown with its place"
printf -- "- {name: b, regex: b, verdict: warn}\n" >"$WORK/other/pattern/p.yaml"
run 0 "a directory by name" "$KILN" catalog check "$WORK/other"
out_has "1 entries are good" "is checked by itself"
run 0 "a root's compilers" "$KILN" catalog show root debian-trixie-arm64
out_has "  - gcc" "are gcc where it names none"
finish
