#!/bin/bash
# The matrix tiny on a real kernel: a small build for each row of the matrix classic, booted on its boards. What smoke.sh
# built before is there already.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_E2E_SOURCE:-deb:linux-source-6.1}

run 0 "the matrix tiny is green" nice "$KILN" run tiny --source "$SOURCE"
grep -E '^(fail|flaky|infra|warn) ' "$WORK/out" | sed 's/^/# /'
tail -n 40 "$WORK/out" | sed 's/^/# /'
run 0 "show as JSON" "$KILN" show "$(run_name)" --json
cp "$WORK/out" "$WORK/tiny.json"

# The rows of the matrix, from the catalogue: BUILD BOARD.
"$KILN" catalog show matrix tiny --json >"$WORK/matrix.json"
json "$WORK/matrix.json" '"\n".join("%s/%s/%s %s" % (a, c, t, b) for r in j["rows"] for a in r["archs"] for c in r["configs"] for t in r["toolchains"] for b in r["boards"])' >"$WORK/rows"
is "$(wc -l <"$WORK/rows")" "$(json "$WORK/tiny.json" 'len(j["boots"])')" "as many boots as the matrix has boards"
while read -r build board; do
	is "$(json "$WORK/tiny.json" "[b['verdict'] for b in j['boots'] if b['board'] == '$board' and b['build'].endswith('/$build')]")" \
		"['pass']" "$build boots on $board"
done <"$WORK/rows"
is "$(json "$WORK/tiny.json" '[b["build"] for b in j["builds"] if b["verdict"] != "pass" or len(b.get("build_id") or "") < 32]')" "[]" \
	"every build passes and has a build-id"
is "$(json "$WORK/tiny.json" '[b["board"] for b in j["boots"] if any(t["result"] == "fail" for t in b.get("tests", []))]')" "[]" \
	"no test of a suite fails"
is "$(json "$WORK/tiny.json" '[b.get("cpus") for b in j["boots"] if b["board"] == "mips64r6el-malta"]')" "[8]" \
	"mips64r6el-malta shows its eight CPUs"
# Each board that a build of the matrix was not meant for is told apart by a reason, and none contradicts its boot.
while read -r build board; do
	run 0 "why $build $board" "$KILN" why "$build" "$board" --json
	is "$(json "$WORK/out" '[(b["board"], b["match"]) for b in j]')" "[('$board', True)]" "$board matches what booted on it"
done <"$WORK/rows"
finish
