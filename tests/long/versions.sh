#!/bin/bash
# The matrix tiny on the kernel of a later Debian: symbols that were renamed or went are told apart by version.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
shared_home
SOURCE=${KILN_LATER_SOURCE:-deb:linux-source-6.12/trixie}

command -v apt-get >/dev/null || { skip "a later kernel" "apt-get is not installed"; finish; exit; }
run 0 "a plan" "$KILN" plan tiny --source "$SOURCE" --json
cp "$WORK/out" "$WORK/plan.json"
is "$(json "$WORK/plan.json" '[(b["board"], b["reason"]) for b in j["boots"] if not b["match"]]')" "[]" "every board matches"
is "$(json "$WORK/plan.json" '[d["symbol"] for b in j["builds"] for d in b.get("dropped") or []]')" "[]" "no option is lost"
run 0 "the matrix is green" "$KILN" run tiny --source "$SOURCE" --json
cp "$WORK/out" "$WORK/run.json"
known=$(json "$WORK/run.json" '[b["build"].split("/", 1)[1] for b in j["builds"] if b["verdict"] == "known"]')
is "$known" "['alpha/tiny/gcc', 'sparc64/tiny/gcc']" "but for two builds that catalog/known has"
is "$(json "$WORK/run.json" "[(b['build'], b.get('board'), b['verdict']) for b in j['builds'] + j['boots'] if b['build'].split('/', 1)[1] not in $known and b['verdict'] != 'pass']")" "[]" \
	"all builds and boots pass"
finish
