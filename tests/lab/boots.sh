#!/usr/bin/env bash
# Real kernels in a real LAVA lab: the verdicts, signatures and consoles that local QEMU gives, and a lab's own faults. Kernels that
# the home does not have are built: x86_64 and arm64 are those of smoke, parisc and m68k of tiny.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/lab/real.sh
. "$TESTS/lab/real.sh"
# entry NAME USER TOKEN
entry() { printf '%s\n' "url: $url" "user: $2" "token_file: $lab/token/$3" 'listen: 127.0.0.1:0' 'poll: 1s' >"$catalog/lab/$1.yaml"; }
entry real alice alice
entry staff stan stan
entry mighty root root
entry another alice stan
# Without init the kernel panics; when it is told to wait for a root that never comes, it hangs.
printf '%s\n' 'inherit: x86_64-pc' 'append: rdinit=/none' >"$catalog/board/pc-panic.yaml"
printf '%s\n' 'inherit: x86_64-pc' 'append: rdinit=/none root=/dev/sdz1 rootwait' 'limit: 60s' 'silence: 10s' >"$catalog/board/pc-hang.yaml"
printf '%s\n' 'inherit: x86_64-pc' 'lava: {type: qemu, method: qemu, min: "2099.01"}' >"$catalog/board/pc-new.yaml"

run 0 "an ordinary user's lab" "$KILN" lab check real
out_has "2 of  2 available" "has two devices"
run 2 "a staff user" "$KILN" lab check staff
err_has "stan is staff" "is refused"
run 2 "a superuser" "$KILN" lab check mighty
err_has "root is a superuser" "is refused"
run 2 "the token of another" "$KILN" lab check another
err_has "the token is stan's" "is refused"

kernels=(--arch x86_64,arm64,parisc,m68k --config tiny --source "$SOURCE")
run 1 "kernels that pass, panic and hang, here and in the lab" nice "$KILN" run "${kernels[@]}" \
	--board x86_64-pc,arm64-virt,parisc-hppa,m68k-q800,pc-panic,pc-hang,pc-new --runner local,lava:real
cp "$WORK/out" "$WORK/matrix"
tail -n 20 "$WORK/matrix" | sed 's/^/# /'
run 0 "show the run" "$KILN" show "$(run_name)" --json
cp "$WORK/out" "$WORK/run.json"
# boot BOARD FIELD
boot() { json "$WORK/run.json" "[b.get('$2') for b in j['boots'] if b['board'] == '$1'][0]"; }
passed_tests() { boot "$1" tests | tr "'" '\n' | grep -c '^pass$'; }
while read -r arch board verdict; do
	is "$(boot "$board,lab=real" verdict)" "$verdict" "$board: $verdict in the lab"
	is "$(boot "$board" verdict)" "$verdict" "$board: $verdict on this host"
	is "$(boot "$board,lab=real" signature)" "$(boot "$board" signature)" "$board: the signatures are the same"
	is "$(boot "$board,lab=real" runner)" lava:real "$board: its runner is named"
	"$KILN" log "$arch/tiny/gcc@$board,lab=real" >"$WORK/console" </dev/null
	grep -q "Linux version 6.1." "$WORK/console"
	ok $? "$board: the lab's console is kept"
	is "$(passed_tests "$board,lab=real")" "$(passed_tests "$board")" "$board: as many tests pass"
done <<END
x86_64 x86_64-pc pass
arm64 arm64-virt pass
parisc parisc-hppa pass
m68k m68k-q800 pass
x86_64 pc-panic fail
x86_64 pc-hang fail
END
is "$(boot pc-new,lab=real verdict): $(boot pc-new,lab=real reason)" "skip: lava is 2023.01, >=2099.01 is required" \
	"a board that this LAVA is too old for says so"
grep -qr "$(cat $lab/token/alice)" "$KILN_HOME/records" "$WORK/matrix" "$WORK/run.json"
is "$?" 1 "the token is in no record"

# jobs: how many the lab has.
jobs() { curl -fs -H "Authorization: Token $(cat $lab/token/alice)" "${url}api/v0.2/jobs/?limit=1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["count"])'; }
boots=(run --arch x86_64 --config tiny --source "$SOURCE" --board pc-hang --runner lava:real)
# until_running: a job of this lab runs.
until_running() { until_true 300 bash -c '"$0" lab jobs real --json | grep -q "\"Running\""' "$KILN"; }

before=$(jobs)
"$KILN" "${boots[@]}" >"$WORK/log" 2>&1 </dev/null &
pid=$!
until_running
sleep 4 # it has fetched its artefacts by then
kill -KILL $pid
wait $pid 2>/dev/null
run 1 "a run whose Kiln was killed is come back to" "$KILN" attach
out_has "goes on where it was interrupted" "where it was"
is "$(jobs)" $((before + 1)) "and submits nothing twice"

"$KILN" "${boots[@]}" >"$WORK/log" 2>&1 </dev/null &
pid=$!
until_running
sleep 4
kill -INT $pid
wait $pid
is "$?" 130 "Ctrl-C while a job has all it needs"
grep -q "in lab real goes on: $url" "$WORK/log"
ok $? "leaves it, and says where it is"
run 1 "that run, too, is come back to" "$KILN" attach
out_has "hangs after" "with the job's verdict"
is "$(jobs)" $((before + 2)) "in the same job"

"$KILN" "${boots[@]}" >"$WORK/log" 2>&1 </dev/null &
pid=$!
until_running
"$TESTS/lab/lab" stop $lab web
sleep 3
"$TESTS/lab/lab" start $lab web
wait $pid
is "$?" 1 "a lab that goes away and comes back"
grep -q "hangs after" "$WORK/log"
ok $? "brings its verdict all the same"

"$TESTS/lab/lab" manage $lab devices update --health MAINTENANCE qemu-01 >/dev/null 2>&1
"$TESTS/lab/lab" manage $lab devices update --health MAINTENANCE qemu-02 >/dev/null 2>&1
run 0 "with all devices in Maintenance" "$KILN" "${boots[@]}"
out_has "available devices is 0, >=1 of" "boots are skipped with the reason"
is "$(left_over)" "" "nothing is left over"
finish
