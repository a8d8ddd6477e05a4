# The programs that make a .config are compiled once a source and kept, whatever dates the files have.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
fake_config plain CONFIG_PRINTK=y
fake_config third CONFIG_PCI=y
fake_config fourth CONFIG_ACPI=y
entries() { find "$KILN_HOME/cache/kconfig" -type f 2>/dev/null | wc -l; }
# plan CONFIG...: configures them; $compiled says how many did compile, $digests what came out.
plan() {
	local list
	list=$(IFS=,; echo "$*")
	run 0 "configure $list" "$KILN" plan --arch fake --config "$list" --source "$WORK/linux"
	read -r compiled digests < <(python3 - "$KILN_HOME" "$@" <<'PY'
import glob, json, sys
home, wanted, compiled, digests = sys.argv[1], sys.argv[2:], 0, {}
for path in glob.glob(home + "/records/*/*.json"):
    r = json.load(open(path))
    if r["kind"] != "configure":
        continue
    name = r["spec"]["config"]["fragments"][-1]["name"]
    log = r["artefacts"]["log"]["digest"]
    if name in wanted:
        compiled += "HOSTCC  scripts/kconfig/conf" in open(f"{home}/depot/{log[:2]}/{log}").read()
        digests[name] = r["artefacts"]["config"]["digest"]
print(compiled, ",".join(digests[n] for n in sorted(digests)))
PY
	)
}
again() { rm -rf "$KILN_HOME/records"; }

alone=()
# Without what is kept: a home for each config.
for config in good noisy plain third fourth; do
	KILN_HOME=$WORK/alone-$config plan "$config"
	is "$compiled" 1 "a first config compiles"
	alone[${#alone[@]}]=$digests
done

plan good
is "$compiled $(entries)" "1 1" "the first config of a source compiles, and it is kept"
plan noisy
is "$compiled" 0 "the second does not"
is "$digests" "${alone[1]}" "and is what it is without"

# A date in the future: make compiles, and the result is the same.
tree=$(echo "$KILN_HOME"/sources/*/tree)
find "$tree" -exec touch -h -d '+3 days' {} +
plan plain
is "$compiled" 1 "a source from the future is compiled each time"
is "$digests" "${alone[2]}" "to the same .config"
find "$tree" -exec touch -h -d '1990-01-01' {} +
plan third
is "$compiled $digests" "0 ${alone[3]}" "an old one is not"
find "$tree" -exec touch -h {} +
plan fourth
is "$compiled $digests" "0 ${alone[4]}" "nor one of this moment"

# Damage.
entry=$(find "$KILN_HOME/cache/kconfig" -type f)
for damage in 'printf x | dd of="$entry" bs=1 seek=200 conv=notrunc status=none' 'truncate -s -1 "$entry"' ': >"$entry"' \
	'head -c 65 "$entry" >"$entry.new" && mv "$entry.new" "$entry"'; do
	again
	eval "$damage"
	plan noisy
	is "$compiled $digests $(entries)" "1 ${alone[1]} 1" "damaged ($damage): compiled, and kept anew"
	again
	plan noisy
	is "$compiled $digests" "0 ${alone[1]}" "and then used"
done
again
chmod 0 "$entry"
[ "$(id -u)" = 0 ] || { plan noisy; is "$compiled $digests" "1 ${alone[1]}" "one that cannot be read is as none"; }
chmod 644 "$entry"

# Two at once with nothing there.
again
rm -rf "$KILN_HOME/cache/kconfig"
"$KILN" plan --arch fake --config plain --source "$WORK/linux" >/dev/null 2>&1 &
plan good noisy third fourth
wait $!
ok $? "another at the same time"
is "$digests" "${alone[4]},${alone[0]},${alone[1]},${alone[3]}" "several at once give what each gives alone"
is "$(entries)" 1 "and keep one entry"
plan plain
is "$digests" "${alone[2]}" "also beside another Kiln"

# Another source is another entry, and their number has an end.
echo "# another" >>"$WORK/linux/scripts/conf.sh"
again
plan good
is "$compiled $(entries)" "1 2" "a source that changed is compiled"
for i in $(seq 30); do
	touch -d "1999-01-$i" "$KILN_HOME/cache/kconfig/$i"
done
echo "# and another" >>"$WORK/linux/scripts/conf.sh"
plan good
is "$(entries)" 16 "what was not used for longest goes"
ok "$([ -e "$entry" ]; echo $?)" "what was used stays"
again
plan good
is "$compiled" 0 "and is used"

# A build from clean uses them as well.
run 0 "a build from clean" "$KILN" run --arch fake --config plain --board paper --source "$WORK/linux"
out_has "1 boots: 1 pass" "passes"
finish
