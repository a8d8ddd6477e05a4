# kiln report over several runs and homes, and kiln show --list.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
run 2 "a home without runs" "$KILN" report
err_has "there is no such run" "says so"
"$KILN" run little --source "$WORK/linux" >/dev/null
"$KILN" run --arch fake --config broken --source "$WORK/linux" >/dev/null
fake_source "$WORK/panics" "[    0.1] Kernel panic - not syncing: No working init found." "[    0.1] ---[ end Kernel panic - not syncing ]---" "@hang"
"$KILN" run --arch fake --config good --board paper --source "$WORK/panics" >/dev/null

run 0 "the runs" "$KILN" show --list
is "$(grep -c 'finished' "$WORK/out")" 3 "are listed"
first=$(awk '/little/ { print $1 }' "$WORK/out")
run 0 "and as JSON, a line each" "$KILN" show --list --json

run 0 "the report" "$KILN" report
out_has "3 builds: 2 pass, 1 fail; 3 boots: 3 pass; 2 boards passed." "counts over all runs of a source"
out_has "1 build: 1 pass; 1 boot: 1 fail; 0 boards passed." "and of another"
grep -qE '^fake/noisy/gcc +card +pass +gcc [0-9.]+ +7\.2\.99 ' "$WORK/out"
ok $? "has compiler and QEMU"
grep -qE '^fake/broken/gcc +- +fail .*drivers/broken.c' "$WORK/out"
ok $? "the reason of a build that failed"
out_lacks "skip" "and no word of a board that another build boots"
run 0 "of one run" "$KILN" report "$first"
out_lacks "panic" "it has that run's cells alone"
"$KILN" run --arch fake --config good --board card --source "$WORK/panics" >/dev/null
run 0 "a board that no build of a source boots" "$KILN" report --source "panics-*"
out_has "skip card: NOISY_BUILD is not set, y is required; set it with the fragment noisy (fake/good/gcc)" "is listed with the reason"
run 0 "of one matrix" "$KILN" report --matrix little
out_lacks "broken" "it has that matrix's cells alone"
run 0 "of one source" "$KILN" report --source 'panics-*'
out_lacks "fake/noisy" "it has that source's cells alone"
run 2 "a run that is not there" "$KILN" report 1999
err_has "kiln show --list" "says where the runs are listed"
run 2 "a format that is none" "$KILN" report --format html
err_has "text or markdown" "says which there are"
run 0 "as JSON" "$KILN" report --json
is "$(json "$WORK/out" 'all(c["image"] == "bzImage" and c["image_bytes"] > 0 and c["vmlinux_bytes"] > 0 and len(c["build_id"]) == 40
	and c["release"].startswith("6.") and c["date"] and c["run"] and c["build_cpu"] >= 0 and c["boot_seconds"] > 0
	for c in j["cells"] if c.get("board") and c["verdict"] != "skip")' 2>&1)" True "each boot has all its fields"

"$KILN" run --arch fake --config noisy --board card --source "$WORK/linux" --json >"$WORK/newer.json"
run 0 "after a newer run" "$KILN" report --json
is "$(json "$WORK/out" '[c["run"] for c in j["cells"] if c["build"] == "fake/noisy/gcc" and c.get("board") == "card"][0]')" \
	"$(json "$WORK/newer.json" 'j["run"]')" "its cell is that run's"
is "$(json "$WORK/out" '[c["run"] for c in j["cells"] if c["build"] == "fake/noisy/gcc" and c.get("board") == "paper"][0]')" \
	"$first" "the others stay those of the older one"

printf '%s\n' '# Status' '' '<!-- kiln report: begin -->' '<!-- kiln report: end -->' '' '## By hand' >"$WORK/status.md"
run 0 "a file is filled" "$KILN" report --update "$WORK/status.md"
head -3 "$WORK/status.md" | tail -1 | grep -q begin && tail -1 "$WORK/status.md" | grep -q "By hand"
ok $? "between the marks alone"
is "$(grep -c '^| fake/' "$WORK/status.md")" 5 "with a line a cell"
cp "$WORK/status.md" "$WORK/before.md"
run 0 "again" "$KILN" report --update "$WORK/status.md"
is "$(cmp "$WORK/before.md" "$WORK/status.md" 2>&1)" "" "it stays the same"
fake_source "$WORK/other" "${GOOD_BOOT[@]}"
echo '# other' >>"$WORK/other/Makefile"
KILN_HOME=$WORK/home2 "$KILN" run --arch fake --config good --board paper --source "$WORK/other" >/dev/null
run 0 "from another home" "$KILN" report --home "$WORK/home2" --update "$WORK/status.md"
is "$(grep -c '^| fake/' "$WORK/status.md")" 6 "its cells join the others"
sed -i 's/^| fake\/good/A word of mine. &/' "$WORK/status.md"
cp "$WORK/status.md" "$WORK/before.md"
run 2 "what was written by hand between the marks" "$KILN" report --update "$WORK/status.md"
err_has "status.md:" "is refused with its line"
is "$(cmp "$WORK/before.md" "$WORK/status.md" 2>&1)" "" "and not overwritten"
run 2 "a file without marks" "$KILN" report --update "$TESTS/lib.sh"
err_has "<!-- kiln report: begin -->" "says what it must have"
finish
