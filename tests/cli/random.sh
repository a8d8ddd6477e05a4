# Configs made at random.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
source=(--source "$WORK/linux")
printf 'target: randconfig\nfragments: [drawn]\n' >"$catalog/config/randconfig.yaml"
printf '%s\n' CONFIG_EXPERT=y CONFIG_PRINTK=y '# CONFIG_PCI is not set' >"$catalog/fragment/drawn.config"
printf '%s\n' 'description: drawn' 'rows:' \
	'  - {archs: [fake], configs: [randconfig], toolchains: [gcc], rootfs: init, suites: [], seeds: [40, 42], probability: "20"}' \
	>"$catalog/matrix/drawn.yaml"

run 0 "three seeds" "$KILN" run --arch fake --config randconfig --board paper --seed 5 --count 3 "${source[@]}" --json
is "$(json "$WORK/out" '[b["build"].split("/")[2] for b in j["builds"]]')" "['randconfig-5', 'randconfig-6', 'randconfig-7']" "are three builds"
configs=("$KILN_HOME"/builds/*/fake/randconfig-[567]/gcc/config)
is "$(sha256sum "${configs[@]}" | cut -c1-64 | sort -u | wc -l)" 3 "with a .config each"
is "$(cat "${configs[@]}" | grep -c '^CONFIG_PRINTK=y')" 3 "what is pinned holds"
is "$(cat "${configs[@]}" | grep -c '^CONFIG_PCI=y')" 0 "also what is pinned away"
run 0 "the same seed again" "$KILN" run --arch fake --config randconfig --board paper --seed 6 "${source[@]}"
out_lacks "start build" "is the same config"
run 0 "a probability" "$KILN" run --arch fake --config randconfig --board paper --seed 6 --probability 0 "${source[@]}"
out_has "start build" "is another config"
run 0 "a matrix with seeds" "$KILN" run drawn "${source[@]}" --json
is "$(json "$WORK/out" '[b["build"].split("/")[2] for b in j["builds"]]')" "['randconfig-40', 'randconfig-42']" "has them"
run 0 "which can be given" "$KILN" plan drawn --seed 41 "${source[@]}"
out_has "randconfig-41" "on the command line"
out_lacks "randconfig-42" "in place of its own"
run 0 "a count without a seed" "$KILN" plan --arch fake --config randconfig --count 2 "${source[@]}"
err_has "--count 2 makes the same configs again" "prints the seed that it drew"
run 2 "neither" "$KILN" plan --arch fake --config randconfig "${source[@]}"
err_has "--seed N" "says how to give one"
run 2 "a probability that is none" "$KILN" plan --arch fake --config randconfig --seed 1 --probability 60:60 "${source[@]}"
err_has "percents are" "says what is allowed"
run 2 "too many" "$KILN" plan --arch fake --config randconfig --seed 1 --count 10001 "${source[@]}"
finish
