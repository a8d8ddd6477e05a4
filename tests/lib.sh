# For tests in shell: prints TAP. KILN is the program under test.
# shellcheck shell=bash
set -u
KILN=${KILN:-build/kiln}
KILN=$(realpath "$KILN")
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/kiln-test-XXXXXX")
export KILN_HOME=$WORK/home XDG_CONFIG_HOME=$WORK/config
trap 'chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
test_count=0

# ok STATUS NAME: passes when STATUS is 0.
ok() {
	test_count=$((test_count + 1))
	if [ "$1" -eq 0 ]; then echo "ok $test_count - $2"; else
		echo "not ok $test_count - $2"
		[ ! -s "$WORK/out" ] || sed 's/^/# out: /' "$WORK/out" | head -n 30
		[ ! -s "$WORK/err" ] || sed 's/^/# err: /' "$WORK/err" | head -n 30
	fi
	return 0
}
skip() { test_count=$((test_count + 1)); echo "ok $test_count - $1 # SKIP $2"; }

# run STATUS NAME COMMAND...: passes when the command exits with STATUS; its output is in $WORK/out and $WORK/err.
run() {
	local want=$1 name=$2 got
	shift 2
	"$@" >"$WORK/out" 2>"$WORK/err" </dev/null
	got=$?
	[ "$got" -eq "$want" ] || echo "# exit status $got, not $want"
	ok $((got != want)) "$name"
}
# out_has / err_has TEXT NAME: the last run printed this text.
out_has() { grep -qF -- "$1" "$WORK/out"; ok $? "$2"; }
err_has() { grep -qF -- "$1" "$WORK/err"; ok $? "$2"; }
out_lacks() { ! grep -qF -- "$1" "$WORK/out"; ok $? "$2"; }
is() { [ "$1" = "$2" ]; local s=$?; [ $s -eq 0 ] || printf '# got:  %s\n# want: %s\n' "$1" "$2"; ok $s "$3"; }
# shared_home: one home for all tests that build real kernels, kept from run to run.
shared_home() {
	export KILN_HOME=${KILN_E2E_HOME:-$TESTS/../build/e2e-home}
	mkdir -p "$KILN_HOME" && KILN_HOME=$(realpath "$KILN_HOME")
}
# left_over: work directories of the home that no living attempt holds.
left_over() {
	local entry
	for entry in "$KILN_HOME"/tmp/*; do
		[ -e "$entry" ] || continue
		flock -n "${entry%.lock}.lock" true && echo "$entry"
	done
}
# run_name: which run the last command was, by what it printed. Others may run at the same home: the newest may be theirs.
run_name() { sed -n '/^run /{s/^run \([^ ,]*\).*/\1/p;q}' "$WORK/out"; }
# json FILE EXPRESSION: a Python expression over the document j.
json() { python3 -c 'import json,sys; j = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }
# attempts EXPRESSION: over boots, the records of all attempts in labs of the last run, which printed JSON.
attempts() {
	python3 - "$KILN_HOME/ledger.db" "$(json "$WORK/out" 'j["run"]')" "$1" <<'PY'
import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT record FROM attempt WHERE run = ? AND record IS NOT NULL", (sys.argv[2],))
boots = sorted((r for r in (json.loads(row[0]) for row in rows) if "lava" in r), key=lambda r: (r["started"], r["lava"].get("job", 0)))
print(eval(sys.argv[3], {"boots": boots}))
PY
}
# until_true N COMMAND...: waits up to N tenths of a second until the command succeeds.
until_true() {
	local n=$1
	shift
	while [ "$n" -gt 0 ]; do
		"$@" && return 0
		sleep 0.1
		n=$((n - 1))
	done
	return 1
}
finish() { echo "1..$test_count"; }
