#!/bin/bash
# A boot is given CPUs, memory, a CPU model and an accelerator of its own, by hand, by a request and by a matrix.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
# guest NAME CPUS: a kernel in whose guest that many come up, and which prints QEMU's arguments.
guest() {
	fake_source "$WORK/$1" "[    0.000000] Linux version 6.1.99-fake" "@args" \
		"KILN-GUEST-START machine=fake release=6.1.99 cpus=$2 bits=64 endian=little" "KILN-GUEST-DONE status=0" "@poweroff"
}
guest one 1
guest four 4
for tree in one four; do
	printf '\nconfig SMP\n\tbool "More than one CPU"\n' >>"$WORK/$tree/init/Kconfig"
done
fake_config smp CONFIG_SMP=y
printf '%s\n' 'cpus_max: 16' 'memory_max_mb: 512' >>"$catalog/board/paper.yaml"
boot() { # boot STATUS NAME TREE CONFIG OPTION...
	local status=$1 name=$2 tree=$3 config=$4
	shift 4
	run "$status" "$name" "$KILN" run --arch fake --config "$config" --board paper --source "$WORK/$tree" --json "$@"
}
of_boot() { json "$WORK/out" "j[\"boots\"][0].get(\"$1\")"; }

boot 0 "a boot is given CPUs, memory and a CPU model" four smp --cpus 4 --memory 256 --cpu quick
is "$(of_boot board)" "paper,cpus=4,memory=256,cpu=quick" "the report tells it from a boot without"
is "$(of_boot cpus)" 4 "and how many CPUs came up"
run 0 "its log" "$KILN" log fake/smp/gcc@paper,cpus=4,memory=256,cpu=quick
is "$(grep -A1 -xE -- '-smp|-m|-cpu' "$WORK/out" | tr '\n' ' ')" "-smp 4 -m 256M -- -cpu quick " "QEMU was told so"
boot 0 "without them it has the board's own" four smp
is "$(of_boot board)" paper "under the board's own name"
run 0 "its log" "$KILN" log fake/smp/gcc@paper
is "$(grep -A1 -xE -- '-smp|-m' "$WORK/out" | tr '\n' ' ')" "-smp 1 -m 128M " "QEMU was told those"

boot 1 "fewer CPUs than it was given is a fail" one smp --cpus 4
is "$(of_boot reason)" "1 of 4 CPUs came up" "which counts them"
is "$(of_boot signature)" "cpus: 1 of 4" "with a signature"
boot 0 "a kernel without SMP is skipped" one good --cpus 2
is "$(of_boot reason)" "SMP is not set, y is required; the boot has 2 CPUs" "and says so"
boot 0 "so is one for fewer CPUs" one smp --cpus 9
is "$(of_boot reason)" "NR_CPUS is 4, >=9 is required; the boot has 9 CPUs" "and says so"
boot 0 "so is a machine that has fewer" one smp --cpus 17 --memory 1024
out_has "cpus is 17, <=16 is required; the board takes no more" "and says so"
out_has "memory_mb is 1024, <=512 is required; the board takes no more" "for memory too"
run 0 "why knows it too" "$KILN" why --config "$KILN_HOME"/builds/*/fake/good/gcc/config --cpus 2 paper
out_has "SMP is not set" "the same reason"

boot 3 "a CPU model that QEMU does not know is infra" four smp --cpu missing
out_has "unable to find CPU model" "in QEMU's words"
out_has "-cpu help lists those it has" "and says what to do"
boot 2 "kvm for a foreign machine is refused" four smp --accel kvm
err_has "ask for auto or tcg" "and says what to do"
boot 0 "tcg is not" four smp --accel tcg
is "$(of_boot board) $(of_boot accel)" "paper,accel=tcg tcg" "and named"
for wrong in "--cpus 0" "--cpus 5000" "--cpus many" "--memory 1" "--memory 9999999" "--cpu=" "--accel hvf"; do
	# shellcheck disable=SC2086
	run 2 "$wrong is refused" "$KILN" run little --source "$WORK/four" $wrong
	err_has "${wrong%%[ =]*} takes" "and says what is allowed"
done

cat >"$catalog/matrix/machines.yaml" <<'YAML'
rows:
  - {archs: [fake], configs: [smp], toolchains: [gcc], boards: [paper], rootfs: init, suites: []}
  - {archs: [fake], configs: [smp], toolchains: [gcc], boards: [paper], rootfs: init, suites: [], cpus: 4, memory_mb: 64, cpu: quick, accel: tcg}
YAML
run 0 "rows of a matrix may hold them" "$KILN" run machines --source "$WORK/four" --json
is "$(json "$WORK/out" '[b["board"] for b in j["boots"]]')" "['paper', 'paper,cpus=4,memory=64,cpu=quick,accel=tcg']" "each row has its boot"
run 0 "the catalogue shows them" "$KILN" catalog show matrix machines --json
is "$(json "$WORK/out" '[r.get("cpus") for r in j["rows"]]')" "[None, 4]" "where they are"
run 0 "the command line stands before them" "$KILN" plan machines --source "$WORK/four" --json --cpus 2
is "$(json "$WORK/out" '[b["board"] for b in j["boots"]]')" "['paper,cpus=2', 'paper,cpus=2,memory=64,cpu=quick,accel=tcg']" "for all rows"

cp "$WORK/four/boot.script" "$WORK/image"
run 0 "by hand" "$KILN" boot "$WORK/image" --board paper --cpus 4 --memory 64 --cpu quick --accel tcg --json
grep -A1 -xE -- '-smp|-m|-cpu' "$(json "$WORK/out" 'j["console"]')" >"$WORK/seen"
is "$(tr '\n' ' ' <"$WORK/seen")" "-smp 4 -m 64M -- -cpu quick " "QEMU was told so"
run 1 "by hand, with fewer than given" "$KILN" boot "$WORK/image" --board paper --cpus 8
out_has "4 of 8 CPUs came up" "is a fail"
run 2 "by hand, with none" "$KILN" boot "$WORK/image" --board paper --cpus 0
finish
