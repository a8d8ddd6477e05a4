# kiln attach: runs that were interrupted and killed, on this host and in a lab that is slow on demand.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../fake.sh"
. "$TESTS/lab/faked.sh"
mkdir -p "$WORK/elsewhere"
entry paperlab
# start OPTION...: a run in the background.
start() {
	: >"$WORK/begun"
	"$KILN" run --arch fake --config good --board paper --source "$WORK/linux" "$@" >"$WORK/begun" 2>"$WORK/begun.err" &
	kiln_pid=$!
}
in_lab() { start --runner lava:paperlab "$@"; until_true 200 grep -q 'GET /api/v0.2/jobs/?id__in' "$lab/requests"; }
begun() { sed -n '/^run /{s/^run \([^ ]*\).*/\1/p;q}' "$WORK/begun"; }
# end SIGNAL STATUS NAME
end() {
	kill "-$1" "$kiln_pid"
	wait "$kiln_pid" 2>/dev/null
	is "$?" "$2" "$3"
}

run 2 "nothing to come back to" "$KILN" attach
err_has "no run is unfinished" "is said"
run 2 "a run that is none" "$KILN" attach 2011
err_has 'no run "2011"' "is named"
err_has "kiln show --list" "with where names come from"
run 2 "a pattern is no name" "$KILN" attach '*'
run 2 "nor is nothing" "$KILN" attach ''
run 2 "two at once" "$KILN" attach a b
err_has '"b" is one too many' "are refused"
run 2 "options of the run" "$KILN" attach --arch fake
err_has "no such option" "are not asked for again"

# A job that goes on while its Kiln is dead.
fault long=3
in_lab
id=$(begun)
run 2 "a run that is followed" "$KILN" attach "$id"
err_has "process $kiln_pid on $(uname -n)" "names the process"
run 2 "no other is unfinished" "$KILN" attach
err_has "$id, is being followed" "and says so"
run 0 "kiln show" "$KILN" show
out_has "followed by process $kiln_pid" "says that, too"
end KILL 137 "a kill"
run 0 "kiln show" "$KILN" show
out_has "kiln attach $id" "says how to come back"
cp -R "$WORK/linux" "$WORK/kept" && rm -rf "$WORK/linux"
run 0 "comes back without its source, from elsewhere" env -C "$WORK/elsewhere" "$KILN" attach "$id"
out_has "run $id goes on" "to that run"
out_has "1 pass" "whose kernel passes"
is "$(submitted)" 1 "in the job that was there"
run 0 "once more" "$KILN" attach "${id%-*}"
out_has "1 pass" "shows the result"
out_lacks "goes on" "and does nothing else"
run 0 "as JSON" "$KILN" attach "$id" --json
is "$(json "$WORK/out" 'j["state"] + " " + j["boots"][0]["verdict"]')" "finished pass" "it is the run's document"
mv "$WORK/kept" "$WORK/linux"

# The lab has nothing free by then but the job itself.
fault long=3
in_lab
end KILL 137 "another kill"
echo "long=3 offline" >"$lab/fault"
run 0 "back without a name, in a lab without a device by now" "$KILN" attach
out_has "1 pass" "follows the job that is there"
is "$(submitted)" 1 "and no other"

# All that a run can be asked for comes back.
fake_source "$WORK/stops" "[    0.000000] Linux version 6.1.99-fake" "@sleep 2" "[    0.1] Kernel panic - not syncing: No working init found." \
	"[    0.1] ---[ end Kernel panic - not syncing ]---" "@hang"
printf '%s\n' CONFIG_EXPERT=y >"$WORK/own.config"
wide=(run --arch fake --config "$WORK/own.config" --toolchain gcc --board paper --option W=1 --cpus 1 --memory 64 --accel tcg --keep-going --jobs 1)
: >"$WORK/begun" # of the run before
"$KILN" "${wide[@]}" --source "$WORK/stops" >"$WORK/begun" 2>&1 &
kiln_pid=$!
until_true 600 grep -q "start boot" "$WORK/begun"
end KILL 137 "a kill in a boot on this host"
rm "$WORK/own.config"
run 1 "its exit status is the run's" env -C "$WORK/elsewhere" "$KILN" attach
out_has "run $(begun) goes on" "the newest unfinished is taken"
out_lacks "start build" "what was built stays"
out_has "Kernel panic" "and the verdict is the same"
run 1 "a finished run that failed" "$KILN" attach "$(begun)"
"$KILN" show "$(begun)" --json >"$WORK/out"
is "$(json "$WORK/out" 'j["request"]["machine"]["memory_mb"], j["request"]["options"], j["request"]["keep_going"]')" "(64, ['W=1'], True)" \
	"the request is as it was"
is "$("$KILN" show --list | wc -l)" 3 "no run was begun by coming back"

# interrupt STATUS NAME MS: Ctrl-C, and how long it may take. Where others load the machine, a second of its time is none.
interrupt() {
	local begin took load
	begin=$(date +%s%N)
	end INT "$1" "$2"
	took=$((($(date +%s%N) - begin) / 1000000))
	read -r load _ </proc/loadavg
	[ "$took" -lt $((${load%.*} < $(nproc) ? $3 : $3 + 10000)) ]
	ok $? "at once ($took ms, load $load)"
}
said() { grep -qF -- "$1" "$WORK/begun.err"; ok $? "$2"; }
cancelled() { requests '/cancel/'; }

