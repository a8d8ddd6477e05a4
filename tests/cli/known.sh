# Failures that the catalogue knows: known, not fail, until they expire or happen otherwise.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
mkdir -p "$catalog/known"
panics=("[    0.1] Kernel panic - not syncing: No working init found." "[    0.1] ---[ end Kernel panic - not syncing ]---" "@hang")
fake_source "$WORK/panics" "${panics[@]}"
boot=("$KILN" run --arch fake --config good --board paper --source "$WORK/panics")
# entry FILE LINE...: a known failure with a reason and a link.
entry() {
	local name=$1
	shift
	printf '%s\n' 'reason: no init was ever there' 'link: https://example.org/bug/1' "$@" >"$catalog/known/$name.yaml"
}

run 1 "a failure that nobody knows" "${boot[@]}" --json
signature=$(json "$WORK/out" 'j["boots"][0]["signature"]')
entry no-init "signature: '$signature'" 'builds: ["fake/*/gcc"]' 'boards: [paper]' 'expires: 2100-01-01'
run 0 "a failure that is known is no failure of the run" "${boot[@]}"
out_has "1 boots: 1 known" "its verdict is known"
grep -q '^known boot fake/good/gcc on paper .*known until 2100-01-01 as no-init' "$WORK/out" && ! grep -q '^fail ' "$WORK/out"
ok $? "also in the line of progress"
out_has "known until 2100-01-01 as no-init: no init was ever there (https://example.org/bug/1)" "with its entry and link"
run 0 "and again from what was booted" "${boot[@]}" --reuse-boots
entry no-init "signature: '$signature'" 'builds: ["fake/*/gcc"]' 'boards: [paper]' 'expires: 2020-01-01'
run 1 "it is a failure when its date has passed" "${boot[@]}" --reuse-boots
out_has "known as no-init until 2020-01-01, which is past" "and says so"
run 1 "and when it fails again" "${boot[@]}"
grep -q '^fail  boot fake/good/gcc on paper .*which is past' "$WORK/out"
ok $? "its line says both"
entry no-init "regex: '[a-z-]+: Kernel panic .*'" 'builds: ["fake/*/gcc"]' 'boards: ["pap*"]' 'expires: 2100-01-01'
run 0 "a regular expression may say it" "${boot[@]}" --reuse-boots
entry no-init "regex: 'Kernel panic'" 'builds: ["fake/*/gcc"]' 'boards: [paper]' 'expires: 2100-01-01'
run 1 "which must hold for the whole signature: another failure is a failure" "${boot[@]}" --reuse-boots
out_has "not as the known failure no-init" "and says so"
entry no-init "signature: '$signature'" 'builds: ["fake/*/gcc"]' 'boards: [card]' 'expires: 2100-01-01'
run 1 "on another board it is a failure" "${boot[@]}" --reuse-boots
entry no-init "signature: '$signature'" 'builds: ["fake/*/gcc"]' 'boards: [paper]' 'kernel: ..5.10' 'expires: 2100-01-01'
run 1 "and with another kernel" "${boot[@]}" --reuse-boots
rm "$catalog/known/no-init.yaml"

build=("$KILN" run --arch fake --config broken --source "$WORK/linux")
run 1 "a build that fails" "${build[@]}" --json
signature=$(json "$WORK/out" 'j["builds"][0]["signature"]')
case $signature in *broken.c:\ error:*) ok 0 "has a signature, without the number of a line" ;; *) is "$signature" "… broken.c: error: …" "has a signature" ;; esac
entry no-compile "signature: \"${signature//\"/\\\"}\"" 'builds: ["fake/broken/*"]' 'expires: 2100-01-01'
run 0 "may be known as well" "${build[@]}"
rm -r "$KILN_HOME/records"
run 0 "also when it runs" "${build[@]}"
grep -q '^known build fake/broken/gcc ' "$WORK/out"
ok $? "with known in its line"
out_has "known until 2100-01-01 as no-compile" "with its entry"

entry bad 'signature: x' 'builds: ["fake/*/gcc"]' 'boards: [slate]' 'expires: tomorrow'
run 2 "an entry is checked" "$KILN" catalog check
err_has 'no board is called "slate"' "its boards"
grep -q 'known/bad.yaml:6:10: expires: "tomorrow" is wrong; a date' "$WORK/err"
ok $? "and its date, where it stands"
finish