# A lab that cannot be asked when its job is come back to.
unreachable() {
	entry_at http://127.0.0.1:1/ paperlab
	run 3 "$1" "$KILN" attach
	err_has "lab paperlab" "is named"
	err_has "run $(begun) stays as it is: kiln attach $(begun) goes on" "and nothing is lost"
	run 0 "kiln show" "$KILN" show
	out_has "kiln attach $(begun)" "says how to come back, too"
	entry paperlab
	run 0 "when it answers again" "$KILN" attach
	out_has "1 pass" "its job is found"
	is "$(submitted)" 1 "which is the only one"
}
fault long=3
in_lab
until_running
end KILL 137 "a kill while a job runs"
unreachable "a lab that cannot be reached"
fault long=3
in_lab --keep-going
until_running
end KILL 137 "a kill of a run that leaves out what it lacks"
unreachable "it does not leave out a lab that has its job"

# A terminal that is closed says so twice: by its shell, and by itself.
fault long=4
in_lab
until_running
kill -HUP "$kiln_pid"
end HUP 130 "a terminal that is closed"
said "in lab paperlab goes on: http://" "is as Ctrl-C"
run 0 "coming back" "$KILN" attach
out_has "1 pass" "finds the job"
is "$(submitted)" 1 "and submits no other"
fault long=2
trap '' HUP
in_lab
trap - HUP
until_running
end HUP 0 "under nohup it is nothing"

# Ctrl-C while a job has all it needs.
fault long=4
in_lab
until_running
interrupt 130 "Ctrl-C while a job runs" 2000
said "in lab paperlab goes on: http://127.0.0.1:$(cat "$lab/port")/scheduler/job/" "says which job is left, and where it is"
said "kiln attach $(begun)" "and how to come back"
is "$(cancelled)" 0 "and cancels nothing"
run 0 "coming back" "$KILN" attach
out_has "1 pass" "finds it"
is "$(submitted)" 1 "and submits no other"

# Ctrl-C while a job still needs the server of artefacts.
fault queued
in_lab
interrupt 130 "Ctrl-C while a job is queued" 2000
said "was cancelled: it still needed files" "cancels it, and says so"
is "$(cancelled)" 1 "in the lab, too"
echo >"$lab/fault"
run 0 "coming back" "$KILN" attach "$(begun)"
out_has "1 pass" "boots it in another job"
out_lacks "infra" "as if the first had not been"
is "$(submitted)" 2 "which is submitted"

# Ctrl-C when a job has just begun: LAVA would distrust the device of one that is cancelled then.
fault unborn=4 long=30
in_lab
until_running
interrupt 130 "Ctrl-C when a job has begun, but no log" 7000
said "was cancelled: it still needed files" "waits for the log, and cancels it then"
is "$(cancelled)" 1 "in the lab, too"
echo >"$lab/fault"
run 0 "coming back" "$KILN" attach
fault unborn=20 long=30
in_lab
until_running
interrupt 130 "Ctrl-C when a job's log does not begin" 11000
said "kiln lab cancel paperlab" "is told of, and how to end the job"
is "$(cancelled)" 0 "which is not cancelled"
echo >"$lab/fault"
run 0 "coming back" "$KILN" attach
out_has "1 pass" "boots it in another job"
is "$(requests "jobs/$id/cancel/")" 1 "and cancels the one that was left"
[ ! -s "$lab/spoiled" ]
ok $? "no device has lost its health by a job that was cancelled too early"

# A lab that does not answer.
fault queued
in_lab
echo "queued slow=20" >"$lab/fault"
sleep 0.5
interrupt 130 "Ctrl-C while a lab is slow" 7000
said "did not say in time" "does not wait for it, and says so"
echo >"$lab/fault"
run 0 "coming back to a job whose files are gone" "$KILN" attach
out_has "1 pass" "boots it in another"
fault queued
in_lab
echo "queued slow=20" >"$lab/fault"
sleep 0.5
kill -INT "$kiln_pid"
until_true 50 grep -q "once more ends at once" "$WORK/begun"
ok $? "the first Ctrl-C says what a second does"
interrupt 130 "which it does" 1500
echo >"$lab/fault"
run 0 "and coming back is the same" "$KILN" attach

# A lab that reads from a store needs nobody.
mkdir "$WORK/store"
python3 -u -m http.server --bind 127.0.0.1 --directory "$WORK/store" 0 >"$WORK/store.log" 2>&1 &
store_pid=$!
fakes+=("$store_pid")
until_true 100 grep -q 'port [0-9]' "$WORK/store.log"
entry storelab "store: :local:$WORK/store" "fetch: http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$WORK/store.log")"
sed -i '/^listen:/d' "$catalog/lab/storelab.yaml"
stored() { find "$WORK/store" -type f | wc -l; }
fault queued
start --runner lava:storelab
until_true 200 grep -q 'GET /api/v0.2/jobs/?id__in' "$lab/requests"
interrupt 130 "Ctrl-C while a job is queued that is fed from a store" 2000
said "goes on: http" "leaves it"
is "$(cancelled)" 0 "and cancels nothing"
is "$(stored)" 2 "what it will fetch stays in the store"
echo >"$lab/fault"
run 0 "coming back" "$KILN" attach
out_has "1 pass" "finds it"
is "$(submitted)" 1 "as it was submitted"
is "$(stored)" 0 "and nothing is left in the store"
finish
